"""What a run that does another again may take over of steps that the other did not finish: their checkpoints.

They are read from the other's log, and told in the new run's own as soon as the step gets to them.
"""

from collections.abc import Sequence
from uuid import UUID

from events.contract import Partial, PartialWithdrawn, RunQueued, StepComplete, StepStart
from events.log import Entry, EventLog
from flows._opening import read_all
from steps._journal import Checkpoints, Journal

GENERATIONS = 20
"""Retries of retries that are looked through: one that failed early has nothing to hand on of the steps behind."""


async def inherited(log: EventLog, entries: Sequence[Entry], models: str | None) -> Checkpoints:
    """The checkpoints that the runs before this one leave to it, by step, path and hash of the inputs."""
    found: Checkpoints = {}
    closed: set[str] = set()
    source = forked_from(entries)
    for _ in range(GENERATIONS):
        if source is None:
            break
        before = await read_all(log, source)
        # A step belongs to the last run that began it: what it finished is taken over whole, or to be done anew.
        found |= {key: value for key, value in left_by(before, models).items() if key[0] not in closed}
        closed |= begun(before)
        source = forked_from(before)
    return found


def forked_from(entries: Sequence[Entry]) -> UUID | None:
    queued = entries[0].event if entries else None
    named = queued.data.forked_from if isinstance(queued, RunQueued) else None
    return None if named is None else UUID(named)


def begun(entries: Sequence[Entry]) -> set[str]:
    events = (entry.event for entry in entries if entry.type in ("step_start", "step_complete"))
    return {event.step for event in events if isinstance(event, StepStart | StepComplete)}


def left_by(entries: Sequence[Entry], models: str | None) -> Checkpoints:
    """Those that hold, of steps that are not complete, made with the same models."""
    found: Checkpoints = {}
    done = Journal.of(entries).finished()  # a step in several rounds or lanes is, when all of them are
    for event in (entry.event for entry in entries if entry.type.startswith("partial")):
        match event:
            case Partial(step=step, data=data) if data.input_hash and data.models == models:
                found[step, data.path, data.input_hash] = data.value
            case PartialWithdrawn(step=step, data=data):
                found = {key: value for key, value in found.items() if key[:2] != (step, data.path)}
            case _:
                pass
    return {key: value for key, value in found.items() if key[0] not in done}
