"""Alerts on PostgreSQL: looked for in what figures are made of, kept in a table, given out to one sender each."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from events._pg import Connection, Database, Row
from events.alerts import WINDOW, Alert, Review, Step, StepHour, StreamHour, Subject, going_on, judged
from events.contract import now_ms
from events.view import RunView

# Any number, for this purpose alone: whoever has it reviews, and gives it back with the commit.
_LOCK = "SELECT pg_try_advisory_xact_lock(788370020)"
# The steps one by one through the index, as for figures; then the last hour of each, and a hundred before it.
_STEPS = """
    WITH RECURSIVE steps AS (
        (SELECT tenant, pipeline, step FROM stepglass.step_times ORDER BY tenant, pipeline, step LIMIT 1)
        UNION ALL
        SELECT following.* FROM steps s CROSS JOIN LATERAL (
            SELECT tenant, pipeline, step FROM stepglass.step_times t
            WHERE (t.tenant, t.pipeline, t.step) > (s.tenant, s.pipeline, s.step)
            ORDER BY tenant, pipeline, step LIMIT 1
        ) following
    ), since AS (SELECT clock_timestamp() - make_interval(secs => $1) AS at)
    SELECT s.tenant, s.pipeline, s.step, hour.n AS completed, hour.slowest, before.n AS past, before.p90
    FROM steps s CROSS JOIN since CROSS JOIN LATERAL (
        SELECT count(*) AS n, max(duration_ms) AS slowest FROM stepglass.step_times t
        WHERE t.tenant = s.tenant AND t.pipeline = s.pipeline AND t.step = s.step AND t.finished_at >= since.at
    ) hour CROSS JOIN LATERAL (
        SELECT count(*) AS n, percentile_disc(0.9) WITHIN GROUP (ORDER BY duration_ms) AS p90 FROM (
            SELECT duration_ms FROM stepglass.step_times t
            WHERE t.tenant = s.tenant AND t.pipeline = s.pipeline AND t.step = s.step AND t.finished_at < since.at
            ORDER BY finished_at DESC LIMIT 100
        ) hundred
    ) before WHERE hour.n > 0 OR EXISTS (
        SELECT FROM unnest($2::text[], $3::text[], $4::text[]) AS going (tenant, pipeline, step)
        WHERE (going.tenant, going.pipeline, going.step) = (s.tenant, s.pipeline, s.step)
    )
"""
# Those that have been at it for longest: of all that go on, more would be too many to look at so often.
_HELD = """
    SELECT tenant, view FROM stepglass.runs
    WHERE wake_at IS NULL AND status NOT IN ('complete', 'error', 'cancelled') AND holder IS NOT NULL
    ORDER BY run_id LIMIT 200
"""
_FAILED = """
    WITH RECURSIVE tenants AS (
        (SELECT tenant FROM stepglass.run_totals ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT t.tenant FROM stepglass.run_totals t WHERE t.tenant > tenants.tenant ORDER BY t.tenant LIMIT 1)
        FROM tenants WHERE tenants.tenant IS NOT NULL
    )
    SELECT tenants.tenant, failed.pipeline, failed.step, failed.n FROM tenants CROSS JOIN LATERAL (
        SELECT t.pipeline, t.failed_step AS step, count(*) AS n FROM stepglass.run_totals t
        WHERE t.tenant = tenants.tenant AND t.ended_at >= statement_timestamp() - make_interval(secs => $1)
            AND t.status = 'error' AND t.failed_step IS NOT NULL
        GROUP BY 1, 2
    ) failed
"""
_STREAMS = """
    SELECT tenant, sum(opened)::int AS opened, sum(failed)::int AS failed FROM stepglass.stream_counts
    WHERE minute >= clock_timestamp() - make_interval(secs => $1) GROUP BY tenant
"""
_COLUMNS = "alert_id, tenant, kind, pipeline, step, value, above, raised_at"
_RAISE = f"""
    INSERT INTO stepglass.alerts AS a (tenant, kind, pipeline, step, value, above)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant, kind, pipeline, step) WHERE cleared_at IS NULL
        DO UPDATE SET value = excluded.value, above = excluded.above
    RETURNING {_COLUMNS}, xmax = 0 AS new
"""
_CLEAR = f"""
    UPDATE stepglass.alerts SET cleared_at = clock_timestamp()
    WHERE cleared_at IS NULL AND alert_id <> ALL ($1) RETURNING {_COLUMNS}
"""
_FORGET = """
    WITH streams AS (DELETE FROM stepglass.stream_counts WHERE minute < clock_timestamp() - interval '1 day')
    DELETE FROM stepglass.alerts WHERE cleared_at < clock_timestamp() - interval '30 days'
"""
_STANDING = f"SELECT {_COLUMNS} FROM stepglass.alerts WHERE tenant = $1 AND cleared_at IS NULL ORDER BY raised_at"
_COUNT = """
    INSERT INTO stepglass.stream_counts AS c (tenant, minute, opened, failed)
    SELECT tenant, date_trunc('minute', clock_timestamp()), opened, failed
    FROM unnest($1::text[], $2::int[], $3::int[]) AS n (tenant, opened, failed)
    ON CONFLICT (tenant, minute) DO UPDATE
        SET opened = c.opened + excluded.opened, failed = c.failed + excluded.failed
"""
_TO_SEND = f"""
    UPDATE stepglass.alerts SET tries = tries + 1,
        next_try_at = clock_timestamp() + least(30 * 2 ^ least(tries, 10), 3600) * interval '1 s'
    WHERE alert_id IN (
        SELECT alert_id FROM stepglass.alerts
        WHERE sent_at IS NULL AND next_try_at <= clock_timestamp() AND raised_at > clock_timestamp() - interval '1 day'
        ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ) RETURNING {_COLUMNS}
"""
_SENT = "UPDATE stepglass.alerts SET sent_at = clock_timestamp() WHERE alert_id = $1"


class PostgresAlerts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, tenant: str) -> list[Alert]:
        rows = await self._database.read(lambda connection: connection.fetch(_STANDING, tenant))
        return [_alert(row) for row in rows]

    async def review(self) -> Review:
        return await self._database.transact(_review)

    async def count_streams(self, counts: Mapping[str, StreamHour]) -> None:
        # Sorted: two processes that add to the same rows do not wait for each other in a circle.
        columns = zip(*((tenant, hour.opened, hour.failed) for tenant, hour in sorted(counts.items())), strict=True)
        arguments = [list(column) for column in columns]
        if arguments:
            await self._database.call(lambda connection: connection.execute(_COUNT, *arguments), patience=0)

    async def to_send(self, limit: int = 10) -> list[Alert]:
        rows = await self._database.call(lambda connection: connection.fetch(_TO_SEND, limit))
        return [_alert(row) for row in rows]

    async def sent(self, alert_id: UUID) -> None:
        await self._database.call(lambda connection: connection.execute(_SENT, alert_id))


async def _review(connection: Connection) -> Review:
    if not await connection.fetchval(_LOCK):
        return Review([], [])
    found = judged(await _steps(connection), await _streams(connection))
    seen: list[Row] = []
    for subject, (value, limit) in found.items():
        about = (subject.tenant, subject.kind, subject.pipeline, subject.step)
        row = await connection.fetchrow(_RAISE, *about, value, limit)
        assert row is not None
        seen.append(row)
    cleared = await connection.fetch(_CLEAR, [row["alert_id"] for row in seen])
    await connection.execute(_FORGET)
    return Review([_alert(row) for row in seen if row["new"]], _alerts(cleared))


async def _steps(connection: Connection) -> dict[Step, StepHour]:
    held = [(row["tenant"], RunView.model_validate_json(row["view"])) for row in await connection.fetch(_HELD)]
    going = going_on(held, now_ms())
    columns = [[step[column] for step in going] for column in range(3)]
    completed = {_step(row): row for row in await connection.fetch(_STEPS, WINDOW, *columns)}
    failed = {_step(row): row["n"] for row in await connection.fetch(_FAILED, WINDOW)}
    steps = {step: StepHour(failed=runs) for step, runs in failed.items()}
    for step, row in completed.items():
        hour = (row["completed"], row["slowest"] or 0, failed.get(step, 0), row["past"], row["p90"] or 0)
        steps[step] = StepHour(*hour, going.get(step, 0))
    return steps


async def _streams(connection: Connection) -> dict[str, StreamHour]:
    rows = await connection.fetch(_STREAMS, WINDOW)
    return {row["tenant"]: StreamHour(row["opened"], row["failed"]) for row in rows}


def _step(row: Row) -> Step:
    return row["tenant"], row["pipeline"], row["step"]


def _alerts(rows: Sequence[Row]) -> list[Alert]:
    return [_alert(row) for row in rows]


def _alert(row: Row) -> Alert:
    subject = Subject(row["tenant"], row["kind"], row["pipeline"], row["step"])
    since = int(row["raised_at"].timestamp() * 1000)
    return Alert(UUID(str(row["alert_id"])), subject, row["value"], row["above"], since)
