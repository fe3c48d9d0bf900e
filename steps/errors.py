"""How a step says that it failed, and what a viewer is told of any failure.

StepFailed      the step knows what is wrong; `retryable` says whether another attempt can help
├── OverBudget  the run, or its tenant today, has spent what it may, or nobody can tell
└── Unanswered  nobody answered what the run asked, and there is no default
DeadlinePassed  the run's time was up while the step was at work
RunLost         this process may not write to the run any more; nothing else is said by it
"""

import logging

from events.contract import Problem, ProblemError
from llm.errors import ModelError

log = logging.getLogger("stepglass.steps")

STEP_FAILED = "/problems/step-failed"
MODEL_FAILED = "/problems/model-failed"
TIMED_OUT = "/problems/step-timed-out"
DEADLINE = "/problems/deadline"
CANCELLED = "/problems/cancelled"
WORKER_LOST = "/problems/worker-lost"
SET_ASIDE = "/problems/set-aside"
BUDGET_EXCEEDED = "/problems/budget-exceeded"
BUDGET_UNKNOWN = "/problems/budget-unknown"
DAY_SPENT = "/problems/day-is-spent"
UNANSWERED = "/problems/unanswered"


class StepFailed(Exception):
    """A step that cannot give its result: `title`, `detail` for a person, and the violations, each with its place."""

    def __init__(
        self, title: str, detail: str, *, errors: list[ProblemError] | None = None, retryable: bool = False
    ) -> None:
        super().__init__(detail)
        self.title = title
        self.detail = detail
        self.errors = errors
        self.retryable = retryable
        self.step: str | None = None  # filled in by the engine
        self.problem: Problem | None = None


class OverBudget(StepFailed):
    """No call may be made any more. `problem` says what was spent, and of how much."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title, problem.detail)
        self.problem = problem


class Unanswered(StepFailed):
    """Nobody answered in time."""

    def __init__(self, detail: str) -> None:
        super().__init__("Nobody answered in time", detail)
        self.problem = Problem(type=UNANSWERED, title=self.title, detail=detail)


class DeadlinePassed(TimeoutError):
    """It is the run whose time was up, not the step's: another attempt has none either."""


class RunLost(Exception):
    """Somebody else holds the run, or it has ended: stop the work and say no more."""


def leaves(error: BaseException) -> list[BaseException]:
    """The exceptions inside nested groups, in order."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return [leaf for each in inner for leaf in leaves(each)] or [error]


def cause_of(error: Exception) -> Exception:
    """What a step failed of: of a group the first that another attempt cannot help, or else the first."""
    each = [leaf for leaf in leaves(error) if isinstance(leaf, Exception)] or [error]
    return next((leaf for leaf in each if not retryable(leaf)), each[0])


def retryable(error: BaseException) -> bool:
    """Can another attempt help? Errors that nobody foresaw are not tried again: they would be again."""
    if isinstance(error, ModelError | StepFailed):
        return error.retryable
    return isinstance(error, TimeoutError) and not isinstance(error, DeadlinePassed)


def problem_of(error: BaseException, step: str) -> Problem:
    """What viewers may read of an error: never a prompt, a key, a path or a trace. Those go to the operator's log."""
    match error:
        case StepFailed(problem=Problem() as problem):
            return problem
        case StepFailed():
            return Problem(type=STEP_FAILED, title=error.title, detail=error.detail, errors=error.errors)
        case ModelError():
            return Problem(type=MODEL_FAILED, title=error.title, detail=error.detail)
        case DeadlinePassed():
            return Problem(type=DEADLINE, title="The run took too long", detail=str(error))
        case TimeoutError():
            return Problem(type=TIMED_OUT, title="The step took too long", detail=str(error) or "Its time was up.")
        case _:
            log.error("step %s failed unexpectedly", step, exc_info=error)
            return Problem(
                type=STEP_FAILED,
                title="The step failed",
                detail=f"An error that nobody foresaw ({type(error).__name__}). The operator's log has the rest.",
            )


CANCELLED_PROBLEM = Problem(type=CANCELLED, title="cancelled", detail="The run was cancelled.")
STOPPED_PROBLEM = Problem(
    type=CANCELLED, title="cancelled", detail="This step was stopped because another one failed, or time was up."
)
LOST_PROBLEM = Problem(
    type=WORKER_LOST,
    title="The worker was lost",
    detail="Another worker took the run over; what this attempt had written is withdrawn.",
)

SET_ASIDE_PROBLEM = Problem(
    type=SET_ASIDE,
    title="The run was set aside",
    detail="It waited for somebody while this step waited for another one; what is finished is kept.",
)
