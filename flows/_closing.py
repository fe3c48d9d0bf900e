"""The last word: exactly one per run, after every step that was still open or still to come has been accounted for."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from events.contract import (
    Cancelled,
    Complete,
    CompleteData,
    Error,
    ErrorData,
    PlannedStep,
    Problem,
    ReasonData,
    StepError,
    StepErrorData,
    StepSkipped,
    now_ms,
)
from steps._run import Run
from steps.errors import CANCELLED_PROBLEM, StepFailed, leaves

Kind = Literal["complete", "error", "cancelled", "released", "parked", "lost"]

CRASH_LOOP = Problem(
    type="/problems/crash-loop",
    title="The run was given up",
    detail="Three workers in a row were lost while they carried this run, without any progress in between.",
)
TOO_LATE = Problem(
    type="/problems/deadline", title="The run took too long", detail="Its deadline passed before it was finished."
)

LEFT_OUT = Problem(
    type="/problems/left-out", title="The step was left out", detail="The run was complete without this step's result."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended in this process. `released` and `lost` runs go on, or went on, elsewhere, `parked`
    ones later."""

    kind: Kind
    result: JsonValue = None
    problem: Problem | None = None
    failed_step: str | None = None
    steps: list[str] = field(default_factory=list[str])


def problem_of_run(error: BaseException) -> tuple[Problem, str | None]:
    """The problem and the step of the failure that ended a pipeline, out of however many exception groups."""
    for leaf in leaves(error):
        if isinstance(leaf, StepFailed) and leaf.problem is not None:
            return leaf.problem, leaf.step
    return (
        Problem(
            type="/problems/run-failed",
            title="The run failed",
            detail=f"An error that nobody foresaw ({type(leaves(error)[0]).__name__}), outside of any step.",
        ),
        None,
    )


async def close_run(run: Run, plan: list[PlannedStep], outcome: Outcome) -> None:
    """Write the last word, and wait for its commit. Raises `RunLost` when it is not ours to write."""
    duration = max(0, now_ms() - run.journal.queued_ts)
    match outcome.kind:
        case "complete":
            close_steps(run, plan, LEFT_OUT, "The run was complete without it")
            data = CompleteData(result=outcome.result)
            await run.commit(Complete(message="Complete", progress=100.0, duration=duration, data=data))
        case "error":
            assert outcome.problem is not None
            close_steps(run, plan, outcome.problem, f"The run ended: {outcome.problem.title}")
            error = ErrorData(problem=outcome.problem, failed_step=outcome.failed_step)
            await run.commit(Error(message=outcome.problem.title, duration=duration, data=error))
        case "cancelled":
            close_steps(run, plan, CANCELLED_PROBLEM, "The run was cancelled")
            reason = ReasonData(reason="cancelled on request")
            await run.commit(Cancelled(message="Cancelled", duration=duration, data=reason))
        case "released" | "parked" | "lost":
            return


def close_steps(run: Run, plan: list[PlannedStep], problem: Problem, reason: str) -> None:
    """`step_error` for steps that an earlier worker left unfinished, `step_skipped` for those that never began."""
    begun = {step for (step, _, _), past in run.journal.places.items() if past.attempts or past.done}
    for (step, lane, turn), past in run.journal.places.items():
        if past.open or past.waiting:
            data = StepErrorData(problem=problem)
            run.say(
                StepError(step=step, lane=lane, round=turn, attempt=past.attempts, message=problem.title, data=data)
            )
    for planned in plan:
        if planned.step not in begun | run.journal.skipped:
            run.say(StepSkipped(step=planned.step, message="Skipped", data=ReasonData(reason=reason)))
