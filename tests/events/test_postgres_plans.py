"""How PostgreSQL finds what is asked for most often: not by looking at all that there ever was."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from events import _commit, _pg_alerts, _pg_batches, _pg_lists, _pg_runs
from events.store import Store
from tests.events.words import chunk, held, new

MANY = 3_000

# Runs that nobody has to log: only where they stand matters here.
_FILL = """
    INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, body_hash, deadline_at, view, status, wake_at)
    SELECT gen_random_uuid(), $2, 'vision', '{}', '', 'infinity', '{}', $3, $4::timestamptz
    FROM generate_series(1, $1)
"""


@pytest.fixture
async def connection(postgres_store: Store, database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def fill(
    connection: "asyncpg.Connection[asyncpg.Record]", number: int, tenant: str, status: str, wake_at: str | None = None
) -> None:
    await connection.execute(_FILL.replace("$4::", f"'{wake_at}'::" if wake_at else "NULL::"), number, tenant, status)
    await connection.execute("ANALYZE stepglass.runs")


async def plan(connection: "asyncpg.Connection[asyncpg.Record]", query: str, types: str, *arguments: str) -> str:
    """The one that is made for whatever the arguments may be, as it is for a statement that was asked often; and what
    came of it."""
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE asked ({types}) AS {query}")
    async with connection.transaction():
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) EXECUTE asked ({', '.join(arguments)})")
    return "\n".join(row[0] for row in rows)


async def test_who_looks_for_work_passes_over_no_run_that_rests(
    postgres_store: Store, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await fill(connection, MANY, "default", "paused", "infinity")
    await fill(connection, 10, "default", "waiting", "2001-01-01")
    for _ in range(3):
        await postgres_store.runs.accept(new())

    query = _pg_runs._TAKE.format(_pg_runs._ANY)  # pyright: ignore[reportPrivateUsage] # the statement itself
    asked = ("'me'", "10", "'p'", "'{vision}'", "false", "2", "3")
    found = await plan(connection, query, "text, float8, text, text[], boolean, integer, integer", *asked)

    assert "runs_resting" in found
    assert "Rows Removed by Filter" not in found, found


async def test_what_rested_goes_on_before_what_has_not_begun_and_nothing_else_that_rests(
    postgres_store: Store, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await postgres_store.runs.accept(new())
    await fill(connection, 5, "default", "paused", "infinity")
    await fill(connection, 2, "default", "waiting", "2001-01-01")
    woken = {row[0] for row in await connection.fetch("SELECT run_id FROM stepglass.runs WHERE status = 'waiting'")}

    claims = [await postgres_store.runs.claim("me") for _ in range(4)]

    assert {claim and claim.run_id for claim in claims[:2]} == woken
    assert claims[2] is not None and claims[3] is None


async def test_the_list_of_a_small_tenant_is_not_looked_for_among_the_runs_of_a_large_one(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await fill(connection, MANY, "default", "complete")
    await fill(connection, 3, "small", "complete")

    found = await plan(connection, _pg_lists._PAGE.format(""), "text, int", "'small'", "51")  # pyright: ignore[reportPrivateUsage]

    assert "runs_counted" in found and "rows=3.00" in found
    assert "Rows Removed by Filter" not in found and "Sort" not in found, found


async def test_failures_of_the_last_hour_are_found_without_looking_at_those_of_last_year(
    postgres_store: Store, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await fill(connection, MANY, "default", "error")
    await connection.execute(
        """
        INSERT INTO stepglass.run_totals (run_id, tenant, pipeline, status, ended_at, input_tokens, output_tokens,
            cost_complete, failed_step)
        SELECT run_id, tenant, pipeline, status,
            CASE row_number() OVER () WHEN 1 THEN clock_timestamp() ELSE '2001-01-01' END, 0, 0, true, 'qa'
        FROM stepglass.runs
        """
    )
    await connection.execute("ANALYZE stepglass.run_totals")

    found = await plan(connection, _pg_alerts._FAILED, "float8", "3600")  # pyright: ignore[reportPrivateUsage]

    assert "Seq Scan" not in found, found


async def test_who_looks_for_what_is_left_of_batches_looks_at_no_run_that_has_ended(
    postgres_store: Store, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    batches = [(await postgres_store.runs.accept(new("batch"))).run_id for _ in range(3)]
    await fill(connection, MANY, "default", "complete")
    await connection.execute("UPDATE stepglass.runs SET about = $1 WHERE pipeline = 'vision'", batches[0])
    # Little is left of what the planner knew of a table in which so much has changed.
    await connection.execute("ANALYZE stepglass.runs")
    left = (await postgres_store.runs.accept(new(about=batches[1]))).run_id
    await postgres_store.runs.request_cancel(batches[1], "default")

    query = _pg_batches._ORPHANS  # pyright: ignore[reportPrivateUsage] # the statement itself
    found = await plan(connection, query, "text, int", "'batch'", "100")

    assert "runs_about_others" in found and "Seq Scan" not in found, found
    assert "Rows Removed by Filter" not in found, found
    assert await postgres_store.batches.orphans("batch") == [(left, "default")]


async def test_whether_a_kept_view_is_up_to_date_is_found_without_the_chunks_behind_it(
    postgres_store: Store, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    claim = await held(postgres_store)
    await postgres_store.log.append(claim.run_id, [chunk("word ")] * MANY, epoch=claim.epoch)
    await connection.execute("ANALYZE stepglass.events")

    asked = (f"'{claim.run_id}'", "1", str(MANY))
    found = await plan(connection, _commit._BETWEEN, "uuid, bigint, bigint", *asked)  # pyright: ignore[reportPrivateUsage]

    assert "events_said" in found
    assert "Rows Removed by Filter" not in found, found


async def test_l7_the_durations_of_a_tenant_are_found_without_those_of_others(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute(
        """
        INSERT INTO stepglass.step_history (tenant, pipeline, profile, step, duration_ms)
        SELECT 'tenant ' || n / 100, 'vision', '', 'step ' || n % 2, n FROM generate_series(1, $1) n
        """,
        MANY,
    )
    await connection.execute("ANALYZE stepglass.step_history")

    found = await plan(connection, _pg_lists._HISTORY, "text, text, text", "'tenant 7'", "'vision'", "''")  # pyright: ignore[reportPrivateUsage]

    assert "step_history_of_tenant" in found and "Seq Scan" not in found, found
