"""The log on PostgreSQL."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from events._appender import Appender, failed
from events._listener import Listener
from events._looks import Looks
from events.contract import Event
from events.errors import NotAllowed
from events.log import OUTSIDERS, Entry


class PostgresLog:
    """Appends go through the appender of this process; a reader that waits costs no connection."""

    def __init__(self, appender: Appender, listener: Listener, looks: Looks) -> None:
        self._appender = appender
        self._listener = listener
        self._looks = looks

    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        await self._appender.room()
        self._appender.mend(run_id, epoch)
        return await self.submit(run_id, events, epoch=epoch)

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> "asyncio.Future[int]":
        for event in events if epoch is None else ():
            # The store looks again, and whether anyone holds the run.
            if event.type not in OUTSIDERS:
                words = f"'{event.type}' is for the holder of run {run_id} to say: it needs the epoch."
                return failed(NotAllowed(words))
        return self._appender.put(run_id, events, epoch)

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        if wait <= 0:
            return await self._looks.page(run_id, after, limit)
        # Waiting before looking: what comes between the two is then heard. Who has read all that was heard of waits
        # without a look, which would find nothing: it would be half of all looks.
        with self._listener.waiting(run_id, after) as waiter:
            entries = [] if self._listener.ends(run_id, after) else await self._looks.look(run_id, after, limit)
            try:
                async with asyncio.timeout(wait):
                    while not entries:
                        await waiter.news.wait()
                        waiter.news.clear()
                        entries = await self._looks.look(run_id, after, limit)
            except TimeoutError:
                return []
        return entries
