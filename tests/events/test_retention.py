"""What becomes of runs that have ended: how their logs are kept, and that they go one day."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest

from events._pg import Session
from events.changes import Change
from events.contract import Event, StepComplete, StepRetry, StepRetryData, StepSkipped, TextDigest
from events.errors import UnknownRun
from events.feeds import Feeds
from events.log import Entry
from events.payload import Problem, ReasonData, StepCompleteData
from events.retention import DURATIONS, Swept
from events.runs import DEFAULT_TENANT, Claim
from events.snapshot import snapshot
from events.sse import SSE
from events.store import Store
from events.versions import written_by_run
from tests.check_history import Reader, check_history
from tests.events.words import LAST, chunk, held, new, opened, start
from tests.sse_parser import parse

NOW, DAY = 0.0, timedelta(days=1)


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[Session]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def written(store: Store, chunks: int = 600) -> Claim:
    """A run of a step that failed and then wrote `chunks`, in two lanes at once, and ended."""
    run = await held(store)
    withdrawn = StepRetryData(problem=Problem(title="t", detail="d"), next_attempt_in_ms=0, supersedes=(4, 6))
    events: list[Event] = [opened(), start(), *(chunk(f"lost {number} ") for number in range(3))]
    events += [StepRetry(step="brief", data=withdrawn), start(attempt=2)]
    texts = [f"{number} Ω " for number in range(chunks)]
    events += [chunk(text, attempt=2, lane="ab"[number // 7 % 2]) for number, text in enumerate(texts)]
    digest = TextDigest(chunks=chunks, chars=len("".join(texts)), sha256=sha256("".join(texts).encode()).hexdigest())
    events += [StepComplete(step="brief", attempt=2, duration=40, data=StepCompleteData(result="done", text=digest))]
    events += [StepSkipped(step="qa", data=ReasonData(reason="not needed")), LAST]
    await store.log.append(run.run_id, events, epoch=run.epoch)
    return run


async def whole(store: Store, run_id: UUID) -> list[Entry]:
    return await store.log.read(run_id, limit=100_000)


async def swept(store: Store, *, compact_after: float = NOW, keep_days: float | None = None) -> Swept:
    done = await store.retention.sweep(compact_after=compact_after, keep_days=keep_days, pause=0)
    assert done is not None
    return done


# --- packing --------------------------------------------------------------------------------------------------------


async def test_a_log_is_the_same_afterwards_from_every_position(store: Store) -> None:
    run = await written(store)
    before = await whole(store, run.run_id)
    await swept(store)
    assert [entry.line for entry in await whole(store, run.run_id)] == [entry.line for entry in before]
    for after in range(len(before) + 1):
        for limit in (1, 256):
            assert await store.log.read(run.run_id, after, limit=limit) == before[after : after + limit]


async def test_the_rows_become_few_and_are_packed_once(postgres_store: Store, sql: Session) -> None:
    run = await written(postgres_store)
    done = await swept(postgres_store)
    rows = await sql.fetchval("SELECT count(*) FROM stepglass.events WHERE run_id = $1", run.run_id)
    assert (done.compacted, done.rows_before, done.rows_after) == (1, 603, rows - 8)
    assert rows < 20
    assert done.bytes_after < done.bytes_before / 3
    assert await swept(postgres_store) == Swept()


async def test_runs_that_go_on_or_have_just_ended_are_left_alone(postgres_store: Store, sql: Session) -> None:
    live = await held(postgres_store)
    await postgres_store.log.append(live.run_id, [opened(), start(), chunk("a"), chunk("b")], epoch=live.epoch)
    await written(postgres_store)
    assert await swept(postgres_store, compact_after=60) == Swept()
    await swept(postgres_store)
    packed = "SELECT count(*) FROM stepglass.events WHERE run_id = $1 AND first IS NOT NULL"
    assert await sql.fetchval(packed, live.run_id) == 0


async def test_who_reads_page_by_page_meanwhile_misses_nothing(postgres_store: Store) -> None:
    run = await written(postgres_store)
    before = await whole(postgres_store, run.run_id)
    read = await postgres_store.log.read(run.run_id, limit=100)
    await swept(postgres_store)
    while not read[-1].final:
        read += await postgres_store.log.read(run.run_id, read[-1].seq, limit=100)
    assert read == before
    check_history(
        {run.run_id: before}, [], [Reader(run.run_id, [_json(entry) for entry in read], ended=True)], max_attempts=2
    )


async def test_a_snapshot_is_the_same_afterwards(postgres_store: Store) -> None:
    run = await held(postgres_store)
    await postgres_store.log.append(
        run.run_id, [opened(), start(), *(chunk(f"{n} ") for n in range(50)), LAST], epoch=run.epoch
    )
    view = await postgres_store.runs.view(run.run_id, DEFAULT_TENANT)
    before = await snapshot(postgres_store.log, view)
    await swept(postgres_store)
    assert await snapshot(postgres_store.log, view) == before


async def test_only_one_sweeps_at_a_time(postgres_store: Store, sql: Session) -> None:
    await written(postgres_store)
    assert await sql.fetchval("SELECT pg_try_advisory_lock(788370019)")
    assert await postgres_store.retention.sweep(compact_after=NOW) is None
    await sql.execute("SELECT pg_advisory_unlock_all()")
    assert (await swept(postgres_store)).compacted == 1


async def test_what_is_not_as_it_was_read_is_not_packed(postgres_store: Store, sql: Session) -> None:
    run = await written(postgres_store)
    await swept(postgres_store)
    before = await whole(postgres_store, run.run_id)
    compact = "SELECT stepglass.compact($1, $2, $3, $4, $5)"
    for seqs, gone in (([12], [10, 11]), ([700], [])):
        with pytest.raises(asyncpg.SerializationError, match="not what they were"):
            await sql.fetchval(compact, run.run_id, seqs, [10], ["{}"], gone)
    assert await whole(postgres_store, run.run_id) == before
    live = await held(postgres_store)
    assert await sql.fetchval(compact, live.run_id, [2], [1], ["{}"], [1]) is False


# --- forgetting -----------------------------------------------------------------------------------------------------


async def test_runs_that_are_too_old_go_and_the_others_stay(store: Store) -> None:
    ended, live = await written(store), await held(store)
    assert (await swept(store, keep_days=1)).forgotten == 0
    assert (await swept(store, keep_days=-1)).forgotten == 1
    with pytest.raises(UnknownRun):
        await store.runs.view(ended.run_id, DEFAULT_TENANT)
    assert await whole(store, ended.run_id) == []
    assert (await store.runs.view(live.run_id, DEFAULT_TENANT)).status == "queued"


async def test_more_than_are_forgotten_at_once_go(store: Store) -> None:
    for _ in range(23):
        await written(store, 1)
    assert (await swept(store, keep_days=-1)).forgotten == 23


async def test_a_key_of_a_run_that_is_gone_may_be_used_again(store: Store) -> None:
    run = await held(store, key="k")
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    await swept(store, keep_days=-1)
    assert (await store.runs.accept(new(key="k"))).created


async def test_a_run_whose_document_was_changed_since_stays(store: Store) -> None:
    run = await written(store)
    then = datetime.now(UTC) + 3 * DAY
    await store.versions.add(run.run_id, DEFAULT_TENANT, written_by_run({"vision": "v"}, then))
    assert (await swept(store, keep_days=-1)).forgotten == 0
    assert (await swept(store, keep_days=-4)).forgotten == 1
    assert await store.versions.page(run.run_id, DEFAULT_TENANT) == []


async def test_what_would_be_done_is_counted_and_not_done(postgres_store: Store) -> None:
    run = await written(postgres_store)
    before = await whole(postgres_store, run.run_id)
    counted = await postgres_store.retention.sweep(compact_after=NOW, keep_days=-1, dry_run=True)
    assert counted == Swept(compacted=1, forgotten=1)
    assert await whole(postgres_store, run.run_id) == before


async def test_the_feed_tells_that_a_run_is_gone(store: Store) -> None:
    run = await written(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    await swept(store, keep_days=-1)
    [change] = await store.changes.read(DEFAULT_TENANT, mark)
    assert (change.run.run_id, change.gone, change.number > mark) == (str(run.run_id), True, True)
    # Who begins with the last runs begins with those that are there.
    other = await held(store)
    assert await store.changes.mark(DEFAULT_TENANT, 1) == 0
    assert [each.run.run_id for each in await _changes(store)] == [str(run.run_id), str(other.run_id)]


async def test_who_looks_at_all_runs_is_told(store: Store) -> None:
    run = await written(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    async with Feeds(store, pace=0) as feeds, aclosing(feeds.watch(DEFAULT_TENANT, mark, fmt=SSE)) as stream:
        await anext(stream)
        await swept(store, keep_days=-1)
        async with asyncio.timeout(10):
            [left] = parse(await anext(stream))
    assert (left.event, left.own_id) == ("run_left", None)
    assert (left.json["run_id"], left.json["status"]) == (str(run.run_id), "gone")


async def test_that_a_run_is_gone_is_forgotten_after_a_day(postgres_store: Store, sql: Session) -> None:
    for _ in range(2):
        await written(postgres_store, 1)
    await swept(postgres_store, keep_days=-1)
    mark = await postgres_store.changes.mark(DEFAULT_TENANT)
    await sql.execute("UPDATE stepglass.changes SET gone_at = gone_at - interval '25 hours'")
    await swept(postgres_store)
    # Where the feed ends is still known.
    assert [each.number for each in await _changes(postgres_store)] == [mark]


async def test_of_each_step_the_last_durations_are_remembered(postgres_store: Store, sql: Session) -> None:
    insert = """
        INSERT INTO stepglass.step_history (tenant, pipeline, profile, step, duration_ms, finished_at)
        SELECT $3, 'vision', '', $1, n, now() + n * interval '1 s' FROM generate_series(1, $2) n
    """
    await sql.execute(insert, "brief", 2_345, "default")
    await sql.execute(insert, "brief", DURATIONS, "acme")
    await sql.execute(insert, "qa", 7, "default")
    before = await postgres_store.runs.history("default", "vision", "")
    assert (await swept(postgres_store)).durations == 2_345 - DURATIONS
    assert await postgres_store.runs.history("default", "vision", "") == before
    assert await sql.fetchval("SELECT count(*) FROM stepglass.step_history") == 2 * DURATIONS + 7


async def _changes(store: Store) -> list[Change]:
    return await store.changes.read(DEFAULT_TENANT)


def _json(entry: Entry) -> dict[str, object]:
    return json.loads(entry.line)
