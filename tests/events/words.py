"""Short words for telling the store a story."""

from typing import Any
from uuid import UUID

from pydantic import JsonValue

from events.contract import (
    ByData,
    CancelRequested,
    Complete,
    CompleteData,
    Event,
    ModelChunk,
    ModelChunkData,
    Partial,
    PartialData,
    PlannedStep,
    Reused,
    RunQueued,
    RunQueuedData,
    RunStart,
    RunStartData,
    StepComplete,
    StepCompleteData,
    StepStart,
)
from events.log import EventLog
from events.runs import Claim, NewRun
from events.store import Store

LAST = Complete(data=CompleteData(result={"ok": True}))
OUTSIDE = CancelRequested(data=ByData(by="test"))
PLAN = [PlannedStep(step="brief", label="Generate brief"), PlannedStep(step="qa", label="Run QA", after=["brief"])]


def new(pipeline: str = "vision", *, value: JsonValue = None, key: str | None = None, **more: Any) -> NewRun:
    first: list[Event] = [RunQueued(data=RunQueuedData(pipeline=pipeline))]
    return NewRun(pipeline, value or {"name": "Ada"}, first, idempotency_key=key, **more)


def opened() -> RunStart:
    return RunStart(data=RunStartData(pipeline="vision", plan=PLAN))


def start(step: str = "brief", attempt: int = 1) -> StepStart:
    return StepStart(step=step, attempt=attempt)


def chunk(text: str, step: str = "brief", **more: Any) -> ModelChunk:
    return ModelChunk(step=step, data=ModelChunkData(text=text), **more)


def complete(step: str = "brief", result: JsonValue = "done", *, duration: int = 40, reused: str = "") -> StepComplete:
    data = StepCompleteData(result=result, reused=Reused(run_id=reused) if reused else None)
    return StepComplete(step=step, duration=duration, data=data)


def checkpoint(path: str = "/vision", input_hash: str | None = "abc") -> Partial:
    return Partial(step="brief", data=PartialData(path=path, value="x", input_hash=input_hash))


async def held(store: Store, holder: str = "worker", **more: Any) -> Claim:
    """A run that `holder` has claimed."""
    accepted = await store.runs.accept(new(**more))
    claim = await store.runs.claim(holder, run_id=accepted.run_id)
    assert claim is not None
    return claim


async def story(log: EventLog, run_id: UUID) -> list[str]:
    """The types of everything that happened."""
    return [entry.type for entry in await log.read(run_id, limit=100_000)]


async def text(log: EventLog, run_id: UUID) -> str:
    """Every `model_chunk`, joined."""
    events = [entry.event for entry in await log.read(run_id, limit=100_000)]
    return "".join(event.data.text for event in events if isinstance(event, ModelChunk))
