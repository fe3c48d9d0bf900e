"""How far the viewers of an API are behind: a log that is read as ever, with a clock beside those who wait for more."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from events.contract import Event, now_ms
from events.log import Entry, EventLog
from observe.meters import Reading


@dataclass(frozen=True, slots=True)
class TimedStore:
    """As much of a store as a hub needs."""

    log: EventLog


def timed(log: EventLog, reading: Reading | None) -> TimedStore:
    """`log` as it is where nobody wants to know."""
    return TimedStore(log if reading is None else Timed(log, reading.lag.observe))


class Timed:
    """An `EventLog` over another one. `lag` is told the seconds from an event's own time to its being read; of each
    reading that waited for it, the first one's, which is the oldest."""

    def __init__(self, inner: EventLog, lag: Callable[[float], object], clock: Callable[[], int] = now_ms) -> None:
        self._inner, self._lag, self._clock = inner, lag, clock

    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        return await self._inner.append(run_id, events, epoch=epoch)

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> "asyncio.Future[int]":
        return self._inner.submit(run_id, events, epoch=epoch)

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        entries = await self._inner.read(run_id, after, limit=limit, wait=wait)
        if wait > 0 and entries and (event := entries[0].event) is not None:
            self._lag(max(0, self._clock() - event.ts) / 1000)
        return entries
