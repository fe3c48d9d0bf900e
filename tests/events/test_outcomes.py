"""What came of many runs at once, on every store."""

from typing import Any
from uuid import UUID, uuid4

from events.contract import Partial, PartialData, PartialWithdrawn, PartialWithdrawnData, Usage, UsageData
from events.outcomes import Spent
from events.runs import DEFAULT_TENANT
from events.store import Store
from tests.events.words import LAST, OUTSIDE, checkpoint, chunk, held, new, opened, start


async def told(store: Store, *events: Any, **more: Any) -> UUID:
    claim = await held(store, **more)
    await store.log.append(claim.run_id, [opened(), start(), *events], epoch=claim.epoch)
    return claim.run_id


def paid(cost: float | None) -> Usage:
    return Usage(step="brief", data=UsageData(model="m", input_tokens=1, output_tokens=1, cost_usd=cost))


async def test_parts_are_all_that_was_shown_and_withdrawn_in_order(store: Store) -> None:
    withdrawn = PartialWithdrawn(step="brief", data=PartialWithdrawnData(path="/b"))
    run_id = await told(store, checkpoint("/a"), chunk("words"), checkpoint("/b"), withdrawn, chunk("more"), LAST)

    parts = await store.outcomes.parts(run_id, DEFAULT_TENANT)

    assert [(entry.seq, entry.type) for entry in parts] == [(4, "partial"), (6, "partial"), (7, "partial_withdrawn")]
    assert parts == [entry for entry in await store.log.read(run_id) if entry.type.startswith("partial")]


async def test_parts_come_in_pages_from_behind_a_position(store: Store) -> None:
    run_id = await told(store, *(checkpoint(f"/{number}") for number in range(5)))

    first = await store.outcomes.parts(run_id, DEFAULT_TENANT, limit=2)
    rest = await store.outcomes.parts(run_id, DEFAULT_TENANT, first[-1].seq, limit=10)

    assert [entry.seq for entry in first] == [4, 5]
    assert [entry.seq for entry in rest] == [6, 7, 8]
    assert await store.outcomes.parts(run_id, DEFAULT_TENANT, rest[-1].seq) == []


async def test_parts_of_somebody_else_s_run_are_none(store: Store) -> None:
    run_id = await told(store, Partial(step="brief", data=PartialData(path="/a", value=1)), tenant="acme")

    assert await store.outcomes.parts(run_id, DEFAULT_TENANT) == []
    assert len(await store.outcomes.parts(run_id, "acme")) == 1
    assert await store.outcomes.parts(uuid4(), "acme") == []


async def test_last_words_are_those_of_runs_that_have_ended_and_are_ours(store: Store) -> None:
    done, going = await told(store, LAST), await told(store)
    theirs = await told(store, LAST, tenant="acme")
    waiting = (await store.runs.accept(new())).run_id
    await store.runs.request_cancel(waiting, DEFAULT_TENANT)

    words = await store.outcomes.last_words([done, going, theirs, waiting, uuid4()], DEFAULT_TENANT)

    assert {run_id: entry.type for run_id, entry in words.items()} == {done: "complete", waiting: "cancelled"}
    assert words[done] == (await store.log.read(done))[-1]
    assert await store.outcomes.last_words([], DEFAULT_TENANT) == {}
    assert set(await store.outcomes.last_words([theirs, done], "acme")) == {theirs}


async def test_views_are_those_of_the_runs_that_are_ours(store: Store) -> None:
    done, going = await told(store, LAST), await told(store)
    theirs = await told(store, LAST, tenant="acme")

    views = await store.outcomes.views([done, going, theirs, uuid4()], DEFAULT_TENANT)

    assert {run_id: view.status for run_id, view in views.items()} == {done: "complete", going: "running"}
    assert views[done] == await store.runs.view(done, DEFAULT_TENANT)
    assert await store.outcomes.views([], DEFAULT_TENANT) == {}


async def test_the_cost_of_the_runs_about_one_is_the_sum_of_those_that_ended(store: Store) -> None:
    batch = (await store.runs.accept(new("batch"))).run_id
    assert await store.outcomes.spent_about(batch, DEFAULT_TENANT) == Spent()

    for cost in (0.25, 0.5):
        await told(store, paid(cost), LAST, about=batch)
    await told(store, paid(4.0), about=batch)
    await told(store, paid(8.0), LAST)
    await told(store, paid(16.0), LAST, about=batch, tenant="acme")
    assert await store.outcomes.spent_about(batch, DEFAULT_TENANT) == Spent(0.75)

    await told(store, paid(None), LAST, about=batch)
    assert await store.outcomes.spent_about(batch, DEFAULT_TENANT) == Spent(0.75, complete=False)


async def test_who_was_asked_to_stop_and_has_not_has_no_last_word(store: Store) -> None:
    run_id = await told(store)
    await store.log.append(run_id, [OUTSIDE])

    assert await store.outcomes.last_words([run_id], DEFAULT_TENANT) == {}
