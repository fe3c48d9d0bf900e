"""What is promised of runs that are paused or parked, on every store."""

import asyncio

import anyio
import asyncpg
import pytest

from events.errors import Fenced, RunEnded, UnknownRun
from events.runs import DEFAULT_TENANT
from events.store import Store
from tests.events.words import LAST, chunk, held, new, opened, story


async def test_a_paused_run_that_nobody_held_is_offered_to_nobody(store: Store) -> None:
    run_id = (await store.runs.accept(new())).run_id
    await store.runs.pause(run_id, DEFAULT_TENANT, "ada")
    await store.runs.pause(run_id, DEFAULT_TENANT, "ada")
    assert await store.runs.claim("me") is None
    assert await store.runs.claim("me", run_id=run_id) is None
    assert (await store.runs.view(run_id, DEFAULT_TENANT)).status == "paused"

    await store.runs.unpause(run_id, DEFAULT_TENANT)
    await store.runs.unpause(run_id, DEFAULT_TENANT)
    assert await story(store.log, run_id) == ["run_queued", "run_paused", "run_unpaused"]
    assert (await store.runs.view(run_id, DEFAULT_TENANT)).status == "queued"
    claim = await store.runs.claim("me")
    assert claim is not None
    assert (claim.losses, claim.taken_over) == (0, False)


async def test_the_holder_of_a_paused_run_hears_of_it_goes_on_and_parks_it_when_it_likes(store: Store) -> None:
    run = await held(store)
    async with store.runs.wakeups() as wakeups:
        await store.runs.pause(run.run_id, DEFAULT_TENANT)
        with anyio.fail_after(5):
            assert await anext(wakeups) == run.run_id
    assert await store.runs.renew(run.run_id, run.epoch) == "pause"
    await store.log.append(run.run_id, [opened(), chunk("to the end")], epoch=run.epoch)

    await store.runs.park(run.run_id, run.epoch)
    assert (await store.runs.header(run.run_id, DEFAULT_TENANT)).holder is None
    assert await store.runs.claim("me") is None
    with pytest.raises(Fenced):
        await store.log.append(run.run_id, [chunk("late")], epoch=run.epoch)
    with pytest.raises(Fenced):
        await store.runs.park(run.run_id, run.epoch)


async def test_a_run_that_goes_on_is_offered_at_once_and_counts_no_loss(store: Store) -> None:
    run = await held(store)
    await store.runs.pause(run.run_id, DEFAULT_TENANT)
    await store.runs.park(run.run_id, run.epoch)
    async with store.runs.wakeups() as wakeups:
        await store.runs.unpause(run.run_id, DEFAULT_TENANT)
        with anyio.fail_after(5):
            # On PostgreSQL a hint of the pause may still be under way.
            while await anext(wakeups) is not None:
                continue
    claim = await store.runs.claim("me")
    assert claim is not None
    assert (claim.losses, claim.taken_over, claim.epoch) == (0, True, run.epoch + 1)


async def test_a_word_between_the_decision_to_park_and_the_parking_is_not_lost(store: Store) -> None:
    run = await held(store)
    await store.runs.pause(run.run_id, DEFAULT_TENANT)
    await store.runs.unpause(run.run_id, DEFAULT_TENANT)
    await store.runs.park(run.run_id, run.epoch)
    assert await store.runs.claim("me") is not None

    other = await held(store, "worker")
    await store.runs.request_cancel(other.run_id, DEFAULT_TENANT)
    await store.runs.park(other.run_id, other.epoch)
    claim = await store.runs.claim("me")
    assert claim is not None and claim.run_id == other.run_id


async def test_a_paused_run_whose_holder_was_lost_is_taken_to_be_parked(store: Store) -> None:
    run = await held(store)
    await store.runs.pause(run.run_id, DEFAULT_TENANT)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    claim = await store.runs.claim("another")
    assert claim is not None
    await store.runs.park(run.run_id, claim.epoch)
    assert await store.runs.claim("a third") is None


async def test_a_parked_run_may_be_claimed_when_its_time_has_come(store: Store) -> None:
    run = await held(store)
    await store.runs.park(run.run_id, run.epoch, seconds=3600)
    assert await store.runs.claim("me") is None
    later = await held(store)
    await store.runs.park(later.run_id, later.epoch, seconds=0)
    claim = await store.runs.claim("me")
    assert claim is not None and claim.run_id == later.run_id


async def test_the_clock_of_a_parked_run_stands_still(postgres_store: Store, database_url: str) -> None:
    run = await held(postgres_store, deadline=100.0)
    await postgres_store.runs.pause(run.run_id, DEFAULT_TENANT)
    await postgres_store.runs.park(run.run_id, run.epoch)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "UPDATE stepglass.runs SET parked_at = parked_at - interval '1 h', deadline_at = deadline_at - interval '1 h'"
    )
    await connection.close()
    await postgres_store.runs.unpause(run.run_id, DEFAULT_TENANT)
    claim = await postgres_store.runs.claim("me")
    assert claim is not None
    assert 90 < claim.seconds_left <= 100.5


async def test_a_parked_run_that_is_cancelled_ends_at_once(store: Store) -> None:
    run = await held(store)
    await store.runs.pause(run.run_id, DEFAULT_TENANT)
    await store.runs.park(run.run_id, run.epoch)
    assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT) is True
    assert (await store.runs.view(run.run_id, DEFAULT_TENANT)).status == "cancelled"


async def test_neither_an_ended_nor_another_tenant_s_run_can_be_paused(store: Store) -> None:
    run = await held(store)
    for wish in (store.runs.pause, store.runs.unpause):
        with pytest.raises(UnknownRun):
            await wish(run.run_id, "acme")
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    for wish in (store.runs.pause, store.runs.unpause):
        with pytest.raises(RunEnded):
            await wish(run.run_id, DEFAULT_TENANT)


@pytest.mark.parametrize("round", range(3))
async def test_whatever_order_pauses_and_parking_come_in_a_run_that_is_not_paused_can_be_claimed(
    store: Store, round: int
) -> None:
    run = await held(store)
    wishes = [store.runs.pause, store.runs.unpause, store.runs.pause, store.runs.unpause]
    await asyncio.gather(
        *(wish(run.run_id, DEFAULT_TENANT) for wish in wishes[round:]), store.runs.park(run.run_id, run.epoch)
    )
    await store.runs.unpause(run.run_id, DEFAULT_TENANT)
    paused = (await store.runs.view(run.run_id, DEFAULT_TENANT)).status == "paused"
    assert not paused
    # Where nothing was said while it was held or parked, it stays parked: nobody had paused it.
    said = "run_unpaused" in await story(store.log, run.run_id)
    assert (await store.runs.claim("me") is not None) == said
