"""A tenant whose day is spent: what stops of the runs that go on, what is kept, and how often the store is asked."""

import asyncio
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from events.contract import Usage, UsageData
from events.errors import StoreUnavailable
from events.limits import Standing
from flows._carry import Carry
from flows._fork import fork
from flows._spending import FRESH, Spending
from tests.api.writing import accept, hold, rest_of
from tests.fundamentals.conftest import Clock, Stage, new_stage
from tests.fundamentals.test_a_budget import FROGS, chain, each_answers, problem_in
from tests.histories import Story


async def carried(stage: Stage, most: float) -> Any:
    """The stage's run, by a worker whose tenants may each spend so much a day."""
    claim = await stage.store.runs.claim("a worker", run_id=stage.run_id)
    assert claim is not None
    late = count(0, FRESH).__next__  # whenever it is looked at, what is known is not fresh any more
    return await Carry(claim, chain, replace(stage.tools, spending=Spending(stage.store.runs, most, late))).go()


async def spend(stage: Stage, dollars: float, tenant: str = "default") -> None:
    """Another run of the tenant, which has ended today."""
    store: Any = stage.store
    usage = Usage(step="brief", data=UsageData(model="m", input_tokens=1, output_tokens=1, cost_usd=dollars))
    run = await hold(store, await accept(store, tenant=tenant))
    story = Story().queued().started().done({})
    await run.write([*rest_of(story)[:1], usage, *rest_of(story)[1:]])


async def test_m7_a_paid_run_stops_when_its_tenant_s_day_is_spent_and_goes_on_from_there_another_day():
    async with new_stage() as stage:
        each_answers(stage, "opening", "answer", cost=0.30)
        source = await stage.accept(chain, FROGS)
        await spend(stage, 0.25)

        outcome = await carried(stage, most=0.5)

        assert (outcome.kind, outcome.failed_step) == ("error", "answer")
        problem = await problem_in(stage)
        assert (problem.type, problem.title) == ("/problems/day-is-spent", "The day's money is spent")
        assert problem.detail.startswith("Today's runs of this tenant have cost $0.55, and may cost $0.50 a day (UTC).")
        assert [call.labels["step"] for call in stage.model.calls] == ["opening"]
        await stage.check()

        view = await stage.store.runs.view(source, "default")
        forked = await fork(chain, stage.store.log, view, FROGS, same_input=True)
        await stage.accept_first(chain, FROGS, forked.first)
        assert (await carried(stage, most=5.0)).kind == "complete"
        assert [call.labels["step"] for call in stage.model.calls] == ["opening", "answer"]


@pytest.mark.parametrize(("before", "calls"), [(0.54, 2), (0.56, 0)])
async def test_m7_it_goes_on_to_a_tenth_above_the_limit(before: float, calls: int):
    async with new_stage() as stage:
        each_answers(stage, "opening", "answer", cost=0.001)
        await stage.accept(chain, FROGS)
        await spend(stage, before)

        await carried(stage, most=0.5)

        assert len(stage.model.calls) == calls


@pytest.mark.parametrize("cost", [0.0, None])
async def test_m7_calls_that_cost_nothing_or_nobody_knows_what_are_made_all_the_same(cost: float | None):
    async with new_stage() as stage:
        each_answers(stage, "opening", "answer", cost=cost)
        await stage.accept(chain, FROGS)
        await spend(stage, 100.0)

        assert (await carried(stage, most=0.5)).kind == "complete"


async def test_m7_what_another_tenant_has_spent_stops_nobody():
    async with new_stage() as stage:
        each_answers(stage, "opening", "answer", cost=0.01)
        await stage.accept(chain, FROGS)
        await spend(stage, 100.0, tenant="other")

        assert (await carried(stage, most=0.5)).kind == "complete"


class Asked:
    """Runs of which only `standing` is asked."""

    def __init__(self, spent: float) -> None:
        self.spent: float | Exception = spent
        self.asked = 0

    async def standing(self, tenant: str) -> Standing:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.spent, Exception):
            raise self.spent
        return Standing(0, 0.0, 0, self.spent, 60.0)


async def test_m7_a_process_asks_once_for_a_tenant_however_many_calls_are_made():
    runs, clock = Asked(1.0), Clock()
    spending = Spending(runs, 5.0, clock)  # pyright: ignore[reportArgumentType] # all that is asked of them

    assert set(await asyncio.gather(*(spending.problem("acme") for _ in range(100)))) == {None}
    assert runs.asked == 1

    runs.spent, clock.now = 6.0, FRESH
    assert await spending.problem("acme") is not None
    assert runs.asked == 2


async def test_m7_a_store_that_does_not_answer_changes_nothing():
    runs, clock = Asked(6.0), Clock()
    spending = Spending(runs, 5.0, clock)  # pyright: ignore[reportArgumentType] # all that is asked of them
    assert await spending.problem("acme") is not None

    runs.spent, clock.now = StoreUnavailable("away"), 2 * FRESH

    assert await spending.problem("acme") is not None
    assert await spending.problem("beta") is None
