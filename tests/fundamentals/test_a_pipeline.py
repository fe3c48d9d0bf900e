"""What a pipeline is: plain Python, that goes on where it was."""

import asyncio
from asyncio import TaskGroup
from collections.abc import Sequence
from uuid import UUID

import pytest
from pydantic import BaseModel

from events.contract import EVENT, Event
from events.runs import NewRun
from flows._closing import Outcome
from flows._pipeline import pipeline
from llm.errors import ContentFiltered
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_llm import ScriptedModel
from tests.scripted_replies import Gate


class Anthology(BaseModel):
    first: Haiku
    second: Haiku
    foreword: str


@step("First haiku", retries=1, backoff=0, expected=1)
async def first(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Second haiku", retries=1, backoff=0, expected=1)
async def second(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Foreword", retries=1, backoff=0, expected=2)
async def foreword(one: Haiku, two: Haiku) -> str:
    return await write_text(Ask(one.text + two.text))


@pipeline("Anthology", plan={first: (), second: (), foreword: (first, second)})
async def anthology(topic: Topic) -> Anthology:
    async with TaskGroup() as group:
        one, two = group.create_task(first(topic)), group.create_task(second(topic))
    haiku = one.result(), two.result()
    return Anthology(first=haiku[0], second=haiku[1], foreword=await foreword(*haiku))


def scripted(model: ScriptedModel) -> None:
    model.answers("first", ["An old ", "pond"])
    model.answers("second", ["A frog ", "jumps"])
    model.answers("foreword", ["Water ", "sounds"])


async def test_nobody_waits_for_what_the_beginning_of_the_next_step_is_stored_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    scripted(stage.model)
    stored = stage.store.log.submit

    def submit(run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> asyncio.Future[int]:
        done = stored(run_id, events, epoch=epoch)
        return asyncio.Future() if events[-1].type in ("run_start", "step_complete") else done

    monkeypatch.setattr(stage.store.log, "submit", submit)

    async with asyncio.timeout(5):
        outcome = await stage.run(anthology, Topic(name="frogs"))

    assert outcome.kind == "complete"
    await stage.check()


async def test_the_plan_is_told_first_and_steps_begin_when_what_they_need_is_there(stage: Stage):
    scripted(stage.model)

    outcome = await stage.run(anthology, Topic(name="frogs"))

    assert outcome.result == {
        "first": {"text": "An old pond"},
        "second": {"text": "A frog jumps"},
        "foreword": "Water sounds",
    }
    plan = (await stage.last("run_start")).data.plan
    assert [(each.step, each.after) for each in plan] == [
        ("first", []),
        ("second", []),
        ("foreword", ["first", "second"]),
    ]
    story = await stage.story()
    assert story[2:4] == ["step_start first", "step_start second"], "side by side"
    assert story.index("step_start foreword") > story.index("step_complete second")
    await stage.check()


async def test_a_failing_step_stops_its_sibling_and_ends_the_run(stage: Stage):
    fault, never = Gate(), Gate()
    stage.model.answers("first", [fault, ContentFiltered("No.")])
    stage.model.answers("second", ["A frog ", never])
    await stage.accept(anthology, Topic(name="frogs"))
    going = asyncio.create_task((await stage.claimed(anthology)).go())
    await never.reached.wait()
    fault.open()

    outcome = await going

    assert (outcome.kind, outcome.failed_step) == ("error", "first")
    assert (await stage.story())[-5:] == [
        "step_error first",
        "usage second",
        "step_error second",
        "step_skipped foreword",
        "error",
    ]
    stopped = (await stage.last("step_error")).data.problem
    assert stopped.title == "cancelled"
    assert "another one failed" in stopped.detail, "nobody cancelled this run"
    assert stage.model.open == 0, "the sibling's call is over"
    await stage.check()


async def test_a_cancelled_run_closes_what_was_open_and_has_one_last_word(stage: Stage):
    never = Gate()
    stage.model.answers("first", ["An old ", never])
    stage.model.answers("second", ["A frog"])
    await stage.accept(anthology, Topic(name="frogs"))
    carry = await stage.claimed(anthology)
    going = asyncio.create_task(carry.go())
    await never.reached.wait()

    await stage.store.runs.request_cancel(stage.run_id, "default")
    carry.end("cancelled")

    assert (await going).kind == "cancelled"
    story = await stage.story()
    assert story[-1] == "cancelled"
    assert "step_error first" in story
    assert "step_skipped foreword" in story
    assert stage.model.open == 0
    await stage.check()


async def test_a_released_run_says_nothing_more_and_the_next_worker_goes_on(stage: Stage):
    never = Gate()
    stage.model.answers("first", ["An old pond"])
    stage.model.answers("second", ["A frog ", never], ["A toad"])
    stage.model.answers("foreword", ["Water"])
    await stage.accept(anthology, Topic(name="frogs"))
    carry = await stage.claimed(anthology)
    going = asyncio.create_task(carry.go())
    await never.reached.wait()
    await stage.heard("step_complete")
    before = len(await stage.entries())

    carry.end("released")
    assert (await going).kind == "released"
    assert len(await stage.entries()) == before

    outcome = await (await stage.claimed(anthology, "another worker")).go()
    assert outcome.kind == "complete"
    assert [call.labels["step"] for call in stage.model.calls].count("first") == 1
    story = await stage.story()
    assert story.count("run_resumed") == 1
    assert story.count("step_retry second") == 1
    await stage.check()


async def test_after_a_crash_behind_any_event_the_run_goes_on_and_pays_for_nothing_twice():
    async with new_stage() as stage:
        scripted(stage.model)
        good = await stage.run(anthology, Topic(name="frogs"))
        log = await stage.entries()
    for crash in range(1, len(log)):
        async with new_stage() as stage:
            store = stage.store
            scripted(stage.model)
            told = [EVENT.validate_json(entry.body) for entry in log[:crash]]
            given = Topic(name="frogs").model_dump()
            stage.run_id = (await store.runs.accept(NewRun("anthology", given, told[:1]))).run_id
            if crash > 1:
                claim = await store.runs.claim("a worker that dies", run_id=stage.run_id)
                assert claim is not None
                await store.log.append(stage.run_id, told[1:], epoch=claim.epoch)
            stage.clock.now = 60

            outcome = await (await stage.claimed(anthology, "another worker")).go()

            assert outcome == Outcome("complete", result=good.result), f"crash behind {log[crash - 1].type}"
            done = {event.step for event in told if event.type == "step_complete"}
            asked = {call.labels["step"] for call in stage.model.calls}
            assert not done & asked, f"crash behind event {crash}: paid twice"
            await stage.check()


async def test_a_run_that_kills_every_worker_is_given_up_after_three(stage: Stage):
    await stage.accept(anthology, Topic(name="frogs"))
    carry = await stage.claimed(anthology)
    object.__setattr__(carry.claim, "losses", 3)

    outcome = await carry.go()

    assert outcome.kind == "error"
    assert outcome.problem is not None
    assert outcome.problem.type == "/problems/crash-loop"
    assert not stage.model.calls
    await stage.check()


async def test_a_run_has_a_deadline(stage: Stage):
    stage.model.answers("first", [Gate()])
    stage.model.answers("second", ["A frog"])
    await stage.accept(anthology, Topic(name="frogs"))
    carry = await stage.claimed(anthology)
    object.__setattr__(carry.claim, "seconds_left", 0.05)

    outcome = await carry.go()

    assert outcome.kind == "error"
    assert (await stage.story())[-1] == "error"
    await stage.check()


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_worker_that_lost_the_run_stops_and_says_no_more(stage: Stage, moment: str):
    never = Gate()
    stage.model.answers("first", ["An old ", never, "pond"])
    stage.model.answers("second", ["A frog"])
    await stage.accept(anthology, Topic(name="frogs"))
    carry = await stage.claimed(anthology)
    going = asyncio.create_task(carry.go())
    await never.reached.wait()

    stage.clock.now += 60
    other = await stage.store.runs.claim("another worker", run_id=stage.run_id)
    assert other is not None
    before = len(await stage.entries())
    if moment == "after":
        never.open()
    else:
        carry.end("lost")

    assert (await going).kind == "lost"
    assert len(await stage.entries()) == before
    assert stage.model.open == 0
