"""What only a store that several processes share can get wrong about runs."""

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import asyncpg
import pytest

from events import _pg_wishes as wishes
from events.runs import DEFAULT_TENANT
from events.store import Store, open_store
from tests.events.locks import locked
from tests.events.words import LAST, held, new, story


async def test_a_run_that_somebody_is_busy_with_keeps_nobody_from_the_next(
    postgres_store: Store, database_url: str
) -> None:
    busy, free = await postgres_store.runs.accept(new()), await postgres_store.runs.accept(new())
    async with locked(database_url, busy.run_id):
        with anyio.fail_after(3):
            claim = await postgres_store.runs.claim("me")
            assert claim is not None
            assert claim.run_id == free.run_id
            assert await postgres_store.runs.claim("me") is None
    claim = await postgres_store.runs.claim("me")
    assert claim is not None
    assert claim.run_id == busy.run_id


async def test_a_claim_that_had_to_wait_sees_what_it_waited_for(postgres_store: Store, database_url: str) -> None:
    run = await held(postgres_store, "first")
    await postgres_store.runs.renew(run.run_id, run.epoch, lease=0)
    async with open_store(database_url) as elsewhere:
        async with locked(database_url, run.run_id) as blocked:
            released = asyncio.create_task(postgres_store.runs.release(run.run_id, run.epoch))
            await blocked(1)
            claimed = asyncio.create_task(elsewhere.runs.claim("second", run_id=run.run_id))
            await blocked(2)
        await released
        claim = await claimed
    assert claim is not None
    # It was released before it was claimed, though its lease had run out when the claim began: not a loss.
    assert (claim.losses, claim.taken_over) == (0, True)


async def test_many_processes_share_the_runs_out_without_one_twice(database_url: str) -> None:
    async with open_store(database_url) as one, open_store(database_url) as two, open_store(database_url) as three:
        accepted = {(await one.runs.accept(new())).run_id for _ in range(30)}

        async def work(store: Store, name: str) -> list[object]:
            mine: list[object] = []
            while claim := await store.runs.claim(name):
                mine.append(claim.run_id)
            return mine

        shares = await asyncio.gather(*(work(store, f"w{i}") for i, store in enumerate((one, two, three))))
    assert sorted(map(str, (run for share in shares for run in share))) == sorted(map(str, accepted))


async def test_twenty_processes_that_accept_one_key_make_one_run(database_url: str) -> None:
    async with open_store(database_url) as one, open_store(database_url) as two:
        accepts = [store.runs.accept(new(key="k")) for store in (one, two) * 10]
        accepted = await asyncio.gather(*accepts)
    assert len({run.run_id for run in accepted}) == 1
    assert [run.created for run in accepted].count(True) == 1


async def test_cancels_from_everywhere_and_the_end_leave_one_last_word(database_url: str) -> None:
    async with open_store(database_url) as one, open_store(database_url) as two:
        for _ in range(10):
            run = await held(one)
            await one.runs.renew(run.run_id, run.epoch, lease=0)
            await asyncio.gather(
                two.runs.request_cancel(run.run_id, DEFAULT_TENANT),
                one.log.append(run.run_id, [LAST], epoch=run.epoch),
                one.runs.request_cancel(run.run_id, DEFAULT_TENANT),
                two.runs.claim("next", run_id=run.run_id),
                return_exceptions=True,
            )
            told = await story(two.log, run.run_id)
            assert len([word for word in told if word in ("complete", "cancelled")]) <= 1
            assert "complete" not in told[:-1]
            assert "cancelled" not in told[:-1]


class Heard:
    """A connection whose statements are kept, in order."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._connection, name)

        def heard(statement: str, *arguments: Any) -> Any:
            self.statements.append(statement)
            return call(statement, *arguments)

        return heard


@pytest.mark.parametrize("wish", [wishes.cancel, wishes.pause])
async def test_what_the_others_wait_for_is_locked_in_the_last_statement_of_a_wish(
    postgres_store: Store, database_url: str, wish: Callable[..., Any]
) -> None:
    run = await held(postgres_store)
    connection = await asyncpg.connect(database_url)
    heard = Heard(connection)
    async with connection.transaction():
        await wish(heard, run.run_id, DEFAULT_TENANT, "test")
    await connection.close()
    assert "stepglass.append" in heard.statements[-1]
    assert len([each for each in heard.statements if "stepglass.append" in each]) == 1
    assert any("stepglass_control" in each for each in heard.statements), "its holder is told"
