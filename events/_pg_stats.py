"""The figures of a tenant on PostgreSQL, out of narrow rows that are written in the commit that they tell of."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from events._pg import Connection, Database
from events.contract import now_ms
from events.errors import UnknownRun
from events.ids import lowest_uuid7
from events.stats import MOST_OWED, MOST_VIEWERS, Figures, StepTimes, Usage, cost_of, summed_up

_RUNS = """
    SELECT status, pipeline, count(*) AS n FROM stepglass.runs WHERE tenant = $1 AND run_id >= $2 GROUP BY 1, 2
"""
# The steps one by one through the index, then the times of each: sorting all of them by name would take longer.
_STEPS = """
    WITH RECURSIVE steps AS (
        (SELECT pipeline, step FROM stepglass.step_times WHERE tenant = $1 ORDER BY pipeline, step LIMIT 1)
        UNION ALL
        SELECT following.pipeline, following.step FROM steps s CROSS JOIN LATERAL (
            SELECT pipeline, step FROM stepglass.step_times t
            WHERE t.tenant = $1 AND (t.pipeline, t.step) > (s.pipeline, s.step) ORDER BY pipeline, step LIMIT 1
        ) following
    )
    SELECT s.pipeline, s.step, times.n, times.percentiles FROM steps s CROSS JOIN LATERAL (
        SELECT count(*) AS n, percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY duration_ms) AS percentiles
        FROM stepglass.step_times t
        WHERE t.tenant = $1 AND t.pipeline = s.pipeline AND t.step = s.step AND t.finished_at >= $2
    ) times
"""
_FAILED = """
    SELECT pipeline, failed_step, coalesce(problem, '') AS problem, count(*) AS n FROM stepglass.run_totals
    WHERE tenant = $1 AND ended_at >= $2 AND status = 'error' GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 1000
"""
_USAGE = """
    SELECT (ended_at AT TIME ZONE 'UTC')::date AS day, count(*) AS runs, sum(input_tokens)::bigint AS input_tokens,
        sum(output_tokens)::bigint AS output_tokens, sum(cost_usd) AS cost_usd, bool_and(cost_complete) AS complete
    FROM stepglass.run_totals WHERE tenant = $1 AND ended_at >= $2 GROUP BY 1 ORDER BY 1
"""
_VIEWERS = """
    SELECT coalesce(sum(w.viewers), 0) FROM unnest($2::uuid[], $3::int[]) AS w (run_id, viewers)
    JOIN stepglass.runs r USING (run_id) WHERE r.tenant = $1
"""
_ABANDONED = "SELECT count(*) FROM stepglass.abandonments WHERE tenant = $1 AND left_at >= $2 AND NOT back"
_OWED = """
    SELECT count(*) FROM (
        SELECT 1 FROM stepglass.runs
        WHERE tenant = $1 AND prefect = 'degraded' AND prefect_told_at IS NULL
            AND status IN ('complete', 'error', 'cancelled') LIMIT $2
    ) owed
"""
_OURS = "WITH run AS (SELECT run_id, tenant, status FROM stepglass.runs WHERE run_id = $1 AND tenant = $2)"
_KNOWN = "EXISTS (SELECT FROM stepglass.abandonments b WHERE b.run_id = run.run_id AND b.viewer = $3)"
_ROOM = f"(SELECT count(*) FROM stepglass.abandonments b WHERE b.run_id = run.run_id) < {MOST_VIEWERS}"
_LEFT = f"""{_OURS}, left_it AS (
        INSERT INTO stepglass.abandonments AS a (run_id, tenant, viewer, said_at)
        SELECT run_id, tenant, $3, $4 FROM run WHERE NOT stepglass.ended(status) AND ({_KNOWN} OR {_ROOM})
        ON CONFLICT (run_id, viewer) DO UPDATE SET said_at = excluded.said_at, back = false,
            left_at = CASE WHEN a.back THEN excluded.left_at ELSE a.left_at END
        WHERE a.said_at <= excluded.said_at
    ) SELECT count(*) FROM run
"""
# Who was back before word of the leaving came stands there as well: it is not counted when that comes.
_BACK = f"""{_OURS}, back AS (
        INSERT INTO stepglass.abandonments AS a (run_id, tenant, viewer, said_at, back)
        SELECT run_id, tenant, $3, $4, true FROM run WHERE {_KNOWN} OR (NOT stepglass.ended(status) AND {_ROOM})
        ON CONFLICT (run_id, viewer) DO UPDATE SET said_at = excluded.said_at, back = true
        WHERE a.said_at <= excluded.said_at
    ) SELECT count(*) FROM run
"""


class PostgresStats:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def figures(self, tenant: str, since: datetime, watched: Mapping[UUID, int] | None = None) -> Figures:
        return await self._database.read(lambda connection: _figures(connection, tenant, since, watched or {}))

    async def left(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        await self._note(_LEFT, run_id, tenant, viewer, said_at)

    async def came_back(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        await self._note(_BACK, run_id, tenant, viewer, said_at)

    async def _note(self, query: str, run_id: UUID, tenant: str, viewer: str, said_at: int | None) -> None:
        arguments = run_id, tenant, viewer, now_ms() if said_at is None else said_at
        if not await self._database.call(lambda connection: connection.fetchval(query, *arguments)):
            raise UnknownRun(f"There is no run {run_id}.")


async def _figures(connection: Connection, tenant: str, since: datetime, watched: Mapping[UUID, int]) -> Figures:
    by_status: dict[str, int] = {}
    by_pipeline: dict[str, int] = {}
    for row in await connection.fetch(_RUNS, tenant, lowest_uuid7(since)):
        by_status[row["status"]] = by_status.get(row["status"], 0) + row["n"]
        by_pipeline[row["pipeline"]] = by_pipeline.get(row["pipeline"], 0) + row["n"]
    rows = await connection.fetch(_FAILED, tenant, since)
    failures, failed = summed_up({(row["pipeline"], row["failed_step"], row["problem"]): row["n"] for row in rows})
    return Figures(
        by_status=by_status,
        by_pipeline=by_pipeline,
        steps=await _steps(connection, tenant, since, failed),
        failures=failures,
        usage=await _usage(connection, tenant, since),
        viewers=await connection.fetchval(_VIEWERS, tenant, list(watched), list(watched.values())) if watched else 0,
        abandoned=await connection.fetchval(_ABANDONED, tenant, since),
        prefect_owed=await connection.fetchval(_OWED, tenant, MOST_OWED),
    )


async def _steps(
    connection: Connection, tenant: str, since: datetime, failed: Mapping[tuple[str, str], int]
) -> list[StepTimes]:
    rows = await connection.fetch(_STEPS, tenant, since)
    times = {(row["pipeline"], row["step"]): (row["n"], *row["percentiles"]) for row in rows if row["n"]}
    found: list[StepTimes] = []
    for place in sorted(times.keys() | failed.keys()):
        runs, p50, p90 = times.get(place, (0, None, None))
        found.append(StepTimes(*place, runs, p50, p90, failed.get(place, 0)))
    return found


async def _usage(connection: Connection, tenant: str, since: datetime) -> list[Usage]:
    return [
        Usage(
            day=row["day"],
            runs=row["runs"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cost_usd=cost_of(row["cost_usd"], row["complete"]),
            cost_complete=row["complete"],
        )
        for row in await connection.fetch(_USAGE, tenant, since)
    ]
