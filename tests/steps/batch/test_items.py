"""A batch from its start to its report, and started again."""

from typing import Any
from uuid import UUID

import pytest

from events.contract import Progress
from steps.batch.order import BatchOrder
from steps.batch.report import BatchReport
from tests.steps.batch.yard import Yard, new_yard, of, order


async def report(yard: Yard, run_id: UUID) -> BatchReport:
    last = (await yard.entries(run_id))[-1].event
    assert last is not None and last.type == "complete"
    return BatchReport.model_validate(last.data.result)


def stands(parts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """By key, how each has ended."""
    return {key: part["status"] for key, part in parts.items()}


async def test_each_item_is_a_run_of_its_own_about_the_batch(yard: Yard):
    run_id = await yard.done(order("ann", "bob", "cid"))

    children = await yard.children(run_id)
    assert [(child.title, child.status, child.pipeline) for child in children] == [
        ("ann", "complete", "errand"),
        ("bob", "complete", "errand"),
        ("cid", "complete", "errand"),
    ]
    assert await yard.parts(run_id) == {
        child.title: {"key": child.title, "run_id": child.run_id, "status": "complete", "skipped": False}
        for child in children
    }
    counts = (await report(yard, run_id)).counts
    assert (counts.total, counts.complete, counts.skipped, counts.failed) == (3, 3, 0, 0)
    assert (await yard.view(run_id)).counts == counts
    await yard.check()


async def test_a_batch_of_the_same_name_that_is_started_again_skips_what_is_complete(yard: Yard):
    first = await yard.done(order("ann", "bob"))
    second = await yard.done(order("ann", "bob", "cid"))

    assert yard.fetched == {"ann": 1, "bob": 1, "cid": 1}
    parts = await yard.parts(second)
    assert [parts[key]["skipped"] for key in ("ann", "bob", "cid")] == [True, True, False]
    assert {parts[key]["run_id"] for key in ("ann", "bob")} == {child.run_id for child in await yard.children(first)}
    counts = (await report(yard, second)).counts
    assert (counts.complete, counts.skipped) == (3, 2)
    await yard.check()


@pytest.mark.parametrize(
    "other",
    [order("ann", name="tuesday"), of({"ann": {"name": "ann", "size": 2}}), of({"another": {"name": "ann"}})],
    ids=["another name", "another input", "another key"],
)
async def test_what_is_another_item_is_done(yard: Yard, other: BatchOrder):
    await yard.done(order("ann"))
    await yard.done(other)
    assert yard.fetched == {"ann": 2}


async def test_how_one_item_fails_ends_no_other_and_not_the_batch(yard: Yard):
    yard.broken = {"bob"}

    run_id = await yard.done(order("ann", "bob", "cid"))

    parts = await yard.parts(run_id)
    assert stands(parts) == {
        "ann": "complete",
        "bob": "error",
        "cid": "complete",
    }
    assert parts["bob"]["problem"]["title"] == "Nobody was at home"
    (failure,) = (await report(yard, run_id)).failed
    assert (failure.key, failure.run_id) == ("bob", parts["bob"]["run_id"])
    assert yard.fetched["bob"] == 1, "no second try by itself"
    await yard.check()


async def test_a_failure_is_done_again_alone_by_a_second_batch_with_what_was_finished_taken_over(yard: Yard):
    yard.broken = {"bob"}
    first = await yard.done(order("ann", "bob"))
    failed = (await yard.parts(first))["bob"]["run_id"]
    yard.broken = set()

    second = await yard.done(order("ann", "bob"))

    (again,) = await yard.children(second)
    assert (again.forked_from, again.status, again.title) == (failed, "complete", "bob")
    assert yard.fetched == {"ann": 1, "bob": 1} and yard.delivered == {"ann": 1, "bob": 2}
    parts = await yard.parts(second)
    assert {key: part["skipped"] for key, part in parts.items()} == {"ann": True, "bob": False}
    await yard.check()


async def test_an_item_that_always_fails_is_tried_once_by_each_batch_however_many_there_were(yard: Yard):
    yard.broken = {"bob"}
    for _ in range(9):
        await yard.done(order("bob"))
    assert (yard.fetched["bob"], yard.delivered["bob"]) == (1, 9)

    yard.broken = set()
    last = await yard.done(order("bob"))

    assert (await yard.parts(last))["bob"]["status"] == "complete"
    assert (yard.fetched["bob"], yard.delivered["bob"]) == (1, 10)
    await yard.check()


async def test_an_input_that_does_not_fit_fails_its_item_alone(yard: Yard):
    run_id = await yard.done(of({"good": {"name": "ann"}, "bad": {"name": "bob", "size": 0}, "none": {}}))

    parts = await yard.parts(run_id)
    assert stands(parts) == {"good": "complete", "bad": "error", "none": "error"}
    assert (parts["bad"]["run_id"], parts["bad"]["problem"]["type"]) == (None, "/problems/invalid-input")
    assert [error["pointer"] for error in parts["bad"]["problem"]["errors"]] == ["/size"]
    assert [error["pointer"] for error in parts["none"]["problem"]["errors"]] == ["/name"]
    assert len(await yard.children(run_id)) == 1
    await yard.check()


@pytest.mark.parametrize("odd", [{"name": "half \ud800"}, {"half \ud800": 1}, {"name": "bob", "size": {"\ud800": 1}}])
async def test_an_input_that_cannot_be_stored_fails_its_item_alone(yard: Yard, odd: dict[str, Any]):
    run_id = await yard.done(of({"good": {"name": "ann"}, "odd": odd}))

    parts = await yard.parts(run_id)
    assert stands(parts) == {"good": "complete", "odd": "error"}
    assert parts["odd"]["problem"]["type"] == "/problems/invalid-input"
    await yard.check()


@pytest.mark.parametrize("name", ["nothing", "batch"])
async def test_a_batch_of_no_pipeline_or_of_batches_fails_as_a_whole(yard: Yard, name: str):
    run_id = await yard.done(order("ann", pipeline=name))

    view = await yard.view(run_id)
    assert (view.status, view.failed_step) == ("error", "items")
    assert view.counts is None or view.counts.cancelled == 1
    await yard.check()


async def test_a_key_may_have_any_letters_that_can_be_printed(yard: Yard):
    run_id = await yard.done(of({"a/b~c": {"name": "x"}, "ä:1": {"name": "y"}}))

    assert stands(await yard.parts(run_id)) == {
        "a/b~c": "complete",
        "ä:1": "complete",
    }


async def test_no_more_than_so_many_are_under_way_at_once(yard: Yard):
    names = [f"n{number}" for number in range(12)]
    yard.holds(*names[:6])
    run_id = await yard.begin(order(*names, concurrency=3))
    async with yard.at_work():
        for name in names[:6]:
            await yard.held[name].reached.wait()
            yard.held[name].open()
        assert await yard.over(run_id) == "complete"

    assert yard.most == 3
    told = [e.event for e in await yard.entries(run_id)]
    running = [e.data.counts.running for e in told if e is not None and e.type == "progress" and e.data.counts]
    assert max(running) == 3
    await yard.check()


async def test_the_counts_always_add_up_and_the_bar_goes_to_the_end(yard: Yard):
    yard.broken = {"n3"}
    run_id = await yard.done(order(*(f"n{number}" for number in range(8)), concurrency=2))

    told = [e.event for e in await yard.entries(run_id)]
    counts = [e.data.counts for e in told if e is not None and e.type == "progress" and e.data.counts]
    assert {c.waiting + c.running + c.complete + c.failed + c.cancelled for c in counts} == {8}
    ended = [c.complete + c.failed for c in counts]
    assert ended == sorted(ended)
    assert (counts[-1].complete, counts[-1].failed) == (7, 1)
    assert (await yard.view(run_id)).progress == 100


async def test_a_batch_takes_no_place_of_its_worker(yard: Yard):
    """Else a worker that carries one run at once could never carry one of the batch."""
    run_id = await yard.begin(order("ann", "bob"))
    async with yard.at_work(most=1):
        assert await yard.over(run_id) == "complete"
    assert yard.most == 1


async def test_a_batch_waits_where_a_limit_of_its_tenant_holds_it_up_and_says_so():
    async with new_yard(live_runs=2) as yard:
        names = ("ann", "bob", "cid", "dan")
        yard.holds(*names)
        run_id = await yard.begin(order(*names, concurrency=4))
        async with yard.at_work():
            await yard.until(run_id, running=2, waiting=2)
            assert (await yard.view(run_id)).steps[0].message == "Waiting: 2 runs may go on at once"
            for name in names:
                await yard.held[name].reached.wait()
                yard.held[name].open()
            assert await yard.over(run_id) == "complete"
        assert yard.most == 2
        assert (await yard.view(run_id)).steps[0].message == "Run the items: done"
        await yard.check()


async def test_a_batch_that_is_alone_under_the_lowest_limit_gets_by():
    async with new_yard(live_runs=1) as yard:
        run_id = await yard.done(order("ann", "bob"))
        assert (await yard.view(run_id)).status == "complete"
        assert yard.most == 1


async def test_how_the_items_stand_is_told_before_the_first_of_them_begins(yard: Yard):
    await yard.done(order("ann", "bob"))
    run_id = await yard.done(order("ann", "bob", "cid"))

    told = [entry.event.data.counts for entry in await yard.entries(run_id) if isinstance(entry.event, Progress)]

    first = next(counts for counts in told if counts is not None)
    assert (first.waiting, first.running, first.complete, first.skipped) == (1, 0, 2, 2)
