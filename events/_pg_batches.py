"""What a batch asks of the runs of its items, on PostgreSQL: one question for all of them, whenever one has ended."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from events._listener import LOOK_EVERY, Listener
from events._pg import Database, Row
from events.batches import Member
from events.view import RunView

_COLUMNS = "run_id, status, about, CASE WHEN status IN ('error', 'cancelled') THEN view END AS view"
_KEYED = f"SELECT idem_key, {_COLUMNS} FROM stepglass.runs WHERE tenant = $1 AND idem_key = ANY ($2)"
_ENDED = f"SELECT {_COLUMNS} FROM stepglass.runs WHERE run_id = ANY ($1) AND stepglass.ended(status)"
# From the live ones, which are few and stand in an index of their own, to what they are about, one by one: who begins
# with batches that have ended goes through all that there ever were, and through all of their runs.
_ORPHANS = """
    SELECT run_id, tenant FROM stepglass.runs r
    WHERE about IS NOT NULL AND status NOT IN ('complete', 'error', 'cancelled') AND NOT cancel_requested
        AND (SELECT pipeline = $1 AND stepglass.ended(status) FROM stepglass.runs b
            WHERE b.run_id = r.about AND b.tenant = r.tenant)
    ORDER BY run_id LIMIT $2
"""


class PostgresBatches:
    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener

    async def keyed(self, tenant: str, keys: Collection[str]) -> dict[str, Member]:
        rows = await self._database.read(lambda connection: connection.fetch(_KEYED, tenant, list(keys)))
        return {row["idem_key"]: _member(row) for row in rows}

    async def ended(self, batch: UUID, run_ids: Collection[UUID], *, wait: float = 0) -> list[Member]:
        # Listening before looking: what ends between the two is then heard.
        with self._listener.ending(batch) as news, suppress(TimeoutError):
            async with asyncio.timeout(max(wait, 0.0) or None):
                while True:
                    news.clear()
                    if (found := await self._ended(run_ids)) or wait <= 0:
                        return found
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY):
                            await news.wait()
        return []

    async def orphans(self, pipeline: str, limit: int = 100) -> list[tuple[UUID, str]]:
        rows = await self._database.read(lambda connection: connection.fetch(_ORPHANS, pipeline, limit))
        return [(UUID(str(row["run_id"])), row["tenant"]) for row in rows]

    async def _ended(self, run_ids: Collection[UUID]) -> list[Member]:
        rows = await self._database.read(lambda connection: connection.fetch(_ENDED, list(run_ids)))
        return [_member(row) for row in rows]


def _member(row: Row) -> Member:
    problem = None if row["view"] is None else RunView.model_validate_json(row["view"]).problem
    about = None if row["about"] is None else UUID(str(row["about"]))
    return Member(UUID(str(row["run_id"])), row["status"], about, problem)
