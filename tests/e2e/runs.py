"""Starting runs, waiting for their ends, and what must hold of them."""

import asyncio
from uuid import UUID

from events.contract import RunQueued, RunQueuedData
from events.log import Entry, tail
from events.runs import NewRun
from events.store import Store
from tests import vision
from tests.check_history import ModelCall, check_history
from tests.scripted_model import LoggedCall, ScriptedModelServer


async def start(store: Store) -> UUID:
    queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
    return (await store.runs.accept(NewRun("vision_framework", vision.BRIEF, [queued]))).run_id


async def whole(store: Store, run_id: UUID) -> list[Entry]:
    """The log, once it has its last word."""
    async with asyncio.timeout(60):
        return [entry async for entry in tail(store.log, run_id)]


def check(run_id: UUID, entries: list[Entry], calls: list[LoggedCall]) -> None:
    made = [ModelCall(run_id, call.step or "", call.attempt, call.lane) for call in calls]
    check_history({run_id: entries}, made, max_attempts=3)


def asked(model: ScriptedModelServer, step: str) -> int:
    return len([call for call in model.calls if call.step == step])


async def completed(store: Store, run_id: UUID, steps: set[str]) -> None:
    """Wait until all of these steps have their result in the log."""
    left = set(steps)
    async for entry in tail(store.log, run_id):
        if entry.type == "step_complete" and entry.event:
            left.discard(getattr(entry.event, "step", ""))
        if not left:
            return
