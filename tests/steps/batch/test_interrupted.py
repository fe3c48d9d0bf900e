"""A batch that is paused, cancelled, late, or whose worker is lost."""

import asyncio
from uuid import UUID

from steps.errors import CANCELLED
from tests.fundamentals.conftest import Clock
from tests.steps.batch.yard import Yard, order

NAMES = ("ann", "bob", "cid", "dan")


async def about(yard: Yard, run_id: UUID) -> list[str]:
    return [str(child.title) for child in await yard.children(run_id)]


async def test_a_batch_whose_worker_is_lost_goes_on_and_begins_no_run_twice(yard: Yard):
    yard.holds("bob", "cid")
    yard.broken = {"ann"}
    run_id = await yard.begin(order(*NAMES, concurrency=2))
    first = await yard.carry(run_id)
    carrying = asyncio.create_task(first.go())
    async with yard.at_work(but_batches=True):
        await yard.until(run_id, failed=1, running=2)
        first.end("lost")
        assert (await carrying).kind == "lost"
        for name in ("bob", "cid"):
            yard.held[name].open()
        clock(yard).now += 100

        assert (await (await yard.carry(run_id, "another worker")).go()).kind == "complete"

    assert sorted(await about(yard, run_id)) == sorted(NAMES)
    assert set(yard.fetched.values()) == {1}
    counts = (await yard.view(run_id)).counts
    assert counts is not None and (counts.complete, counts.failed, counts.skipped) == (3, 1, 0)
    assert {key: part["status"] for key, part in (await yard.parts(run_id)).items()} == {
        "ann": "error",
        "bob": "complete",
        "cid": "complete",
        "dan": "complete",
    }
    await yard.check()


async def test_what_is_under_way_when_a_batch_is_taken_over_counts_for_how_many_may_be(yard: Yard):
    yard.holds(*NAMES)
    run_id = await yard.begin(order(*NAMES, concurrency=2))
    first = await yard.carry(run_id)
    carrying = asyncio.create_task(first.go())
    async with yard.at_work(but_batches=True):
        await yard.until(run_id, running=2)
        first.end("lost")
        await carrying
        clock(yard).now += 100
        second = asyncio.create_task((await yard.carry(run_id, "another worker")).go())
        await yard.heard(run_id, "run_resumed")
        for name in NAMES:
            await yard.held[name].reached.wait()
            yard.held[name].open()
        assert (await second).kind == "complete"
    assert yard.most == 2


async def test_a_run_whose_beginning_nobody_heard_of_is_found_by_its_key(yard: Yard):
    """The worker was lost between the commit of the item's run and the next word of the batch."""
    run_id = await yard.begin(order("ann"))
    carry = await yard.carry(run_id)
    begun = yard.store.runs.accept

    async def lost(*args: object, **named: object) -> None:
        await begun(*args, **named)  # pyright: ignore[reportArgumentType]
        carry.end("lost")
        await asyncio.Event().wait()

    yard.store.runs.accept = lost  # pyright: ignore[reportAttributeAccessIssue]
    assert (await carry.go()).kind == "lost"
    yard.store.runs.accept = begun
    clock(yard).now += 100

    async with yard.at_work(but_batches=True):
        assert (await (await yard.carry(run_id, "another worker")).go()).kind == "complete"

    assert await about(yard, run_id) == ["ann"]
    await yard.check()


async def test_a_paused_batch_is_held_by_nobody_and_goes_on_with_what_is_left(yard: Yard):
    yard.holds("ann")
    run_id = await yard.begin(order(*NAMES, concurrency=1))
    async with yard.at_work() as worker:
        await yard.held["ann"].reached.wait()
        await yard.store.runs.pause(run_id, "default")
        await yard.parked(run_id)
        yard.held["ann"].open()
        (child,) = await yard.children(run_id)
        await yard.over(UUID(child.run_id))
        assert run_id not in worker._live  # pyright: ignore[reportPrivateUsage] - what it carries now
        assert yard.fetched == {"ann": 1}, "its end is under way already, and nothing else begins"

        await yard.store.runs.unpause(run_id, "default")

        assert await yard.over(run_id) == "complete"
    assert await about(yard, run_id) == list(NAMES)
    assert set(yard.fetched.values()) == {1}
    await yard.check()


async def test_what_is_under_way_of_a_batch_that_is_cancelled_is_cancelled_too(yard: Yard):
    yard.holds(*NAMES)
    run_id = await yard.begin(order(*NAMES, concurrency=2))
    async with yard.at_work():
        await yard.until(run_id, running=2)
        await yard.store.runs.request_cancel(run_id, "default")
        assert await yard.over(run_id) == "cancelled"

        assert await yard.end_orphans() == 2

        for child in await yard.children(run_id):
            assert await yard.over(UUID(child.run_id)) == "cancelled"
    assert await yard.end_orphans() == 0
    counts = (await yard.view(run_id)).counts
    assert counts is not None and (counts.cancelled, counts.waiting, counts.running) == (4, 0, 0)
    await yard.check()


async def test_a_batch_that_nobody_holds_leaves_nothing_going_either(yard: Yard):
    yard.holds("ann")
    run_id = await yard.begin(order("ann", "bob", concurrency=1))
    async with yard.at_work():
        await yard.held["ann"].reached.wait()
        await yard.store.runs.pause(run_id, "default")
        await yard.parked(run_id)
        assert await yard.store.runs.request_cancel(run_id, "default"), "it ends by this alone"

        assert await yard.end_orphans() == 1

        (child,) = await yard.children(run_id)
        assert await yard.over(UUID(child.run_id)) == "cancelled"
    await yard.check()


async def test_items_that_were_cancelled_with_their_batch_are_done_by_the_next_one(yard: Yard):
    yard.holds("ann")
    first = await yard.begin(order("ann", "bob", concurrency=1))
    async with yard.at_work():
        await yard.held["ann"].reached.wait()
        await yard.store.runs.request_cancel(first, "default")
        await yard.over(first)
        await yard.end_orphans()
        (child,) = await yard.children(first)
        await yard.over(UUID(child.run_id))
        del yard.held["ann"]

        second = await yard.begin(order("ann", "bob", concurrency=1))
        assert await yard.over(second) == "complete"

    again = {child.title: child.forked_from for child in await yard.children(second)}
    assert again == {"ann": child.run_id, "bob": None}
    await yard.check()


async def test_an_item_whose_run_somebody_cancels_is_cancelled_and_the_others_are_done(yard: Yard):
    yard.holds("ann")
    run_id = await yard.begin(order("ann", "bob"))
    async with yard.at_work():
        await yard.held["ann"].reached.wait()
        await yard.until(run_id, complete=1)
        child = next(child for child in await yard.children(run_id) if child.title == "ann")
        await yard.store.runs.request_cancel(UUID(child.run_id), "default")
        assert await yard.over(run_id) == "complete"

    part = (await yard.parts(run_id))["ann"]
    assert (part["status"], part["problem"]["type"]) == ("cancelled", CANCELLED)
    counts = (await yard.view(run_id)).counts
    assert counts is not None and (counts.complete, counts.cancelled) == (1, 1)
    await yard.check()


async def test_two_batches_of_one_name_at_once_do_each_item_once(yard: Yard):
    yard.holds("ann")
    one = await yard.begin(order("ann", "bob"))
    other = await yard.begin(order("ann", "bob"))
    async with yard.at_work():
        await yard.until(one, running=1, complete=1)
        await yard.until(other, running=1, complete=1)
        yard.held["ann"].open()
        assert [await yard.over(each) for each in (one, other)] == ["complete", "complete"]

    assert yard.fetched == {"ann": 1, "bob": 1}
    skipped = [counts.skipped for each in (one, other) if (counts := (await yard.view(each)).counts)]
    assert sum(skipped) == 2
    await yard.check()


async def test_a_batch_of_another_tenant_knows_nothing_of_it(yard: Yard):
    first = await yard.begin(order("ann"))
    other = await yard.begin(order("ann"), tenant="acme")
    async with yard.at_work():
        assert [await yard.over(each) for each in (first, other)] == ["complete", "complete"]
    assert yard.fetched == {"ann": 2}
    counts = (await yard.view(other)).counts
    assert counts is not None and counts.skipped == 0


def clock(yard: Yard) -> Clock:
    found = yard.store.runs._clock  # pyright: ignore[reportPrivateUsage]
    assert isinstance(found, Clock)
    return found
