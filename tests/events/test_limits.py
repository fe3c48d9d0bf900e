"""What a tenant may ask for, on every store: nothing is accepted above a limit, and nothing below one is refused."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.contract import Usage, UsageData
from events.errors import KeyReused, OverLimit
from events.limits import Limits, Standing, smaller
from events.memory import open_memory
from events.runs import DEFAULT_TENANT
from events.store import Store, open_store
from tests.events.words import LAST, held, new, opened, start

NO_LIMIT = Limits()


def usage(cost: float | None) -> Usage:
    return Usage(step="brief", data=UsageData(model="m", input_tokens=1, output_tokens=1, cost_usd=cost))


async def refused(store: Store, limits: Limits, **more: object) -> OverLimit:
    with pytest.raises(OverLimit) as error:
        await store.runs.accept(new(**more), limits=limits)  # pyright: ignore[reportArgumentType] # words of `new`
    return error.value


async def test_who_accepts_learns_what_the_tenant_has_used(store: Store) -> None:
    standings = [(await store.runs.accept(new(), limits=NO_LIMIT)).standing for _ in range(2)]
    theirs = (await store.runs.accept(new(tenant="other"), limits=NO_LIMIT)).standing
    assert [standing and (standing.minute, standing.live, standing.spent) for standing in (*standings, theirs)] == [
        (1, 1, 0.0),
        (2, 2, 0.0),
        (1, 1, 0.0),
    ]
    assert standings[1] is not None and 50 < standings[1].minute_left <= 60 and 0 < standings[1].day_left <= 86_400
    assert (await store.runs.accept(new())).standing is None


async def test_no_more_runs_a_minute_than_the_limit(store: Store) -> None:
    limits = Limits(runs_per_minute=2)
    for _ in range(2):
        await store.runs.accept(new(), limits=limits)
    error = await refused(store, limits)
    assert error.limit == "runs_per_minute"
    assert error.standing.minute == 2 and 50 < error.standing.minute_left <= 60
    assert (await store.runs.accept(new(tenant="other"), limits=limits)).created
    assert len((await store.runs.page(DEFAULT_TENANT)).runs) == 2


async def test_runs_that_others_have_accepted_without_a_limit_are_counted(store: Store) -> None:
    await store.runs.accept(new())
    assert (await refused(store, Limits(runs_per_minute=1))).limit == "runs_per_minute"


async def test_no_more_live_runs_than_the_limit_until_one_has_ended(store: Store) -> None:
    limits = Limits(live_runs=2)
    run = await held(store)
    await store.runs.accept(new(), limits=limits)
    assert (await refused(store, limits)).limit == "live_runs"
    await store.log.append(run.run_id, [opened(), LAST], epoch=run.epoch)
    assert (await store.runs.accept(new(), limits=limits)).created
    assert (await refused(store, limits)).standing.live == 2


async def test_no_run_when_the_day_s_money_is_spent_by_what_ended_and_what_goes_on(store: Store) -> None:
    limits = Limits(spend_per_day=1.0)
    ended, live = await held(store), await held(store)
    await store.log.append(ended.run_id, [opened(), start(), usage(0.4), usage(None), LAST], epoch=ended.epoch)
    await store.log.append(live.run_id, [opened(), start(), usage(0.3)], epoch=live.epoch)
    assert (await store.runs.accept(new(), limits=limits)).created
    await store.log.append(live.run_id, [usage(0.3)], epoch=live.epoch)
    error = await refused(store, limits)
    assert (error.limit, error.standing.spent) == ("spend_per_day", 1.0)
    assert (await store.runs.accept(new(tenant="other"), limits=limits)).created


async def test_m7_what_a_tenant_has_used_can_be_asked_without_accepting_a_run(store: Store) -> None:
    ended, live = await held(store), await held(store)
    await store.log.append(ended.run_id, [opened(), start(), usage(0.4), usage(None), LAST], epoch=ended.epoch)
    await store.log.append(live.run_id, [opened(), start(), usage(0.3)], epoch=live.epoch)
    ours, theirs = await store.runs.standing(DEFAULT_TENANT), await store.runs.standing("other")
    assert (ours.spent, ours.live, theirs.spent, theirs.live) == (0.7, 1, 0.0, 0)
    assert 0 < ours.day_left <= 86_400


@pytest.mark.parametrize(
    ("wanted", "most", "budget"),
    [(None, None, None), (1.0, None, 1.0), (None, 2.0, 2.0), (1.0, 2.0, 1.0), (3.0, 2.0, 2.0)],
)
def test_m7_of_two_budgets_the_smaller_holds(wanted: float | None, most: float | None, budget: float | None) -> None:
    assert smaller(wanted, most) == budget


async def test_what_was_accepted_once_is_never_refused(store: Store) -> None:
    limits = Limits(runs_per_minute=1, live_runs=1)
    first = await store.runs.accept(new(key="k"), limits=limits)
    again = await store.runs.accept(new(key="k"), limits=limits)
    assert (again.run_id, again.created) == (first.run_id, False)
    assert again.standing is not None and again.standing.minute == 1
    with pytest.raises(KeyReused):
        await store.runs.accept(new(key="k", value={"a": 2}), limits=limits)
    assert (await refused(store, limits, key="other")).limit == "live_runs"


async def test_a_key_that_was_refused_is_free(store: Store) -> None:
    run = await held(store)
    await refused(store, Limits(live_runs=1), key="k")
    assert await store.runs.find(DEFAULT_TENANT, "k") is None
    await store.log.append(run.run_id, [opened(), LAST], epoch=run.epoch)
    assert (await store.runs.accept(new(key="k"), limits=Limits(live_runs=1))).created


@pytest.mark.parametrize(
    ("limits", "reached"),
    [
        (Limits(), None),
        (Limits(runs_per_minute=4, live_runs=3, spend_per_day=3.0), None),
        (Limits(runs_per_minute=3), "runs_per_minute"),
        (Limits(runs_per_minute=3, live_runs=2), "live_runs"),
        (Limits(runs_per_minute=3, live_runs=2, spend_per_day=2.5), "spend_per_day"),
    ],
)
def test_of_several_limits_the_one_is_named_that_holds_longest(limits: Limits, reached: str | None) -> None:
    standing = Standing(minute=3, minute_left=9, live=2, spent=2.5, day_left=99)
    assert limits.reached(standing) == reached


async def test_after_a_minute_there_is_room_again_for_as_many_as_were_accepted_by_then() -> None:
    now = 0.0
    limits = Limits(runs_per_minute=2)
    async with open_memory(lambda: now) as store:
        await store.runs.accept(new(), limits=limits)
        now = 20.0
        await store.runs.accept(new(), limits=limits)
        now = 30.0
        with pytest.raises(OverLimit) as error:
            await store.runs.accept(new(), limits=limits)
        assert error.value.standing.minute_left == 30
        now = 60.0
        assert (await store.runs.accept(new(), limits=limits)).created
        with pytest.raises(OverLimit) as error:
            await store.runs.accept(new(), limits=limits)
        assert error.value.standing.minute_left == 20


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[tuple[Store, Store]]:
    """As two processes have them."""
    async with open_store(database_url) as one, open_store(database_url) as other:
        yield one, other


@pytest.mark.parametrize("limits", [Limits(runs_per_minute=7), Limits(live_runs=7)])
async def test_of_forty_at_once_through_two_processes_exactly_as_many_as_may_are_accepted(
    two: tuple[Store, Store], limits: Limits
) -> None:
    async def accepted(store: Store) -> bool:
        try:
            return (await store.runs.accept(new(), limits=limits)).created
        except OverLimit:
            return False

    assert sum(await asyncio.gather(*(accepted(store) for store in two * 20))) == 7


async def test_twenty_at_once_with_one_key_are_one_run_and_none_of_them_is_refused(two: tuple[Store, Store]) -> None:
    accepts = [store.runs.accept(new(key="k"), limits=Limits(live_runs=1)) for store in two * 10]
    assert len({one.run_id for one in await asyncio.gather(*accepts)}) == 1


async def test_a_minute_and_a_day_are_those_of_the_database(postgres_store: Store, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        limits = Limits(runs_per_minute=2, spend_per_day=1.0)
        run = await held(postgres_store)
        await postgres_store.log.append(run.run_id, [opened(), start(), usage(2.0), LAST], epoch=run.epoch)
        assert (await refused(postgres_store, limits)).limit == "spend_per_day"
        await connection.execute("UPDATE stepglass.run_totals SET ended_at = ended_at - interval '1 day'")
        await connection.execute("UPDATE stepglass.runs SET created_at = created_at - interval '45 seconds'")
        await postgres_store.runs.accept(new(), limits=limits)
        error = await refused(postgres_store, limits)
        assert error.limit == "runs_per_minute"
        assert 10 < error.standing.minute_left <= 15
        await connection.execute("UPDATE stepglass.runs SET created_at = created_at - interval '16 seconds'")
        assert (await postgres_store.runs.accept(new(), limits=limits)).created
    finally:
        await connection.close()
