"""In which order runs changed, on every store: a reader who goes on from a number misses nothing."""

import asyncio
import json
from contextlib import AsyncExitStack
from itertools import pairwise
from uuid import UUID

import anyio
import asyncpg
import pytest

from events import _listener, _pg_changes
from events.contract import Event, StepStart
from events.fold import opening
from events.ids import uuid7
from events.migrations._upgrade import upgrade
from events.runs import DEFAULT_TENANT
from events.store import Store, open_store
from events.view import RunView
from tests.clusters import own_database
from tests.events.words import LAST, OUTSIDE, checkpoint, chunk, complete, held, new, opened, start
from tests.proxy import Proxy


async def changed(store: Store, after: int = 0, tenant: str = DEFAULT_TENANT) -> list[tuple[UUID, str]]:
    return [(UUID(each.run.run_id), each.run.status) for each in await store.changes.read(tenant, after)]


async def test_a_run_that_is_accepted_has_changed(store: Store) -> None:
    run = await store.runs.accept(new())
    [change] = await store.changes.read(DEFAULT_TENANT)
    assert change.run == await store.runs.view(run.run_id, DEFAULT_TENANT)
    assert change.number == await store.changes.mark(DEFAULT_TENANT) > 0


async def test_a_run_that_was_accepted_before_has_not_changed_again(store: Store) -> None:
    await store.runs.accept(new(key="k"))
    mark = await store.changes.mark(DEFAULT_TENANT)
    await store.runs.accept(new(key="k"))
    assert await store.changes.read(DEFAULT_TENANT, mark) == []


async def test_a_change_is_the_newest_state_of_a_run_and_stands_there_once(store: Store) -> None:
    one, other = await held(store), await held(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    for event in [opened(), start(), checkpoint(), complete()]:
        await store.log.append(one.run_id, [event], epoch=one.epoch)
    await store.log.append(other.run_id, [opened()], epoch=other.epoch)
    await store.log.append(one.run_id, [LAST], epoch=one.epoch)

    assert await changed(store, mark) == [(other.run_id, "running"), (one.run_id, "complete")]
    changes = await store.changes.read(DEFAULT_TENANT)
    assert changes[1].run == await store.runs.view(one.run_id, DEFAULT_TENANT)


@pytest.mark.parametrize("event", [opened(), start(), checkpoint(), complete(), LAST], ids=lambda event: event.type)
async def test_what_is_more_than_text_is_a_change(store: Store, event: Event) -> None:
    run = await held(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    await store.log.append(run.run_id, [event], epoch=run.epoch)
    assert len(await store.changes.read(DEFAULT_TENANT, mark)) == 1


async def test_text_is_no_change(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [opened(), start()], epoch=run.epoch)
    mark = await store.changes.mark(DEFAULT_TENANT)
    tail = await store.log.append(run.run_id, [chunk("word")], epoch=run.epoch)

    assert await store.changes.read(DEFAULT_TENANT, mark) == []
    assert await store.changes.mark(DEFAULT_TENANT) == mark
    [change] = await store.changes.read(DEFAULT_TENANT)
    assert change.run.tail_seq == tail, "but who looks sees how far the log goes"


async def test_a_cancel_is_a_change_whoever_ends_the_run_by_it(store: Store) -> None:
    mine, nobodys = await held(store), await store.runs.accept(new())
    mark = await store.changes.mark(DEFAULT_TENANT)
    await store.runs.request_cancel(nobodys.run_id, DEFAULT_TENANT)
    await store.runs.request_cancel(mine.run_id, DEFAULT_TENANT)
    assert await changed(store, mark) == [(nobodys.run_id, "cancelled"), (mine.run_id, "queued")]
    assert [each.run.cancel_requested for each in await store.changes.read(DEFAULT_TENANT, mark)] == [True, True]


async def test_what_is_refused_is_no_change(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    mark = await store.changes.mark(DEFAULT_TENANT)
    for event, epoch in [(start(), run.epoch), (OUTSIDE, None)]:
        with pytest.raises(Exception, match="last word"):
            await store.log.append(run.run_id, [event], epoch=epoch)
    assert await store.changes.mark(DEFAULT_TENANT) == mark


async def test_every_tenant_has_a_feed_of_its_own(store: Store) -> None:
    for tenant in ["acme", "beta", "acme"]:
        await store.runs.accept(new(tenant=tenant))
    assert len(await store.changes.read("acme")) == 2
    assert len(await store.changes.read("beta")) == 1
    assert await store.changes.read("nobody") == []
    assert await store.changes.mark("nobody") == 0


async def test_reading_goes_on_from_any_number_and_in_pages(store: Store) -> None:
    for _ in range(7):
        await store.runs.accept(new())
    everything = await store.changes.read(DEFAULT_TENANT)
    assert all(one.number < other.number for one, other in pairwise(everything))
    for at, change in enumerate(everything, 1):
        assert await store.changes.read(DEFAULT_TENANT, change.number) == everything[at:]
        assert await store.changes.read(DEFAULT_TENANT, change.number, limit=2) == everything[at : at + 2]


async def test_a_mark_says_behind_which_number_so_many_runs_changed(store: Store) -> None:
    for _ in range(4):
        await store.runs.accept(new())
    for back in range(6):
        mark = await store.changes.mark(DEFAULT_TENANT, back)
        assert len(await store.changes.read(DEFAULT_TENANT, mark)) == min(back, 4)


async def test_a_reader_who_waits_gets_what_comes(store: Store) -> None:
    await store.runs.accept(new())
    mark = await store.changes.mark(DEFAULT_TENANT)
    with anyio.fail_after(5):
        waiting = asyncio.create_task(store.changes.read(DEFAULT_TENANT, mark, wait=5))
        await store.runs.accept(new(tenant="other"))
        run = await store.runs.accept(new())
        [change] = await waiting
        assert change.run.run_id == str(run.run_id)


async def test_a_reader_who_waits_in_vain_gets_nothing(store: Store) -> None:
    await store.runs.accept(new())
    mark = await store.changes.mark(DEFAULT_TENANT)
    assert await store.changes.read(DEFAULT_TENANT, mark, wait=0.01) == []


async def test_who_follows_while_many_write_sees_the_last_of_every_run(store_url: str) -> None:
    """Writers of their own, whose commits overtake one another: whatever number the reader has reached, nothing that it
    has not seen ever turns up below it."""
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(open_store(store_url))
        alone = store_url == "memory://"
        writers = [reader] * 5 if alone else [await stack.enter_async_context(open_store(store_url)) for _ in range(5)]
        seen: dict[str, RunView] = {}
        numbers = [0]
        ended: dict[str, RunView] = {}

        async def write(store: Store) -> None:
            for _ in range(4):
                run = await held(store)
                for attempt in range(1, 6):
                    await store.log.append(run.run_id, [StepStart(step="brief", attempt=attempt)], epoch=run.epoch)
                await store.log.append(run.run_id, [LAST], epoch=run.epoch)
                ended[str(run.run_id)] = await store.runs.view(run.run_id, DEFAULT_TENANT)

        async def follow() -> None:
            while len(ended) < 20 or any(seen.get(run_id) != view for run_id, view in ended.items()):
                for change in await reader.changes.read(DEFAULT_TENANT, numbers[-1], limit=3, wait=5):
                    numbers.append(change.number)
                    seen[change.run.run_id] = change.run

        with anyio.fail_after(15):
            async with asyncio.TaskGroup() as group:
                group.create_task(follow())
                for writer in writers:
                    group.create_task(write(writer))
        assert all(one < other for one, other in pairwise(numbers))


# --- on PostgreSQL --------------------------------------------------------------------------------------------------

ACCEPT = "SELECT * FROM stepglass.accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
_APPEND = "SELECT * FROM stepglass.append($1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', '{}', '{}')"


async def append(connection: "asyncpg.Connection[asyncpg.Record]", run_id: UUID, epoch: int, view: RunView) -> None:
    """A worker's append, on a connection whose transaction we have in hand."""
    event = start()
    kept = view.model_copy(update={"tail_seq": view.tail_seq + 1}).model_dump_json()
    body = event.model_dump_json(exclude_none=True)
    which = [run_id], [epoch], [view.tail_seq], [kept], ["running"], [False]
    [row] = await connection.fetch(_APPEND, *which, [1], [event.type], [body])
    assert row["outcome"] == "stored"


async def test_a_change_that_commits_late_is_not_passed_over(postgres_store: Store, database_url: str) -> None:
    store = postgres_store
    late, soon = await held(store), await held(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    connection, looker = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        with anyio.fail_after(5):
            transaction = connection.transaction()
            await transaction.start()
            # It has its number, and is not committed.
            await append(connection, late.run_id, late.epoch, await store.runs.view(late.run_id, DEFAULT_TENANT))
            overtaking = asyncio.create_task(store.log.append(soon.run_id, [start()], epoch=soon.epoch))
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not (overtaking.done() or await looker.fetchval(waiting)):
                pass
            shown = await store.changes.read(DEFAULT_TENANT, mark)
            after = shown[-1].number if shown else mark
            await transaction.commit()
            await overtaking
            shown += await store.changes.read(DEFAULT_TENANT, after)
    finally:
        await connection.close()
        await looker.close()
    assert [UUID(change.run.run_id) for change in shown] == [late.run_id, soon.run_id]


async def test_writers_of_other_tenants_do_not_wait(postgres_store: Store, database_url: str) -> None:
    store = postgres_store
    theirs, ours = await held(store, tenant="theirs"), await held(store)
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await append(connection, theirs.run_id, theirs.epoch, await store.runs.view(theirs.run_id, "theirs"))
            with anyio.fail_after(5):
                await store.log.append(ours.run_id, [start()], epoch=ours.epoch)
    finally:
        await connection.close()


async def test_a_waiting_reader_hears_of_a_change_at_once(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pg_changes, "LOOK_EVERY", 60)
    run = await held(postgres_store)
    mark = await postgres_store.changes.mark(DEFAULT_TENANT)
    with anyio.fail_after(5):
        waiting = asyncio.create_task(postgres_store.changes.read(DEFAULT_TENANT, mark, wait=30))
        await postgres_store.log.append(run.run_id, [opened()], epoch=run.epoch)
        assert [change.run.status for change in await waiting] == ["running"]


async def test_a_waiting_reader_hears_through_a_dead_listen(
    proxy: Proxy, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "LOOK_EVERY", 60)
    monkeypatch.setattr(_pg_changes, "LOOK_EVERY", 0.05)
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        proxy.deaf = True
        with anyio.fail_after(5):
            waiting = asyncio.create_task(store.changes.read(DEFAULT_TENANT, wait=4))
            await elsewhere.runs.accept(new())
            assert len(await waiting) == 1


async def test_of_a_run_that_is_forgotten_that_it_is_gone_is_the_last_change(
    postgres_store: Store, database_url: str
) -> None:
    kept, gone = await held(postgres_store), await held(postgres_store)
    await postgres_store.log.append(gone.run_id, [LAST], epoch=gone.epoch)
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT stepglass.forget(now() + interval '1 day')") == 1
    finally:
        await connection.close()
    changes = await postgres_store.changes.read(DEFAULT_TENANT)
    ids = [(str(kept.run_id), False), (str(gone.run_id), True)]
    assert [(change.run.run_id, change.gone) for change in changes] == ids


async def test_runs_of_the_first_revision_are_in_the_feed_of_the_next(postgres: str) -> None:
    async with own_database(postgres, template="template1") as url:
        await asyncio.to_thread(lambda: asyncio.run(upgrade(url, "0001")))
        runs = [uuid7() for _ in range(3)]
        connection = await asyncpg.connect(url)
        for run_id in runs:
            view = opening(str(run_id)).model_dump_json()
            queued = new().first[0]
            values = run_id, DEFAULT_TENANT, "vision", "{}", None, b"", 900.0, None, 0.0, view
            await connection.execute(ACCEPT, *values, [queued.type], [queued.model_dump_json()])
        await connection.close()

        async with open_store(url) as store:
            assert [change[0] for change in await changed(store)] == runs
            await store.runs.request_cancel(runs[0], DEFAULT_TENANT)
            assert [change[0] for change in await changed(store)] == [*runs[1:], runs[0]]


async def test_l7_durations_of_before_are_those_of_the_only_tenant(postgres: str) -> None:
    async with own_database(postgres, template="template1") as url:
        await asyncio.to_thread(lambda: asyncio.run(upgrade(url, "0017")))
        connection = await asyncpg.connect(url)
        await connection.execute(
            "INSERT INTO stepglass.step_history (pipeline, profile, step, duration_ms) VALUES ('vision', '', 'qa', 7)"
        )
        await connection.execute(
            "INSERT INTO stepglass.runs (run_id, tenant, pipeline, input, body_hash, deadline_at, view) "
            "VALUES (gen_random_uuid(), 'acme', 'vision', '{}', '', 'infinity', '{}')"
        )
        await connection.close()

        async with open_store(url) as store:
            assert (await store.runs.history("acme", "vision", ""))["qa"].p50 == 7
            assert await store.runs.history("beta", "vision", "") == {}


async def test_a_change_is_found_without_looking_at_all_runs(postgres_store: Store, database_url: str) -> None:
    for _ in range(3):
        await postgres_store.runs.accept(new())
    connection = await asyncpg.connect(database_url)
    query = _pg_changes.READ.replace("$1", "'default'").replace("$2", "1").replace("$3", "100")
    try:
        await connection.execute("SET enable_seqscan = off")
        [row] = await connection.fetch(f"EXPLAIN (FORMAT JSON) {query}")
    finally:
        await connection.close()
    plan = json.dumps(json.loads(row[0]))
    assert "changes_in_order" in plan and "Sort" not in plan
