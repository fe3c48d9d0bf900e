"""What a batch asks of the runs of its items, on every store."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from events.alerts import going_on
from events.contract import Counts, Error, ErrorData, Problem, Progress, ProgressData, now_ms
from events.store import Store
from tests.events.words import LAST, complete as finished, held, new, opened, start

PROBLEM = Problem(title="It broke", detail="In two.")
LONG = 20.0
"""Seconds: nobody waits for so long, unless nobody tells them."""


async def batch_of(store: Store) -> UUID:
    return (await store.runs.accept(new("batch"))).run_id


async def failed(store: Store, **more: Any) -> UUID:
    claim = await held(store, **more)
    await store.log.append(claim.run_id, [Error(data=ErrorData(problem=PROBLEM))], epoch=claim.epoch)
    return claim.run_id


async def complete(store: Store, **more: Any) -> UUID:
    claim = await held(store, **more)
    await store.log.append(claim.run_id, [LAST], epoch=claim.epoch)
    return claim.run_id


async def test_runs_are_known_by_their_keys_with_how_they_ended(store: Store) -> None:
    batch = await batch_of(store)
    good, bad = await complete(store, key="a", about=batch), await failed(store, key="b", about=batch)
    going = await held(store, key="c")

    known = await store.batches.keyed("default", ["a", "b", "c", "nobody's"])

    assert {key: (member.run_id, member.about) for key, member in known.items()} == {
        "a": (good, batch),
        "b": (bad, batch),
        "c": (going.run_id, None),
    }
    assert [known[key].ended for key in "abc"] == [True, True, False]
    assert (known["a"].problem, known["b"].problem) == (None, PROBLEM)
    assert await store.batches.keyed("another tenant", ["a"]) == {}
    assert await store.batches.keyed("default", []) == {}


async def test_who_asks_which_have_ended_is_told_at_once_where_some_have(store: Store) -> None:
    batch = await batch_of(store)
    over, going = await failed(store, about=batch), await held(store, about=batch)

    (found,) = await store.batches.ended(batch, [over, going.run_id, uuid4()], wait=LONG)

    assert (found.run_id, found.status, found.problem) == (over, "error", PROBLEM)
    assert await store.batches.ended(batch, [going.run_id]) == []


async def test_who_waits_is_woken_by_the_end_of_one_of_the_runs(store: Store) -> None:
    batch = await batch_of(store)
    one, other = await held(store, about=batch), await held(store, about=batch)
    waiting = asyncio.create_task(store.batches.ended(batch, [one.run_id, other.run_id], wait=LONG))
    await asyncio.sleep(0)

    await store.log.append(other.run_id, [LAST], epoch=other.epoch)

    (found,) = await asyncio.wait_for(waiting, LONG / 2)
    assert (found.run_id, found.status) == (other.run_id, "complete")


async def test_the_end_of_a_run_of_another_batch_is_heard_as_well(store: Store) -> None:
    batch, another = await batch_of(store), await batch_of(store)
    theirs = await held(store, about=another)
    waiting = asyncio.create_task(store.batches.ended(batch, [theirs.run_id], wait=LONG))
    await asyncio.sleep(0)

    await store.log.append(theirs.run_id, [LAST], epoch=theirs.epoch)

    assert [found.run_id for found in await asyncio.wait_for(waiting, LONG / 2)] == [theirs.run_id]


async def test_one_that_nobody_holds_is_heard_to_be_cancelled(store: Store) -> None:
    batch = await batch_of(store)
    run_id = (await store.runs.accept(new(about=batch))).run_id
    waiting = asyncio.create_task(store.batches.ended(batch, [run_id], wait=LONG))
    await asyncio.sleep(0)

    assert await store.runs.request_cancel(run_id, "default")

    assert [found.status for found in await asyncio.wait_for(waiting, LONG / 2)] == ["cancelled"]


async def test_nobody_waits_for_longer_than_they_said(store: Store) -> None:
    batch = await batch_of(store)
    going = await held(store, about=batch)
    assert await store.batches.ended(batch, [going.run_id], wait=0.01) == []
    assert await store.batches.ended(batch, [], wait=0.01) == []


async def test_what_is_left_of_a_batch_that_has_ended_is_found_until_its_end_was_asked_for(store: Store) -> None:
    batch = await batch_of(store)
    waiting = (await store.runs.accept(new(about=batch))).run_id
    going = await held(store, about=batch)
    await complete(store, about=batch)
    await held(store)
    assert await store.batches.orphans("batch") == []

    await store.runs.request_cancel(batch, "default")

    assert await store.batches.orphans("batch") == [(waiting, "default"), (going.run_id, "default")]
    assert await store.batches.orphans("batch", limit=1) == [(waiting, "default")]
    assert await store.batches.orphans("another pipeline") == []
    await store.runs.request_cancel(waiting, "default")
    await store.runs.request_cancel(going.run_id, "default")
    assert await store.batches.orphans("batch") == []


async def test_how_long_a_batch_takes_is_remembered_of_no_step_and_is_no_alarm(store: Store) -> None:
    claim = await held(store, pipeline="batch")
    counts = Counts(total=1, waiting=0, running=1, complete=0, skipped=0, failed=0, cancelled=0)
    told = Progress(step="brief", data=ProgressData(basis="declared", counts=counts))
    await store.log.append(claim.run_id, [opened(), start(), told], epoch=claim.epoch)
    going = await store.runs.view(claim.run_id, "default")

    await store.log.append(claim.run_id, [finished(duration=90_000), LAST], epoch=claim.epoch)

    assert await store.runs.history("default", "batch", "") == {}
    assert going_on([("default", going)], now_ms() + 90_000) == {}
    plain = going.model_copy(update={"counts": None})
    assert list(going_on([("default", plain)], now_ms() + 90_000)) == [("default", "vision", "brief")]
