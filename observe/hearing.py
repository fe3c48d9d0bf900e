"""A log with somebody who listens: whoever writes to it is heard, once it is committed, and notices nothing of it.

All that there is to be measured in a worker is an event, so that no step and no pipeline has to know of this room.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from events.contract import (
    LAST_WORDS,
    Event,
    ModelChunk,
    RunQueued,
    RunStart,
    StepComplete,
    StepError,
    StepEvent,
    StepRetry,
    StepStart,
)
from events.log import Entry, EventLog

log = logging.getLogger("stepglass.observe")

REMEMBERED = 5_000
"""Runs of which something is remembered: more than a worker carries."""

Place = tuple[str, str | None, int | None, int]
"""Step, lane, round, attempt."""


@dataclass(slots=True)
class Facts:
    """What is known of a run beside the event that is heard. Times are those of events, in ms. `started` are the
    attempts that are open, `wrote` those that have begun to write."""

    run_id: UUID
    pipeline: str = "unknown"
    queued_at: int | None = None
    started: dict[Place, int] = field(default_factory=dict[Place, int])
    wrote: set[Place] = field(default_factory=set[Place])

    def attempt_of(self, event: StepEvent) -> Place:
        """Where the attempt stands that says this: it may speak in lanes and turns inside of it."""
        place = place_of(event)
        around = [each for each in self.started if (each[0], each[3]) == (event.step, event.attempt)]
        return around[0] if place not in self.started and len(around) == 1 else place

    def over(self, event: StepEvent) -> None:
        """The attempt is not open any more."""
        self.started.pop(place_of(event), None)
        self.wrote.discard(place_of(event))


class Ear(Protocol):
    def hear(self, run: Facts, event: Event) -> None:
        """`event` is stored. Of the pieces of text that an attempt writes, only the first one is told."""
        ...


def place_of(event: StepEvent) -> Place:
    return event.step, event.lane, event.round, event.attempt


class Heard:
    """An `EventLog` over another one."""

    def __init__(self, inner: EventLog, ears: Sequence[Ear]) -> None:
        self._inner = inner
        self._ears = ears
        self._facts: OrderedDict[UUID, Facts] = OrderedDict()

    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        last = await self._inner.append(run_id, events, epoch=epoch)
        self._tell(run_id, events)
        return last

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> "asyncio.Future[int]":
        said = self._inner.submit(run_id, events, epoch=epoch)
        if any(self._news(run_id, event) for event in events):

            def stored(future: "asyncio.Future[int]") -> None:
                if not future.cancelled() and future.exception() is None:
                    self._tell(run_id, events)

            said.add_done_callback(stored)
        return said

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        entries = await self._inner.read(run_id, after, limit=limit, wait=wait)
        # Who takes a run over reads its log first: that is how we know what it is.
        if after == 0 and entries and isinstance(queued := entries[0].event, RunQueued):
            facts = self._of(run_id)
            facts.pipeline, facts.queued_at = queued.data.pipeline, queued.ts
        return entries

    def _news(self, run_id: UUID, event: Event) -> bool:
        """Pieces of text come by the thousand: of an attempt, one is enough."""
        if not isinstance(event, ModelChunk):
            return True
        facts = self._of(run_id)
        place = facts.attempt_of(event)
        if place in facts.wrote:
            return False
        facts.wrote.add(place)
        return True

    def _tell(self, run_id: UUID, events: Sequence[Event]) -> None:
        facts = self._of(run_id)
        for event in events:
            if isinstance(event, RunStart):
                facts.pipeline = event.data.pipeline
            elif isinstance(event, StepStart):
                facts.started[place_of(event)] = event.ts
            for ear in self._ears:
                try:
                    ear.hear(facts, event)
                except Exception:
                    log.exception("an event of run %s was not counted", run_id)
            if isinstance(event, StepComplete | StepRetry | StepError):
                facts.over(event)
            if event.type in LAST_WORDS:
                self._facts.pop(run_id, None)

    def _of(self, run_id: UUID) -> Facts:
        facts = self._facts.get(run_id)
        if facts is None:
            facts = self._facts[run_id] = Facts(run_id)
            if len(self._facts) > REMEMBERED:
                self._facts.popitem(last=False)
        return facts
