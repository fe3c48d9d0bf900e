"""The store itself refuses what must not be in a log, also from somebody who goes around us with plain SQL."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from events._pg import Session, connect
from events.contract import LAST_WORDS
from events.fold import fold_all
from events.runs import DEFAULT_TENANT, Claim
from events.store import Store
from tests.events.words import LAST, OUTSIDE, chunk, held, start, story

GAP, FENCED, ENDED, FORBIDDEN, UNKNOWN = "SG001", "SG002", "SG003", "SG004", "SG005"
INSERT = "INSERT INTO stepglass.events (run_id, seq, epoch, type, body) VALUES ($1, $2, $3, $4, $5)"


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[Session]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def run(postgres_store: Store) -> Claim:
    return await held(postgres_store)


async def insert(sql: Session, run_id: UUID, *rows: tuple[int, int | None, str]) -> str | None:
    """One statement with all rows. Gives the SQLSTATE of a refusal."""
    values = [(run_id, seq, epoch, kind, json.dumps({"type": kind, "ts": 1})) for seq, epoch, kind in rows]
    rows_of = "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::text[])"
    try:
        await sql.execute(
            f"INSERT INTO stepglass.events {rows_of}",
            *[list(column) for column in zip(*values, strict=True)],
        )
    except asyncpg.PostgresError as error:
        return error.sqlstate
    return None


async def notified(sql: Session) -> list[str]:
    """What this session hears of events, from now on."""
    heard: list[str] = []

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        heard.append(str(payload))

    await sql.add_listener("stepglass_events", hear)
    return heard


async def test_what_is_in_order_is_taken_and_moves_the_tail(sql: Session, postgres_store: Store, run: Claim) -> None:
    assert await insert(sql, run.run_id, (2, 1, "step_start"), (3, 1, "model_chunk")) is None
    row = await sql.fetchrow("SELECT tail_seq, status FROM stepglass.runs")
    assert row is not None
    assert tuple(row) == (3, "queued")
    # The kept view knows nothing of it, and is brought up to date by whoever looks or writes next.
    assert await postgres_store.log.append(run.run_id, [chunk("on")], epoch=1) == 4
    entries = await postgres_store.log.read(run.run_id)
    assert await postgres_store.runs.view(run.run_id, DEFAULT_TENANT) == fold_all(str(run.run_id), entries)


@pytest.mark.parametrize("seqs", [(3,), (1,), (0,), (-1,), (2, 4), (2, 3, 5), (5, 6)])
async def test_a_gap_is_refused(sql: Session, run: Claim, seqs: tuple[int, ...]) -> None:
    assert await insert(sql, run.run_id, *((seq, 1, "step_start") for seq in seqs)) in (GAP, "23505")
    assert await sql.fetchval("SELECT count(*) FROM stepglass.events") == 1


async def test_one_bad_run_spoils_the_whole_statement(sql: Session, postgres_store: Store, run: Claim) -> None:
    other = await held(postgres_store)
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await sql.execute(
            f"{INSERT}, ($6, 7, 1, 'step_start', '{{}}')", run.run_id, 2, 1, "step_start", "{}", other.run_id
        )
    assert refusal.value.sqlstate == GAP
    assert await story(postgres_store.log, run.run_id) == ["run_queued"]


@pytest.mark.parametrize("epoch", [0, 2, 99])
async def test_another_epoch_is_refused(sql: Session, run: Claim, epoch: int) -> None:
    assert await insert(sql, run.run_id, (2, epoch, "step_start")) == FENCED


async def test_two_epochs_in_one_statement_are_refused(sql: Session, run: Claim) -> None:
    assert await insert(sql, run.run_id, (2, 1, "step_start"), (3, None, "cancel_requested")) == FENCED


async def test_the_epoch_of_a_released_run_is_refused(sql: Session, postgres_store: Store, run: Claim) -> None:
    await postgres_store.runs.release(run.run_id, run.epoch)
    assert await insert(sql, run.run_id, (2, 1, "step_start")) == FENCED


@pytest.mark.parametrize("last", sorted(LAST_WORDS))
async def test_nothing_is_taken_after_a_last_word(sql: Session, run: Claim, last: str) -> None:
    assert await insert(sql, run.run_id, (2, 1, last), (3, 1, "model_chunk")) == ENDED
    assert await insert(sql, run.run_id, (2, 1, "complete"), (3, 1, last)) == ENDED
    assert await insert(sql, run.run_id, (2, 1, last)) is None
    for epoch, kind in ((1, "model_chunk"), (1, last), (None, "cancel_requested"), (2, "run_resumed")):
        assert await insert(sql, run.run_id, (3, epoch, kind)) == ENDED
    assert await sql.fetchval("SELECT status FROM stepglass.runs") == last


@pytest.mark.parametrize(
    "kind", ["run_start", "step_start", "model_chunk", "step_complete", "complete", "error", "new"]
)
async def test_an_outsider_is_refused_what_only_the_holder_says(sql: Session, run: Claim, kind: str) -> None:
    assert await insert(sql, run.run_id, (2, None, kind)) == FORBIDDEN


@pytest.mark.parametrize("kind", ["cancel_requested", "input_received", "run_paused", "run_unpaused"])
async def test_an_outsider_may_say_what_the_contract_allows(sql: Session, run: Claim, kind: str) -> None:
    assert await insert(sql, run.run_id, (2, None, kind)) is None


async def test_an_outsider_ends_only_a_run_that_nobody_holds(sql: Session, postgres_store: Store, run: Claim) -> None:
    closing = ((2, None, "step_error"), (3, None, "step_skipped"), (4, None, "cancelled"))
    assert await insert(sql, run.run_id, *closing) == FORBIDDEN
    await postgres_store.runs.renew(run.run_id, run.epoch, lease=0)
    assert await insert(sql, run.run_id, (2, None, "step_error")) == FORBIDDEN
    assert await insert(sql, run.run_id, (2, None, "step_skipped")) == FORBIDDEN
    assert await insert(sql, run.run_id, *closing) is None


async def test_a_log_is_opened_once_and_with_run_queued(sql: Session, run: Claim) -> None:
    assert await insert(sql, run.run_id, (2, None, "run_queued")) == FORBIDDEN
    assert await insert(sql, run.run_id, (2, 1, "run_queued")) == FORBIDDEN
    bare = await _bare_run(sql)
    assert await insert(sql, bare, (1, None, "cancel_requested")) == FORBIDDEN
    assert await insert(sql, bare, (1, None, "run_queued"), (2, None, "step_complete")) is None


async def _bare_run(sql: Session) -> UUID:
    run_id = uuid4()
    await sql.execute(
        """INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, body_hash, deadline_at, view)
        VALUES ($1, 't', 'p', '{}', '', now(), '{}')""",
        run_id,
    )
    return run_id


async def test_a_run_that_is_not_there_takes_nothing(sql: Session) -> None:
    assert await insert(sql, uuid4(), (1, None, "run_queued")) == UNKNOWN


async def test_events_are_not_changed_or_removed(sql: Session, run: Claim) -> None:
    for statement in (
        "UPDATE stepglass.events SET body = '{}'",
        "UPDATE stepglass.events SET seq = seq + 10",
        "DELETE FROM stepglass.events",
        "TRUNCATE stepglass.events",
        "SET stepglass.retention = 'on'; UPDATE stepglass.events SET body = '{}'",
        "SET stepglass.retention = 'on'; TRUNCATE stepglass.events",
    ):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await sql.execute(statement)


async def test_retention_removes_whole_runs_that_ended_before_a_moment(
    sql: Session, postgres_store: Store, run: Claim
) -> None:
    ended = await held(postgres_store)
    await postgres_store.log.append(ended.run_id, [LAST], epoch=ended.epoch)
    assert await sql.fetchval("SELECT stepglass.forget(now() - interval '1 hour')") == 0
    assert await sql.fetchval("SELECT stepglass.forget(now() + interval '1 hour')") == 1
    assert await story(postgres_store.log, ended.run_id) == []
    assert await story(postgres_store.log, run.run_id) == ["run_queued"]
    # The way is closed again behind it, in the same transaction as well.
    for before in ("", "SELECT stepglass.forget(now() - interval '1 hour');"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await sql.execute(f"{before} DELETE FROM stepglass.events")


async def test_a_plain_insert_is_notified_like_any_other(sql: Session, postgres_store: Store, run: Claim) -> None:
    heard = await notified(sql)
    await insert(sql, run.run_id, (2, 1, "step_start"), (3, 1, "step_start"))
    assert heard == [f"{run.run_id}:3"]


async def test_a_commit_of_very_many_runs_is_notified_in_payloads_that_fit(sql: Session, postgres_store: Store) -> None:
    heard = await notified(sql)
    runs = [await _bare_run(sql) for _ in range(500)]
    query = "INSERT INTO stepglass.events SELECT id, 1, NULL, 'run_queued', '{}' FROM unnest($1::uuid[]) AS id"
    await sql.execute(query, runs)
    pairs = [pair for payload in heard for pair in payload.split(",")]
    assert sorted(pairs) == sorted(f"{run_id}:1" for run_id in runs)
    assert max(len(payload) for payload in heard) < 8_000


async def test_the_kept_view_in_the_table_is_the_fold_after_every_event_that_shows(
    sql: Session, postgres_store: Store, run: Claim
) -> None:
    for event, epoch in ((start(), 1), (OUTSIDE, None), (start("qa"), 1), (LAST, 1)):
        await postgres_store.log.append(run.run_id, [event], epoch=epoch)
        folded = fold_all(str(run.run_id), await postgres_store.log.read(run.run_id))
        kept = await sql.fetchrow("SELECT view, status, cancel_requested, tail_seq FROM stepglass.runs")
        assert kept is not None
        assert kept["view"] == folded.model_dump_json(exclude_defaults=True)
        assert tuple(kept)[1:] == (folded.status, folded.cancel_requested, folded.tail_seq)
