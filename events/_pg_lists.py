"""Looking runs up on PostgreSQL, one by one and in pages, and what is remembered beside them."""

import json
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue

from events import runs
from events._commit import caught_up
from events._pg import Connection, Row
from events.contract import Expected
from events.errors import UnknownRun
from events.ids import lowest_uuid7
from events.runs import Header, Page, Prefect
from events.view import RunView

# The steps of a pipeline one by one through the index, then the latest of each: not a scan of all there ever was.
_HISTORY = """
    WITH RECURSIVE steps AS (
        (SELECT step FROM stepglass.step_history WHERE tenant = $1 AND pipeline = $2 AND profile = $3
            ORDER BY step LIMIT 1)
        UNION ALL
        SELECT (SELECT h.step FROM stepglass.step_history h
            WHERE h.tenant = $1 AND h.pipeline = $2 AND h.profile = $3 AND h.step > steps.step ORDER BY h.step LIMIT 1)
        FROM steps WHERE steps.step IS NOT NULL
    )
    SELECT steps.step, count(*) AS n,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY latest.duration_ms) AS p50,
        percentile_disc(0.9) WITHIN GROUP (ORDER BY latest.duration_ms) AS p90
    FROM steps CROSS JOIN LATERAL (
        SELECT duration_ms FROM stepglass.step_history h
        WHERE h.tenant = $1 AND h.pipeline = $2 AND h.profile = $3 AND h.step = steps.step
        ORDER BY finished_at DESC LIMIT 100
    ) latest
    GROUP BY steps.step
"""
# Between, so that the tenant counts in the order, which only an index of its runs has. A plan that is made once for all
# tenants would else go through the runs of everybody, newest first, to find the three of a small one.
_PAGE = """
    SELECT run_id, view, tail_seq FROM stepglass.runs
    WHERE tenant BETWEEN $1 AND $1 {} ORDER BY tenant, run_id DESC LIMIT $2
"""


async def _one(connection: Connection, columns: str, run_id: UUID, tenant: str) -> Row:
    query = f"SELECT {columns} FROM stepglass.runs WHERE run_id = $1 AND tenant = $2"
    row = await connection.fetchrow(query, run_id, tenant)
    if row is None:
        raise UnknownRun(f"There is no run {run_id}.")
    return row


async def view(connection: Connection, run_id: UUID, tenant: str) -> RunView:
    row = await _one(connection, "view, tail_seq", run_id, tenant)
    return await caught_up(connection, run_id, row["view"], row["tail_seq"])


async def header(connection: Connection, run_id: UUID, tenant: str) -> Header:
    columns = "pipeline, about, created_at, prefect, prefect_flow_run_id AS flow_run, holder"
    row = await _one(connection, columns, run_id, tenant)
    about, flow_run = (None if row[name] is None else UUID(str(row[name])) for name in ("about", "flow_run"))
    return Header(run_id, tenant, row["pipeline"], about, row["created_at"], row["prefect"], flow_run, row["holder"])


async def input(connection: Connection, run_id: UUID, tenant: str) -> JsonValue:
    row = await _one(connection, "input", run_id, tenant)
    return json.loads(row["input"])


async def forks(connection: Connection, run_id: UUID, tenant: str) -> list[UUID]:
    query = """
        SELECT run_id FROM stepglass.runs WHERE forked_from = $1 AND tenant = $2 ORDER BY run_id DESC LIMIT 100
    """
    return [UUID(str(row["run_id"])) for row in await connection.fetch(query, run_id, tenant)]


async def owner(connection: Connection, run_id: UUID) -> str:
    tenant = await connection.fetchval("SELECT tenant FROM stepglass.runs WHERE run_id = $1", run_id)
    if tenant is None:
        raise UnknownRun(f"There is no run {run_id}.")
    return str(tenant)


async def find(connection: Connection, tenant: str, idempotency_key: str) -> UUID | None:
    query = "SELECT run_id FROM stepglass.runs WHERE tenant = $1 AND idem_key = $2"
    found = await connection.fetchval(query, tenant, idempotency_key)
    return None if found is None else UUID(str(found))


async def page(
    connection: Connection,
    tenant: str,
    status: str | None,
    pipeline: str | None,
    about: UUID | None,
    below: UUID | None,
    limit: int,
) -> Page:
    """One more than asked for is read: that is how the end is known."""
    wanted = {"status = ": status, "pipeline = ": pipeline, "about = ": about, "run_id < ": below}
    values = [value for value in wanted.values() if value is not None]
    names = [name for name, value in wanted.items() if value is not None]
    where = "".join(f" AND {name}${number}" for number, name in enumerate(names, 3))
    rows = await connection.fetch(_PAGE.format(where), tenant, limit + 1, *values)
    views = [RunView.model_validate_json(row["view"]) for row in rows[:limit]]
    found = [view.model_copy(update={"tail_seq": row["tail_seq"]}) for view, row in zip(views, rows, strict=False)]
    return Page(found, found[-1].run_id if len(rows) > limit else None)


async def history(connection: Connection, tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
    rows = await connection.fetch(_HISTORY, tenant, pipeline, profile)
    return {row["step"]: Expected(p50=row["p50"], p90=row["p90"], n=row["n"]) for row in rows}


async def note_prefect(connection: Connection, run_id: UUID, prefect: Prefect, flow_run_id: UUID | None) -> None:
    query = """
        UPDATE stepglass.runs SET
            prefect = CASE WHEN prefect = 'degraded' THEN prefect ELSE $2 END,
            prefect_flow_run_id = coalesce($3, prefect_flow_run_id)
        WHERE run_id = $1
    """
    if await connection.execute(query, run_id, prefect, flow_run_id) == "UPDATE 0":
        raise UnknownRun(f"There is no run {run_id}.")


async def owed_to_prefect(connection: Connection, limit: int, but: list[UUID]) -> list[UUID]:
    # Each of the two by an index of its own.
    query = """
        SELECT run_id FROM (
            SELECT run_id, status FROM stepglass.runs WHERE prefect = 'degraded' AND prefect_told_at IS NULL
            UNION ALL
            SELECT run_id, r.status FROM stepglass.runs r JOIN stepglass.run_totals t USING (run_id)
            WHERE prefect = 'live' AND prefect_told_at IS NULL AND run_id >= $3
                AND ended_at < clock_timestamp() - $4::interval
        ) untold WHERE stepglass.ended(status) AND run_id <> ALL ($2) ORDER BY run_id LIMIT $1
    """
    since = lowest_uuid7(datetime.now(UTC) - runs.TOLD_LATER)
    rows = await connection.fetch(query, limit, but, since, runs.TOLD_WITHIN)
    return [UUID(str(row["run_id"])) for row in rows]


async def prefect_told(connection: Connection, run_id: UUID, flow_run_id: UUID) -> bool:
    query = """
        UPDATE stepglass.runs SET prefect_told_at = clock_timestamp(), prefect_flow_run_id = $2
        WHERE run_id = $1 AND prefect_told_at IS NULL
    """
    return await connection.execute(query, run_id, flow_run_id) == "UPDATE 1"
