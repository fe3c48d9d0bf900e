"""The feed of changed runs on PostgreSQL. In which order numbers become visible is seen to where they are given
(`stepglass.note_changes`)."""

import asyncio
from contextlib import suppress

from events._listener import LOOK_EVERY, Listener
from events._pg import Database, Row
from events.changes import Change
from events.fold import opening
from events.view import RunView

READ = """
    SELECT c.number, c.run_id, r.view, r.tail_seq FROM stepglass.changes c LEFT JOIN stepglass.runs r USING (run_id)
    WHERE c.tenant = $1 AND c.number > $2 ORDER BY c.number LIMIT $3
"""
_MARK = "SELECT number FROM stepglass.changes WHERE tenant = $1 {} ORDER BY number DESC OFFSET $2 LIMIT 1"
_LAST = _MARK.format("")
# Who begins with the last runs wants to see runs, not that some are gone.
_BACK = _MARK.format("AND gone_at IS NULL")


class PostgresChanges:
    """A reader that waits costs no connection: it is woken, and looks every second where that got lost."""

    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener

    async def read(self, tenant: str, after: int = 0, *, limit: int = 100, wait: float = 0) -> list[Change]:
        changes = await self._fetch(tenant, after, limit)
        if changes or wait <= 0:
            return changes
        with self._listener.changing(tenant) as news, suppress(TimeoutError):
            async with asyncio.timeout(wait):
                # Read once more before waiting: it may have come while nobody listened for us.
                while not (changes := await self._fetch(tenant, after, limit)):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY):
                            await news.wait()
                    news.clear()
        return changes

    async def mark(self, tenant: str, back: int = 0) -> int:
        query = _BACK if back else _LAST
        return await self._database.read(lambda connection: connection.fetchval(query, tenant, back)) or 0

    async def _fetch(self, tenant: str, after: int, limit: int) -> list[Change]:
        rows = await self._database.read(lambda connection: connection.fetch(READ, tenant, after, limit))
        return [_change(row) for row in rows]


def _change(row: Row) -> Change:
    if row["view"] is None:
        return Change(row["number"], opening(str(row["run_id"])), gone=True)
    view = RunView.model_validate_json(row["view"])
    return Change(row["number"], view.model_copy(update={"tail_seq": row["tail_seq"]}))
