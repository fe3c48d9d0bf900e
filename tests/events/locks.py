"""Holding a run's row on PostgreSQL, to see who waits for it and who does not."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg


@asynccontextmanager
async def locked(url: str, run_id: UUID) -> AsyncGenerator[Callable[..., Awaitable[None]], None]:
    """The row of a run is locked inside; what is given waits until so many are kept waiting by that."""
    connection, looker = await asyncpg.connect(url), await asyncpg.connect(url)

    async def blocked(waiting: int = 1) -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while await looker.fetchval(query) < waiting:
            pass

    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM stepglass.runs WHERE run_id = $1 FOR UPDATE", run_id)
            yield blocked
    finally:
        await connection.close()
        await looker.close()
