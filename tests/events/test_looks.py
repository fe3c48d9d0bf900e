"""Following logs in PostgreSQL: one question for all who ask at a time, and none that would find nothing."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import anyio
import asyncpg
import pytest

from events import _listener, _looks
from events._looks import Looks, open_looks
from events._pg import Database, open_database
from events.errors import StoreUnavailable
from events.store import Store
from tests.events.words import chunk, held


@pytest.fixture
async def database(postgres_store: Store, database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many logs each question was."""
    asked: list[int] = []
    answer = Looks._answer  # pyright: ignore[reportPrivateUsage] # each question is one of these

    async def counted(looks: Looks, questions: list[_looks.Question]) -> None:
        asked.append(len(questions))
        await answer(looks, questions)

    monkeypatch.setattr(Looks, "_answer", counted)
    return asked


async def test_who_has_read_all_that_was_heard_of_waits_without_a_look(
    postgres_store: Store, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "LOOK_EVERY", 60)
    run, log, seq = await held(postgres_store), postgres_store.log, 1
    with anyio.fail_after(10):
        for number in range(5):
            reading = asyncio.create_task(log.read(run.run_id, seq, wait=9))
            await anyio.wait_all_tasks_blocked()
            await log.append(run.run_id, [chunk(str(number))], epoch=run.epoch)
            (entry,) = await reading
            seq = entry.seq
    # The first of them could not know what there was.
    assert len(asked) == 6 and seq == 6


async def test_all_who_ask_at_a_time_are_in_one_question_and_each_gets_its_own(
    postgres_store: Store, database: Database, asked: list[int]
) -> None:
    runs = [await held(postgres_store) for _ in range(5)]
    for number, run in enumerate(runs):
        for text in range(number):
            await postgres_store.log.append(run.run_id, [chunk(f"{number}.{text}")], epoch=run.epoch)
    async with open_looks(database) as looks:
        found = await asyncio.gather(*(looks.look(run.run_id, 1, 1000) for run in runs))
        assert asked == [5]
        assert found == [await looks.page(run.run_id, 1, 1000) for run in runs]
    assert [[entry.seq for entry in entries] for entries in found] == [list(range(2, 2 + n)) for n in range(5)]
    assert {entry.run_id for entry in found[3]} == {runs[3].run_id}


async def test_who_asks_for_too_much_together_gets_some_of_it(
    postgres_store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_looks, "ENTRIES", 6)
    runs = [await held(postgres_store) for _ in range(2)]
    for run in runs:
        await postgres_store.log.append(run.run_id, [chunk(str(n), lane=str(n)) for n in range(9)], epoch=run.epoch)
    async with open_looks(database) as looks:
        found = await asyncio.gather(*(looks.look(run.run_id, 2, 1000) for run in runs))
        assert [[entry.seq for entry in entries] for entries in found] == [[3, 4, 5], [3, 4, 5]]
        (alone,) = await asyncio.gather(looks.look(runs[0].run_id, 2, 4))
        assert [entry.seq for entry in alone] == [3, 4, 5, 6]


async def test_one_who_leaves_takes_nobodys_answer_along(postgres_store: Store, database: Database) -> None:
    first, second = await held(postgres_store), await held(postgres_store)
    async with open_looks(database) as looks:
        leaving = asyncio.create_task(looks.look(first.run_id, 0, 10))
        staying = asyncio.create_task(looks.look(second.run_id, 0, 10))
        await asyncio.sleep(0)
        leaving.cancel()
        with anyio.fail_after(5):
            assert [entry.type for entry in await staying] == ["run_queued"]
        assert leaving.cancelled()


async def test_a_question_that_fails_fails_for_all_in_it_and_for_nobody_after_it(
    postgres_store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await held(postgres_store)
    async with open_looks(database) as looks:
        with monkeypatch.context() as patched:
            patched.setattr(_looks, "_MANY", "SELECT 1 FROM stepglass.nowhere WHERE $1::uuid[] = '{}' AND $2 = $3")
            both = [looks.look(run.run_id, 0, 10), looks.look(run.run_id, 0, 10)]
            said = await asyncio.gather(*both, return_exceptions=True)
            assert [type(each) for each in said] == [asyncpg.UndefinedTableError] * 2
        assert len(await looks.look(run.run_id, 0, 10)) == 1


async def test_who_still_waits_when_the_store_is_closed_is_told(database: Database) -> None:
    async with open_looks(database) as looks:
        asking = asyncio.create_task(looks.look(uuid4(), 0, 10))
        await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await asking


async def test_the_question_of_many_logs_finds_each_by_its_place(postgres_store: Store, database_url: str) -> None:
    """Whatever their number: never by reading through all that there ever was."""
    runs = [await held(postgres_store) for _ in range(3)]
    for run in runs:
        await postgres_store.log.append(run.run_id, [chunk(str(n), lane=str(n)) for n in range(700)], epoch=run.epoch)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("ANALYZE stepglass.events; SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked (uuid[], bigint[], integer) AS {_looks._MANY}")  # pyright: ignore[reportPrivateUsage]
        ids = ", ".join(f"'{run.run_id}'" for run in runs)
        rows = await connection.fetch(f"EXPLAIN EXECUTE asked (ARRAY[{ids}]::uuid[], '{{1, 1, 1}}', 10)")
    finally:
        await connection.close()
    found = "\n".join(row[0] for row in rows)
    assert "events_pkey" in found and "Seq Scan" not in found, found
