"""Packing and forgetting on PostgreSQL: one process at a time, on a connection of its own, one small commit by one."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from events._packed import Packed, Row, pack
from events._pg import Database, Session, connect, translated
from events.ids import lowest_uuid7
from events.retention import Swept

CHUNKS = 1_000
"""Chunks that one commit packs, and rows of the history that it removes."""
RUNS = 10
"""Runs that one commit forgets."""

# Any number, for this purpose alone: whoever has it sweeps. It is given back when the connection closes.
_LOCK = "SELECT pg_try_advisory_lock(788370019)"
_OLD = "ended_at < clock_timestamp() - make_interval(secs => $1) AND compacted_at IS NULL"
_NEXT = f"SELECT run_id FROM stepglass.run_totals WHERE {_OLD} ORDER BY ended_at LIMIT 1"
_CHUNKS = """
    SELECT seq, epoch, body FROM stepglass.events
    WHERE run_id = $1 AND seq > $2 AND type = 'model_chunk' AND first IS NULL ORDER BY seq LIMIT $3
"""
_COMPACT = "SELECT stepglass.compact($1, $2, $3, $4, $5)"
_COMPACTED = "UPDATE stepglass.run_totals SET compacted_at = clock_timestamp() WHERE run_id = $1"
_FORGET = "SELECT stepglass.forget($1, $2, $3)"
_FORGETTABLE = """
    SELECT count(*) FROM stepglass.runs r WHERE r.run_id < $2 AND r.created_at < $1 AND stepglass.ended(r.status)
        AND NOT EXISTS (SELECT 1 FROM stepglass.versions v WHERE v.run_id = r.run_id AND v.made_at >= $1)
"""
# Not the last one of a tenant: where the feed ends is known by it.
_TOLD = """
    DELETE FROM stepglass.changes c WHERE c.gone_at < clock_timestamp() - interval '1 day'
        AND EXISTS (SELECT 1 FROM stepglass.changes n WHERE n.tenant = c.tenant AND n.number > c.number)
"""


class PostgresRetention:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(
        self, *, compact_after: float, keep_days: float | None = None, pause: float = 0.05, dry_run: bool = False
    ) -> Swept | None:
        with translated():
            async with self._alone() as connection:
                if connection is None:
                    return None
                sweep = _Sweep(connection, compact_after, keep_days, pause)
                return await (sweep.count() if dry_run else sweep.all())

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator["Session | None", None]:
        connection = await connect(self._database.dsn)
        try:
            yield connection if await connection.fetchval(_LOCK) else None
        finally:
            connection.terminate()


class _Sweep:
    """What is done while the lock is ours. Forgetting comes first: what goes need not be packed."""

    def __init__(self, connection: Session, compact_after: float, keep_days: float | None, pause: float) -> None:
        self._connection = connection
        self._compact_after, self._keep_days, self._pause = compact_after, keep_days, pause
        self.swept = Swept()

    async def all(self) -> Swept:
        if (before := await self._before()) is not None:
            forgotten = await self._again(RUNS, lambda: self._fetch(_FORGET, before, lowest_uuid7(before), RUNS))
            self.swept = replace(self.swept, forgotten=forgotten)
        await self._connection.execute(_TOLD)
        trimmed = await self._again(CHUNKS, lambda: self._fetch("SELECT stepglass.trim_history($1)", CHUNKS))
        self.swept = replace(self.swept, durations=trimmed)
        while (run_id := await self._connection.fetchval(_NEXT, self._compact_after)) is not None:
            await self._compact(UUID(str(run_id)))
        return self.swept

    async def count(self) -> Swept:
        count = f"SELECT count(*) FROM stepglass.run_totals WHERE {_OLD}"
        compacted, before = await self._fetch(count, self._compact_after), await self._before()
        forgotten = 0 if before is None else await self._fetch(_FORGETTABLE, before, lowest_uuid7(before))
        return Swept(compacted=compacted, forgotten=forgotten)

    async def _before(self) -> datetime | None:
        """The moment before which runs are too old, by the database's clock."""
        if self._keep_days is None:
            return None
        now: datetime = await self._connection.fetchval("SELECT clock_timestamp()")
        return now - timedelta(days=self._keep_days)

    async def _again(self, most: int, some: Callable[[], Awaitable[int]]) -> int:
        """`some`, as long as it finds as many as it may take. How many it were."""
        total = 0
        while True:
            done = await some()
            total += done
            if done < most:
                return total
            await asyncio.sleep(self._pause)

    async def _compact(self, run_id: UUID) -> None:
        after = 0
        while rows := await self._connection.fetch(_CHUNKS, run_id, after, CHUNKS):
            chunks: list[Row] = [(row["seq"], row["epoch"], row["body"]) for row in rows]
            # In a thread: whoever shares this loop carries runs.
            packed = await asyncio.to_thread(pack, chunks)
            if packed and not await self._store(run_id, packed):
                return
            self._note(chunks, packed)
            after = chunks[-1][0]
            await asyncio.sleep(self._pause)
        await self._connection.execute(_COMPACTED, run_id)
        self.swept = replace(self.swept, compacted=self.swept.compacted + 1)

    async def _store(self, run_id: UUID, packed: list[Packed]) -> bool:
        columns = ([each.seq for each in packed], [each.first for each in packed], [each.body for each in packed])
        gone = [seq for each in packed for seq in each.gone]
        return bool(await self._connection.fetchval(_COMPACT, run_id, *columns, gone))

    def _note(self, chunks: list[Row], packed: list[Packed]) -> None:
        bodies = {seq: len(body.encode()) for seq, _, body in chunks}
        before = sum(bodies.values())
        for each in packed:
            for seq in each.gone:
                del bodies[seq]
            bodies[each.seq] = len(each.body.encode())
        swept = self.swept
        self.swept = replace(
            swept,
            rows_before=swept.rows_before + len(chunks),
            rows_after=swept.rows_after + len(bodies),
            bytes_before=swept.bytes_before + before,
            bytes_after=swept.bytes_after + sum(bodies.values()),
        )

    async def _fetch(self, query: str, *arguments: object) -> int:
        return await self._connection.fetchval(query, *arguments)
