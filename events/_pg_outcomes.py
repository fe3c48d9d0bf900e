"""What came of many runs, on PostgreSQL."""

from collections.abc import Collection
from uuid import UUID

from events._pg import Database
from events.log import Entry
from events.outcomes import Spent
from events.view import RunView

_PARTS = """
    SELECT seq, type, body FROM stepglass.events
    WHERE run_id = $1 AND seq > $3 AND type IN ('partial', 'partial_withdrawn')
        AND EXISTS (SELECT 1 FROM stepglass.runs WHERE run_id = $1 AND tenant = $2)
    ORDER BY seq LIMIT $4
"""
# Nothing stands behind a last word.
_LAST = """
    SELECT e.run_id, e.seq, e.type, e.body
    FROM stepglass.runs r JOIN stepglass.events e ON e.run_id = r.run_id AND e.seq = r.tail_seq
    WHERE r.run_id = ANY ($1) AND r.tenant = $2 AND stepglass.ended(r.status)
"""
_VIEWS = "SELECT run_id, view FROM stepglass.runs WHERE run_id = ANY ($1) AND tenant = $2"
_SPENT = """
    SELECT sum(t.cost_usd) AS usd, coalesce(bool_and(t.cost_complete), true) AS complete
    FROM stepglass.runs r JOIN stepglass.run_totals t USING (run_id)
    WHERE r.about = $1 AND r.tenant = $2
"""


class PostgresOutcomes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def parts(self, run_id: UUID, tenant: str, after: int = 0, *, limit: int = 1000) -> list[Entry]:
        rows = await self._database.read(lambda connection: connection.fetch(_PARTS, run_id, tenant, after, limit))
        return [Entry(run_id, row["seq"], row["type"], row["body"].encode()) for row in rows]

    async def last_words(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, Entry]:
        rows = await self._database.read(lambda connection: connection.fetch(_LAST, list(run_ids), tenant))
        found = ((UUID(str(row["run_id"])), row) for row in rows)
        return {run_id: Entry(run_id, row["seq"], row["type"], row["body"].encode()) for run_id, row in found}

    async def views(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, RunView]:
        rows = await self._database.read(lambda connection: connection.fetch(_VIEWS, list(run_ids), tenant))
        return {UUID(str(row["run_id"])): RunView.model_validate_json(row["view"]) for row in rows}

    async def spent_about(self, run_id: UUID, tenant: str) -> Spent:
        row = await self._database.read(lambda connection: connection.fetchrow(_SPENT, run_id, tenant))
        assert row is not None
        return Spent(row["usd"], row["complete"])
