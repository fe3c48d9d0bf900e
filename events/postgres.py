"""The log on PostgreSQL."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from uuid import UUID

from events._appender import Appender, failed
from events._listener import Listener
from events._packed import SPAN, unpack
from events._pg import Database, Row
from events.contract import Event
from events.errors import NotAllowed
from events.log import OUTSIDERS, Entry

# A log has no hole, so what is wanted is a span of it. Of a row that holds several chunks, `seq` is the last: it may
# stand behind the span, and hold some that are in it.
_READ = f"""
    SELECT seq, first, type, body FROM stepglass.events
    WHERE run_id = $1 AND seq > $2 AND seq < $2 + $3 + {SPAN} AND coalesce(first, seq) <= $2 + $3 ORDER BY seq
"""


class PostgresLog:
    """Appends go through the appender of this process; a reader that waits costs no connection."""

    def __init__(self, database: Database, appender: Appender, listener: Listener) -> None:
        self._database = database
        self._appender = appender
        self._listener = listener

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
            return await self.look(run_id, after, limit)
        # Waiting before looking: what comes between the two is then heard.
        with self._listener.waiting(run_id, after) as waiter:
            entries = await self.look(run_id, after, limit)
            try:
                async with asyncio.timeout(wait):
                    while not entries:
                        await waiter.news.wait()
                        waiter.news.clear()
                        entries = await self.look(run_id, after, limit)
            except TimeoutError:
                return []
        return entries

    async def look(self, run_id: UUID, after: int, limit: int) -> list[Entry]:
        """What is there now."""
        rows = await self._database.read(lambda connection: connection.fetch(_READ, run_id, after, limit))
        if all(row["first"] is None for row in rows):
            return [Entry(run_id, row["seq"], row["type"], row["body"].encode()) for row in rows]
        return sorted(_unpacked(run_id, rows, after, after + limit), key=attrgetter("seq"))


def _unpacked(run_id: UUID, rows: Iterable[Row], after: int, upto: int) -> Iterator[Entry]:
    """The events behind `after`, up to `upto`, as they were before they were packed; not yet in order."""
    for row in rows:
        if row["first"] is None:
            yield Entry(run_id, row["seq"], row["type"], row["body"].encode())
        else:
            yield from (Entry(run_id, seq, row["type"], body) for seq, body in unpack(row["body"], after, upto))
