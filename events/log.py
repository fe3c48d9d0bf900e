"""The one way in and the one way out of a run's story: append at the end, read from a position.

`tail` is written once, on top of `read`: there is no subscribing beside reading, so nothing can fall between "what
happened so far" and "what happens next".
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import ValidationError

from events.contract import EVENT, LAST_WORDS, VERSION, Event

OUTSIDERS = frozenset({"cancel_requested", "input_received", "run_paused", "run_unpaused", "cancelled"})
"""What may be appended without an epoch: `cancelled` where nobody holds the run; `run_queued` comes with `accept`."""


@lru_cache(maxsize=256)
def _opening(run_id: UUID) -> bytes:
    """How each line of a run begins: to write an id takes longer than the rest of it."""
    return b'{"v":%d,"run_id":"%b","seq":' % (VERSION, str(run_id).encode())


class Entry(NamedTuple):
    """One stored event. `body` is its JSON as it was encoded once; viewers get `line`, made of the same bytes.

    A tuple, because a frozen dataclass takes three times as long to make, and long logs have many.
    """

    run_id: UUID
    seq: int
    type: str
    body: bytes

    @property
    def line(self) -> bytes:
        """The flat JSON object of the contract, on one line, without a line end."""
        return b"%b%d,%b" % (_opening(self.run_id), self.seq, self.body[1:])

    @property
    def final(self) -> bool:
        return self.type in LAST_WORDS

    @property
    def event(self) -> Event | None:
        """The typed event, or None for a type or shape that this version does not know yet."""
        try:
            return EVENT.validate_json(self.body)
        except ValidationError:
            return None


def encode(event: Event) -> bytes:
    """An event as it is stored: one line of JSON, nulls left out. Encoded once in its life."""
    return event.model_dump_json(exclude_none=True).encode()


class EventLog(Protocol):
    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        """Store `events` at the end of the run, all or none, and return the `seq` of the last one, when committed.

        With `epoch` as the holder of the run; without, only what the contract lets an outsider append.
        Raises `Fenced` (another holds the run now), `RunEnded` (it has its last word), `UnknownRun`,
        `StoreUnavailable` (nothing is known to be stored; append again after reading the tail).
        """
        ...

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> "asyncio.Future[int]":
        """`append` without waiting: the future resolves when committed, or raises what `append` raises.

        Of one run, what is submitted first is stored first. Adjacent `model_chunk`s that wait may be merged into one.
        """
        ...

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        """Entries with `seq` > `after`, in order, at most `limit`; when there are none, waits up to `wait` seconds."""
        ...


async def tail(log: EventLog, run_id: UUID, after: int = 0) -> AsyncIterator[Entry]:
    """Every entry after `after`, as it comes, ending behind the last word."""
    while True:
        for entry in await log.read(run_id, after, wait=15):
            yield entry
            if entry.final:
                return
            after = entry.seq
