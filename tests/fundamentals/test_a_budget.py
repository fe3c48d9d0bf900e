"""What a run may cost: when it is warned, when it is stopped, what is kept, and who counts."""

import asyncio
from asyncio import TaskGroup
from typing import Any

import pytest
from pydantic import BaseModel

from events.contract import Error, UsageData
from flows._fork import fork
from flows._pipeline import pipeline
from llm.errors import ContentFiltered, StreamCut
from steps._budget import Budget, dollars
from steps._checkpoint import checkpoint
from steps._place import lane
from steps._step import step
from steps._together import together
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Ask, Haiku, Topic, one_haiku
from tests.fundamentals.test_hard_ends import broken_off
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")


@step("Write the first", retries=2, backoff=0)
async def opening(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Write the second", retries=2, backoff=0)
async def answer(first: Haiku) -> Haiku:
    return Haiku(text=await write_text(Ask(first.text)))


@step("Count the words")
async def count(second: Haiku) -> int:
    return len(second.text.split())


class Chain(BaseModel):
    first: Haiku
    second: Haiku
    words: int


@pipeline("A chain", plan={opening: (), answer: (opening,), count: (answer,)})
async def chain(topic: Topic) -> Chain:
    first = await opening(topic)
    second = await answer(first)
    return Chain(first=first, second=second, words=await count(second))


async def problem_in(stage: Stage) -> Any:
    last = (await stage.entries())[-1].event
    assert isinstance(last, Error)
    return last.data.problem


def each_answers(stage: Stage, *steps: str, cost: float | None) -> None:
    stage.model.cost = cost
    for name in steps:
        stage.model.answers(name, "An old pond")


async def test_a_run_within_its_budget_hears_nothing_of_it(stage: Stage):
    each_answers(stage, "opening", "answer", cost=0.30)

    assert (await stage.run(chain, FROGS, max_cost_usd=1.0)).kind == "complete"

    assert not any(entry.type == "progress" for entry in await stage.entries())
    assert (await stage.store.runs.view(stage.run_id, "default")).max_cost_usd == 1.0


async def test_at_four_fifths_it_is_warned_once_in_words_and_in_figures(stage: Stage):
    each_answers(stage, "opening", "answer", cost=0.41)

    assert (await stage.run(chain, FROGS, max_cost_usd=1.0)).kind == "complete"

    [warning] = [entry.event for entry in await stage.entries() if entry.type == "progress"]
    assert warning is not None
    assert warning.message == "82 % of the budget is spent: $0.82 of $1.00"
    assert (await stage.last("progress")).data.budget.model_dump() == {"spent_usd": 0.82, "max_cost_usd": 1.0}
    await stage.check()


async def test_when_it_is_spent_the_next_call_is_not_made_and_the_run_says_why(stage: Stage):
    each_answers(stage, "opening", "answer", cost=0.30)

    outcome = await stage.run(chain, FROGS, max_cost_usd=0.25)

    assert (outcome.kind, outcome.failed_step) == ("error", "answer")
    problem = await problem_in(stage)
    assert (problem.type, problem.title) == ("/problems/budget-exceeded", "The budget is spent")
    assert problem.detail.startswith("The run has cost $0.30, and may cost $0.25.")
    assert [call.labels["step"] for call in stage.model.calls] == ["opening"]
    story = await stage.story()
    assert story[-4:] == ["step_start answer", "step_error answer", "step_skipped count", "error"]
    await stage.check()


async def test_what_the_last_call_made_is_kept_where_it_was_all_that_was_missing(stage: Stage):
    each_answers(stage, "haiku", cost=0.30)

    outcome = await stage.run(one_haiku, FROGS, max_cost_usd=0.25)

    assert outcome.result == {"text": "An old pond"}
    assert (await stage.last("progress")).data.budget.spent_usd == 0.30, "it is told of all the same"


async def test_failed_attempts_are_on_the_bill_and_no_other_follows_when_it_is_spent(stage: Stage):
    stage.model.cost = 0.30
    stage.model.answers("haiku", [StreamCut("It ended.")], [StreamCut("It ended.")], ["too late"])

    await stage.run(one_haiku, FROGS, max_cost_usd=0.60)

    assert (await problem_in(stage)).detail.startswith("The run has cost $0.60, and may cost $0.60.")
    assert len(stage.model.calls) == 2
    assert await stage.story() == [
        *["run_queued", "run_start", "step_start haiku", "usage haiku", "step_retry haiku"],
        *["step_start haiku", "usage haiku", "step_error haiku", "error"],
    ]


async def test_a_failure_that_money_cannot_help_keeps_its_name(stage: Stage):
    stage.model.cost = 0.30
    stage.model.answers("haiku", [ContentFiltered("No.")])

    await stage.run(one_haiku, FROGS, max_cost_usd=0.25)

    assert (await problem_in(stage)).title == "The provider's content filter stopped the answer"


@step("Write the other", retries=0)
async def other(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("Side by side", plan={opening: (), other: ()})
async def side_by_side(topic: Topic) -> list[Haiku]:
    async with TaskGroup() as group:
        both = [group.create_task(opening(topic)), group.create_task(other(topic))]
    return [each.result() for each in both]


async def test_a_step_beside_the_one_that_spends_the_rest_is_cancelled_and_on_the_bill(stage: Stage):
    stage.model.cost = 0.30
    slow, held = Gate(), Gate()
    stage.model.answers("opening", [slow, "An old pond"])
    stage.model.answers("other", ["A frog ", held])
    await stage.accept(side_by_side, FROGS, max_cost_usd=0.25)
    going = asyncio.create_task((await stage.claimed(side_by_side)).go())
    await slow.reached.wait()
    await held.reached.wait()
    slow.open()

    outcome = await going

    assert (outcome.kind, outcome.failed_step) == ("error", "other")
    assert stage.model.open == 0, "its connection is closed"
    assert (await problem_in(stage)).detail.startswith("The run has cost $0.60, and may cost $0.25.")
    story = await stage.story()
    assert "step_complete opening" in story, "what was paid for is kept"
    assert story[-3:] == ["usage other", "step_error other", "error"]
    assert (await stage.last("step_error")).data.problem.type == "/problems/budget-exceeded"
    await stage.check()


@step("Write two", retries=2, backoff=0)
async def lanes(topic: Topic) -> list[str]:
    async def one(season: str) -> str:
        with lane(season):
            return await checkpoint(f"/{season}", season, lambda: write_text(Ask(season)), str)

    return await together(one("spring"), one("autumn"))


@pipeline("In lanes", plan={lanes: ()})
async def in_lanes(topic: Topic) -> list[str]:
    return await lanes(topic)


async def test_a_call_beside_it_in_the_same_step_is_cancelled_too_and_what_was_made_is_a_checkpoint(stage: Stage):
    stage.model.cost = 0.30
    held = Gate()
    stage.model.answers("lanes", ["Blossoms"], lane="spring")
    stage.model.answers("lanes", [held], lane="autumn")
    source = await stage.accept(in_lanes, FROGS, max_cost_usd=0.25)

    assert (await stage.run_on(in_lanes)).failed_step == "lanes"

    assert stage.model.open == 0
    stage.model.answers("lanes", ["Leaves"], lane="autumn")
    view = await stage.store.runs.view(source, "default")
    forked = await fork(in_lanes, stage.store.log, view, FROGS, same_input=True, max_cost_usd=1.0)
    await stage.accept_first(in_lanes, FROGS, forked.first)
    assert (await stage.run_on(in_lanes)).result == ["Blossoms", "Leaves"]
    assert [call.labels["lane"] for call in stage.model.calls] == ["spring", "autumn", "autumn"]


async def test_who_goes_on_after_a_crash_counts_what_was_spent_before_and_does_not_warn_again(stage: Stage):
    stage.model.cost = 0.45
    held = Gate()
    stage.model.answers("opening", ["An old pond"])
    stage.model.answers("answer", [StreamCut("It ended.")], [held], ["A frog"])
    await stage.accept(chain, FROGS, max_cost_usd=1.0)
    lost = await stage.claimed(chain, "a worker that dies")
    going = asyncio.create_task(lost.go())
    await held.reached.wait()
    lost.end("lost")
    await going
    stage.clock.now = 60

    outcome = await stage.run_on(chain)

    assert (outcome.kind, [entry.type for entry in await stage.entries()].count("progress")) == ("complete", 1)
    assert (await stage.store.runs.view(stage.run_id, "default")).cost_usd == 1.35
    assert len(stage.model.calls) == 4


async def test_wherever_a_worker_dies_the_next_one_makes_no_call_that_is_not_paid_for():
    async with new_stage() as stage:
        each_answers(stage, "opening", "answer", cost=0.60)
        await stage.run(chain, FROGS, max_cost_usd=0.50)
        good = await problem_in(stage)
        log = await stage.entries()
    spent = next(index for index, entry in enumerate(log, 1) if entry.type == "usage")
    for crash in range(spent + 2, len(log)):  # behind the step's end: before, its call is made once more
        async with new_stage() as stage:
            await broken_off(stage, chain, [entry.body for entry in log[:crash]])

            await stage.run_on(chain)

            assert await problem_in(stage) == good
            assert stage.model.calls == []
            await stage.check()


async def test_a_call_that_has_to_be_made_once_more_after_a_crash_is_not_when_the_budget_is_spent():
    async with new_stage() as stage:
        each_answers(stage, "opening", cost=0.60)
        await stage.run(chain, FROGS, max_cost_usd=0.50)
        log = await stage.entries()
    spent = next(index for index, entry in enumerate(log, 1) if entry.type == "usage")
    async with new_stage() as stage:
        await broken_off(stage, chain, [entry.body for entry in log[:spent]])

        outcome = await stage.run_on(chain)

        assert (outcome.kind, outcome.failed_step) == ("error", "opening")
        assert stage.model.calls == []
        await stage.check()


async def test_a_budget_that_nobody_can_keep_ends_the_run_before_its_second_call(stage: Stage):
    each_answers(stage, "opening", "answer", cost=None)

    await stage.run(chain, FROGS, max_cost_usd=1.0)

    problem = await problem_in(stage)
    assert (problem.type, problem.title) == ("/problems/budget-unknown", "The budget cannot be kept")
    assert "nobody here knows what light costs" in problem.detail
    assert len(stage.model.calls) == 1


async def test_without_a_budget_an_unknown_price_stops_nothing(stage: Stage):
    each_answers(stage, "opening", "answer", cost=None)

    assert (await stage.run(chain, FROGS)).kind == "complete"


async def test_a_cancel_that_came_first_stays_a_cancel(stage: Stage):
    stage.model.cost = 0.30
    held = Gate()
    stage.model.answers("opening", [held])
    await stage.accept(chain, FROGS, max_cost_usd=0.25)
    carry = await stage.claimed(chain)
    going = asyncio.create_task(carry.go())
    await held.reached.wait()
    carry.end("cancelled")

    assert (await going).kind == "cancelled"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "$0.00"), (12.3456, "$12.35"), (0.5, "$0.50"), (0.0123, "$0.0123"), (0.12345, "$0.1235"), (3e-6, "$0.000003")],
)
def test_small_amounts_are_told_from_nothing(amount: float, words: str):
    assert dollars(amount) == words


def test_costs_add_up_to_what_they_are():
    budget = Budget(limit=0.3)
    budget.count([UsageData(model="m", input_tokens=1, output_tokens=1, cost_usd=0.1)] * 3)

    assert budget.spent == 0.3
    assert budget.problem is not None
