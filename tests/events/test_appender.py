"""One writer for all runs of a process: what shares a commit, what is merged, and who fails with whom."""

import asyncio
from uuid import UUID

import anyio
import asyncpg
import pytest

from events import _appender
from events.contract import Event, ModelChunk
from events.errors import Fenced, RunEnded, StoreUnavailable
from events.fold import fold_all
from events.runs import DEFAULT_TENANT
from events.store import Store, open_store
from tests.events.locks import locked
from tests.events.words import LAST, OUTSIDE, chunk, complete, held, new, start, story, text
from tests.proxy import Proxy


async def commits(url: str) -> dict[int, list[tuple[str, str]]]:
    """Per transaction, which run got which type of event."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT xmin::text::int AS tx, run_id, type FROM stepglass.events WHERE seq > 1")
    finally:
        await connection.close()
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["tx"], []).append((str(row["run_id"]), row["type"]))
    return found


async def chunks(store: Store, run_id: UUID) -> list[ModelChunk]:
    events = [entry.event for entry in await store.log.read(run_id)]
    return [event for event in events if isinstance(event, ModelChunk)]


async def test_what_many_runs_say_at_once_is_one_commit(postgres_store: Store, database_url: str) -> None:
    runs = [await held(postgres_store) for _ in range(10)]
    said = [postgres_store.log.submit(run.run_id, [start()], epoch=run.epoch) for run in runs]
    await asyncio.gather(*said)
    [together] = (await commits(database_url)).values()
    assert sorted(together) == sorted((str(run.run_id), "step_start") for run in runs)


async def test_what_comes_while_a_commit_is_under_way_is_the_next_commit(
    postgres_store: Store, database_url: str
) -> None:
    run, other = await held(postgres_store), await held(postgres_store)
    async with locked(database_url, run.run_id) as blocked:
        first = postgres_store.log.submit(run.run_id, [start()], epoch=run.epoch)
        await blocked()
        later = [postgres_store.log.submit(other.run_id, [start(f"s{i}")], epoch=other.epoch) for i in range(20)]
    await asyncio.gather(first, *later)
    assert sorted(len(events) for events in (await commits(database_url)).values()) == [1, 20]


async def test_neighbouring_chunks_of_one_place_become_one(postgres_store: Store) -> None:
    run = await held(postgres_store)
    said = [
        chunk("a", ts=11),
        chunk("b", ts=12),
        chunk("c", ts=13),
        chunk("d", lane="x"),
        chunk("e", lane="x", round=1),
        chunk("f", lane="x", round=1, attempt=2),
        chunk("g", "qa"),
        start("other"),
        chunk("h", "qa"),
    ]
    futures = [postgres_store.log.submit(run.run_id, [event], epoch=run.epoch) for event in said]
    assert await asyncio.gather(*futures) == [2, 2, 2, 3, 4, 5, 6, 7, 8]
    merged = await chunks(postgres_store, run.run_id)
    assert [(one.data.text, one.data.tokens) for one in merged] == [
        *[("abc", 3), ("d", 1), ("e", 1), ("f", 1), ("g", 1), ("h", 1)]
    ]
    assert merged[0].ts == 11


async def test_what_is_appended_in_one_piece_is_not_merged(postgres_store: Store) -> None:
    run = await held(postgres_store)
    assert await postgres_store.log.append(run.run_id, [chunk("a"), chunk("b")], epoch=run.epoch) == 3
    whole = postgres_store.log.submit(run.run_id, [chunk("c"), chunk("d")], epoch=run.epoch)
    alone = postgres_store.log.submit(run.run_id, [chunk("e")], epoch=run.epoch)
    assert (await whole, await alone) == (5, 6)


async def test_merged_chunks_add_up_to_the_same_text_and_tokens(postgres_store: Store) -> None:
    run = await held(postgres_store)
    words = [f"wörd{i} \U0001f600" for i in range(2_000)]
    futures: list[asyncio.Future[int]] = []
    for index, word in enumerate(words):
        futures.append(postgres_store.log.submit(run.run_id, [chunk(word)], epoch=run.epoch))
        if index % 97 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*futures)
    merged = await chunks(postgres_store, run.run_id)
    assert len(merged) < len(words) / 2
    assert "".join(one.data.text for one in merged) == "".join(words)
    assert sum(one.data.tokens for one in merged) == len(words)


async def test_half_a_surrogate_pair_stops_no_run(postgres_store: Store) -> None:
    run = await held(postgres_store)
    await postgres_store.log.append(run.run_id, [chunk("before \ud83d after")], epoch=run.epoch)
    assert await text(postgres_store.log, run.run_id) == "before \ufffd after"


async def test_a_fenced_run_drops_out_alone(postgres_store: Store) -> None:
    fenced, ended, fine = [await held(postgres_store) for _ in range(3)]
    await postgres_store.log.append(ended.run_id, [LAST], epoch=ended.epoch)
    futures = [
        postgres_store.log.submit(fenced.run_id, [start()], epoch=fenced.epoch + 7),
        postgres_store.log.submit(ended.run_id, [start()], epoch=ended.epoch),
        postgres_store.log.submit(fine.run_id, [start()], epoch=fine.epoch),
    ]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(result) for result in results] == [Fenced, RunEnded, int]


async def test_what_stands_behind_a_last_word_fails_and_the_last_word_holds(postgres_store: Store) -> None:
    run = await held(postgres_store)
    futures = [postgres_store.log.submit(run.run_id, [event], epoch=run.epoch) for event in (start(), LAST, chunk("x"))]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert results[:2] == [2, 3]
    assert isinstance(results[2], RunEnded)


async def test_an_outsider_from_another_process_costs_the_holder_nothing(
    postgres_store: Store, database_url: str
) -> None:
    run = await held(postgres_store)
    async with open_store(database_url) as elsewhere:
        for index in range(5):
            await postgres_store.log.append(run.run_id, [start(f"s{index}")], epoch=run.epoch)
            await elsewhere.log.append(run.run_id, [OUTSIDE])
        await elsewhere.runs.request_cancel(run.run_id, DEFAULT_TENANT)
    await postgres_store.log.append(run.run_id, [LAST], epoch=run.epoch)
    entries = await postgres_store.log.read(run.run_id)
    assert [entry.seq for entry in entries] == list(range(1, 13))
    assert await postgres_store.runs.view(run.run_id, DEFAULT_TENANT) == fold_all(str(run.run_id), entries)


async def test_a_cancelled_append_still_stands_before_what_follows(postgres_store: Store) -> None:
    run = await held(postgres_store)
    waiting = asyncio.create_task(postgres_store.log.append(run.run_id, [start()], epoch=run.epoch))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await postgres_store.log.append(run.run_id, [complete()], epoch=run.epoch) == 3
    assert await story(postgres_store.log, run.run_id) == ["run_queued", "step_start", "step_complete"]


async def test_an_append_without_an_event_is_a_mistake(postgres_store: Store) -> None:
    run = await held(postgres_store)
    with pytest.raises(ValueError, match="without an event"):
        await postgres_store.log.append(run.run_id, [], epoch=run.epoch)


async def test_leaving_the_store_stores_what_was_submitted(database_url: str) -> None:
    async with open_store(database_url) as store:
        run = await held(store)
        # The epoch changes every time, so that each of these is a commit of its own.
        said = [
            store.log.submit(run.run_id, [event], epoch=epoch)
            for event, epoch in [(start(), run.epoch), (OUTSIDE, None)] * 20
        ]
    assert [future.result() for future in said] == list(range(2, 42))


async def test_a_full_queue_makes_append_wait_and_refuses_submit(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_appender, "FULL", 10)
    run = await held(postgres_store)
    said = [postgres_store.log.submit(run.run_id, [start(f"s{i}")], epoch=run.epoch) for i in range(25)]
    assert isinstance(said[-1].exception(), StoreUnavailable)
    with anyio.fail_after(5):
        last = await postgres_store.log.append(run.run_id, [complete()], epoch=run.epoch)
    assert [future.exception() is None for future in said] == [True] * 20 + [False] * 5
    assert last == 22


# --- the database, or the way to it, breaks -------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["question", "answer"])
@pytest.mark.parametrize("outsider", [False, True])
async def test_a_commit_whose_answer_was_lost_is_stored_once(
    proxy: Proxy, database_url: str, lost: str, outsider: bool
) -> None:
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        run = await held(store)
        await store.log.append(run.run_id, [start()], epoch=run.epoch)
        (proxy.lose_answer_to if lost == "answer" else proxy.lose)(b"the fatal text")
        said: list[Event] = [chunk("the fatal text"), complete()]
        with anyio.fail_after(10):
            waiting = asyncio.create_task(store.log.append(run.run_id, said, epoch=run.epoch))
            await proxy.lost.wait()
            if outsider:
                await elsewhere.log.append(run.run_id, [OUTSIDE])
            at = await waiting
            await store.log.append(run.run_id, [LAST], epoch=run.epoch)
        entries = await elsewhere.log.read(run.run_id)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.type for entry in entries].count("step_complete") == 1
        assert await text(elsewhere.log, run.run_id) == "the fatal text"
        assert entries[at - 1].type == "step_complete"
        assert await store.runs.view(run.run_id, DEFAULT_TENANT) == fold_all(str(run.run_id), entries)


async def test_a_last_word_whose_answer_was_lost_is_no_error(proxy: Proxy) -> None:
    async with open_store(proxy.url) as store:
        run = await held(store)
        proxy.lose_answer_to(b'"type":"complete"')
        with anyio.fail_after(10):
            assert await store.log.append(run.run_id, [LAST], epoch=run.epoch) == 2
        assert await story(store.log, run.run_id) == ["run_queued", "complete"]


async def test_an_accept_whose_answer_was_lost_makes_one_run(proxy: Proxy) -> None:
    async with open_store(proxy.url) as store:
        for key in (None, "k"):
            proxy.lose_answer_to(b'"type":"run_queued"')
            with anyio.fail_after(10):
                run = await store.runs.accept(new(key=key))
            assert run.created
            assert proxy.lost.is_set()
        assert len((await store.runs.page(DEFAULT_TENANT)).runs) == 2


async def test_connections_cut_again_and_again_cost_no_event(proxy: Proxy, database_url: str) -> None:
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        runs = [await held(store) for _ in range(4)]

        async def work(run_id: UUID, epoch: int) -> None:
            for index in range(60):
                await store.log.append(run_id, [chunk(f"{index},")], epoch=epoch)
            await store.log.append(run_id, [LAST], epoch=epoch)

        with anyio.fail_after(15):
            async with asyncio.TaskGroup() as group:
                for run in runs:
                    group.create_task(work(run.run_id, run.epoch))
                for number in range(8):
                    await elsewhere.log.read(runs[0].run_id, 7 * number, wait=10)
                    proxy.cut()
        for run in runs:
            assert await text(store.log, run.run_id) == "".join(f"{index}," for index in range(60))


async def test_a_commit_that_comes_through_after_its_connection_died_is_stored_once(
    proxy: Proxy, database_url: str
) -> None:
    async with open_store(proxy.url) as store:
        run = await held(store)
        async with locked(database_url, run.run_id) as blocked:
            waiting = store.log.submit(run.run_id, [start(), chunk("once")], epoch=run.epoch)
            await blocked()
            # The server goes on waiting for the lock and does not see that nobody wants the answer any more.
            proxy.cut()
            await blocked(2)
        with anyio.fail_after(10):
            assert await waiting == 3
        assert await text(store.log, run.run_id) == "once"
        assert await story(store.log, run.run_id) == ["run_queued", "step_start", "model_chunk"]


async def test_a_database_that_stays_away_fails_all_that_waits_and_hides_no_hole(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(proxy.url) as store:
        run = await held(store)
        monkeypatch.setattr(_appender, "PATIENCE", 0.3)
        proxy.away = True
        proxy.cut()
        with anyio.fail_after(5):
            said = [store.log.submit(run.run_id, [chunk("a")], epoch=run.epoch)]
            while not said[0].done():
                said.append(store.log.submit(run.run_id, [start()], epoch=run.epoch))
                await asyncio.sleep(0)
            results = await asyncio.gather(*said, return_exceptions=True)
        assert {type(result) for result in results} == {StoreUnavailable}
        proxy.away = False
        # Something is missing now, and what is submitted without looking must not stand in its place.
        assert isinstance(store.log.submit(run.run_id, [start()], epoch=run.epoch).exception(), StoreUnavailable)
        assert await story(store.log, run.run_id) == ["run_queued"]
        assert await store.log.append(run.run_id, [start()], epoch=run.epoch) == 2
        assert await store.log.submit(run.run_id, [complete()], epoch=run.epoch) == 3


async def test_a_database_that_does_not_answer_at_all_is_given_up_in_time(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(proxy.url) as store:
        run = await held(store)
        monkeypatch.setattr(_appender, "PATIENCE", 0.3)
        proxy.flowing.clear()
        with anyio.fail_after(5):
            with pytest.raises(StoreUnavailable):
                await store.log.append(run.run_id, [start()], epoch=run.epoch)
            proxy.flowing.set()
            monkeypatch.setattr(_appender, "PATIENCE", 5.0)
            assert await store.log.append(run.run_id, [complete()], epoch=run.epoch) in (2, 3)
