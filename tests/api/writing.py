"""A worker for tests: it claims a run and writes a story into its log, at once or event by event."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from events.contract import Event, RunQueued, RunQueuedData
from events.log import Entry
from events.runs import DEFAULT_TENANT, NewRun
from events.store import Store
from tests.histories import Story

# What an outsider says goes into the log without an epoch.
OUTSIDE = ("input_received", "run_paused", "run_unpaused", "cancel_requested")


@dataclass(frozen=True, slots=True)
class Writer:
    """Holds a run until its last word."""

    store: Store
    run_id: UUID
    epoch: int

    async def write(self, events: Sequence[Event]) -> None:
        for event in events:
            await self.write_one(event)

    async def write_one(self, event: Event) -> int:
        epoch = None if event.type in OUTSIDE else self.epoch
        return await self.store.log.append(self.run_id, [event], epoch=epoch)


async def accept(
    store: Store,
    *,
    tenant: str = DEFAULT_TENANT,
    pipeline: str = "vision_framework",
    key: str | None = None,
    input: JsonValue = None,
    about: UUID | None = None,
    title: str | None = None,
) -> UUID:
    """A run that somebody wants, and nobody holds."""
    first = [RunQueued(data=RunQueuedData(pipeline=pipeline, title=title))]
    given: JsonValue = {"a": 1} if input is None else input
    new = NewRun(pipeline, given, first, tenant, idempotency_key=key, about=about)
    return (await store.runs.accept(new)).run_id


async def hold(store: Store, run_id: UUID, lease: float = 60) -> Writer:
    claim = await store.runs.claim("test writer", run_id=run_id, lease=lease)
    assert claim is not None, f"nobody may take {run_id}"
    return Writer(store, run_id, claim.epoch)


async def told(store: Store, story: Story, **more: Any) -> UUID:
    """A run whose log is `story`; `more` as `accept` takes it."""
    run_id = await accept(store, **more)
    await (await hold(store, run_id)).write(rest_of(story))
    return run_id


def rest_of(story: Story) -> list[Event]:
    """What a worker says of a story: all but its beginning, which came with the run."""
    return story.events[1:]


async def log_of(store: Store, run_id: UUID) -> list[Entry]:
    return await store.log.read(run_id, limit=10_000)


async def started_with(store: Store, key: str, within: float = 5) -> UUID:
    """The run that somebody is about to start with this idempotency key; a process of its own begins slowly."""
    async with asyncio.timeout(within):
        while (run_id := await store.runs.find(DEFAULT_TENANT, key)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return run_id
