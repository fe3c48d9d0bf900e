"""The first words of whoever takes a run: it starts, or it goes on where the one before left off."""

from uuid import UUID

from events.contract import PlannedStep, ReasonData, RunResumed, RunStart, RunStartData, StepRetry, StepRetryData
from events.log import Entry, EventLog
from flows._pipeline import Pipeline
from steps._journal import Journal
from steps._run import Run
from steps.errors import LOST_PROBLEM, SET_ASIDE_PROBLEM


async def read_all(log: EventLog, run_id: UUID, tail: int | None = None) -> list[Entry]:
    """The whole log so far, a page at a time. Who knows its `tail` is spared the question for more."""
    entries: list[Entry] = []
    while page := await log.read(run_id, entries[-1].seq if entries else 0):
        entries += page
        if tail is not None and entries[-1].seq >= tail:
            break
    return entries


def open_run(run: Run, pipeline: Pipeline, plan: list[PlannedStep], reason: str) -> None:
    """`run_start`, or `run_resumed` and the text of every attempt that broke off withdrawn.

    Nobody waits for them: the first step commits its own beginning behind them, and a run that is lost ends there.
    """
    if not run.journal.started:
        data = RunStartData(pipeline=pipeline.name, plan=plan)
        run.say(RunStart(message=f"{pipeline.label}: started", progress=run.pace.percent(), data=data))
        return
    run.say(RunResumed(message=reason, data=ReasonData(reason=reason)))
    for event in withdrawals(run.journal):
        run.say(event)
    for past in run.journal.places.values():
        past.waiting, past.open = past.open or past.waiting, False


def withdrawals(journal: Journal) -> list[StepRetry]:
    """A `step_retry` for every attempt that was open when its worker let go of the run. That uses up no retry."""
    problem = SET_ASIDE_PROBLEM if journal.called_back else LOST_PROBLEM
    return [
        StepRetry(
            step=step,
            lane=lane,
            round=turn,
            attempt=past.attempts,
            message=problem.title,
            data=StepRetryData(problem=problem, next_attempt_in_ms=0, supersedes=past.text),
        )
        for (step, lane, turn), past in journal.places.items()
        if past.open
    ]
