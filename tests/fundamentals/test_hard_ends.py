"""How runs end that do not go as drawn: crashes on the way out, steps in lanes, errors in groups, plans not kept."""

import asyncio
from asyncio import TaskGroup

import pytest
from pydantic import BaseModel

from events.contract import EVENT, Expected
from events.runs import NewRun
from flows._pipeline import Pipeline, pipeline
from flows._ticker import tick
from llm.errors import ContentFiltered, StreamCut
from steps._place import lane
from steps._run import Run
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_pipeline import anthology
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_llm import ScriptedModel
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")


async def broken_off(stage: Stage, of: Pipeline, bodies: list[bytes]) -> None:
    """A run whose log ends in `bodies`, because the worker that carried it died there."""
    told = [EVENT.validate_json(body) for body in bodies]
    stage.run_id = (await stage.store.runs.accept(NewRun(of.name, FROGS.model_dump(), told[:1]))).run_id
    claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
    assert claim is not None
    if told[1:]:
        await stage.store.log.append(stage.run_id, told[1:], epoch=claim.epoch)
    stage.clock.now = 60


def the_second_fails(model: ScriptedModel) -> tuple[Gate, Gate]:
    fault, never = Gate(), Gate()
    model.answers("first", ["An old ", never])
    model.answers("second", [fault, ContentFiltered("No.")])
    return fault, never


async def test_after_a_crash_on_the_way_out_a_failed_run_ends_as_it_would_have_and_says_nothing_twice():
    async with new_stage() as stage:
        fault, never = the_second_fails(stage.model)
        await stage.accept(anthology, FROGS)
        going = asyncio.create_task((await stage.claimed(anthology)).go())
        await never.reached.wait()
        fault.open()
        good = await going
        log = await stage.entries()
    assert good.failed_step == "second"
    failed = next(i for i, entry in enumerate(log, 1) if entry.type == "step_error")
    for crash in range(failed, len(log)):
        async with new_stage() as stage:
            fault, never = the_second_fails(stage.model)
            fault.open()
            await broken_off(stage, anthology, [entry.body for entry in log[:crash]])

            outcome = await (await stage.claimed(anthology, "another worker")).go()

            assert (outcome.kind, outcome.failed_step) == ("error", "second"), f"crash behind {crash}"
            assert (await stage.story()).count("step_skipped foreword") == 1, f"crash behind {crash}"
            await stage.check()


async def test_a_run_whose_cancel_was_on_its_way_when_its_worker_died_ends_cancelled(stage: Stage):
    never = Gate()
    stage.model.answers("first", ["An old ", never])
    stage.model.answers("second", ["A frog ", never])
    await stage.accept(anthology, FROGS)
    carry = await stage.claimed(anthology)
    going = asyncio.create_task(carry.go())
    await never.reached.wait()
    await stage.store.runs.request_cancel(stage.run_id, "default")
    carry.end("cancelled")
    await going
    bodies = [entry.body for entry in await stage.entries()]
    async with new_stage() as again:
        await broken_off(again, anthology, bodies[:-1])
        carry = await again.claimed(anthology, "another worker")
        carry._keep = asyncio.Event().wait  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - a lease that nobody could renew yet

        assert (await carry.go()).kind == "cancelled"
        assert not again.model.calls
        await again.check()


@step("Think", retries=0, expected=0)
async def think(topic: Topic) -> Haiku:
    return Haiku(text=topic.name)


@pipeline("Thinking", plan={think: ()})
async def thinking(topic: Topic) -> Haiku:
    return await think(topic)


async def test_a_pipeline_of_steps_that_take_no_time_has_an_end(stage: Stage):
    outcome = await stage.run(thinking, FROGS)

    assert outcome.kind == "complete"
    await stage.check()


@step("Muse", retries=0)
async def muse(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("Musing in a lane", plan={muse: ()})
async def musing(topic: Topic) -> Haiku:
    with lane("left"):
        return await muse(topic)


async def test_the_progress_of_a_step_in_a_lane_is_told_in_that_lane(stage: Stage):
    gate = Gate()
    stage.model.answers("muse", [gate, "both"])
    await stage.accept(musing, FROGS)
    carry = await stage.claimed(musing)
    going = asyncio.create_task(carry.go())
    await gate.reached.wait()
    run = carry._run  # pyright: ignore[reportPrivateUsage] - what the ticker looks at
    assert isinstance(run, Run)
    ticking = asyncio.create_task(tick(run, every=0))
    async with asyncio.timeout(2):
        await stage.heard("progress")
    ticking.cancel()
    gate.open()

    assert (await going).kind == "complete"
    told = next(e.event for e in await stage.entries() if e.type == "progress")
    assert told is not None
    assert (told.model_dump()["lane"], told.model_dump()["attempt"]) == ("left", 1)
    await stage.check()


reached: list[asyncio.Event] = []
"""When the slower one is at work, told from the test to the pipeline."""


@pipeline("The faster of two", plan={muse: (), think: ()})
async def faster(topic: Topic) -> Haiku:
    slow = asyncio.create_task(muse(topic))
    await reached.pop().wait()
    slow.cancel()
    await asyncio.wait([slow])
    return await think(topic)


async def test_a_step_that_the_pipeline_stopped_is_not_at_work_any_more(stage: Stage):
    never = Gate()
    reached.append(never.reached)
    stage.model.answers("muse", [never])
    await stage.accept(faster, FROGS)
    carry = await stage.claimed(faster)

    assert (await carry.go()).kind == "complete"
    run = carry._run  # pyright: ignore[reportPrivateUsage] - what the ticker looks at
    assert isinstance(run, Run)
    assert run.pace.open == []


@step("Write in a group", retries=1, backoff=0)
async def grouped(topic: Topic) -> Haiku:
    async with TaskGroup() as group:
        text = group.create_task(write_text(Ask(topic.name)))
    return Haiku(text=text.result())


@pipeline("Grouping", plan={grouped: ()})
async def grouping(topic: Topic) -> Haiku:
    return await grouped(topic)


async def test_a_failure_inside_a_group_is_told_and_tried_again_like_any_other(stage: Stage):
    stage.model.answers("grouped", ["An old ", StreamCut("It ended.")], ["A frog"])

    outcome = await stage.run(grouping, FROGS)

    assert outcome.result == {"text": "A frog"}
    assert (await stage.last("step_retry")).data.problem.title == "The answer broke off"
    await stage.check()


async def test_a_group_with_a_failure_that_cannot_be_helped_is_not_tried_again(stage: Stage):
    stage.model.answers("grouped", [ContentFiltered("No.")], ["too late"])

    await stage.run(grouping, FROGS)

    story = await stage.story()
    assert "step_retry grouped" not in story
    assert "content filter" in (await stage.last("step_error")).data.problem.title
    await stage.check()


class Narrow(BaseModel):
    length: int


@pipeline("Careless", plan={think: ()})
async def careless(topic: Topic) -> Narrow:
    return Narrow.model_validate({"length": (await think(topic)).text})


async def test_a_mistake_in_a_pipeline_is_not_blamed_on_its_input(stage: Stage):
    outcome = await stage.run(careless, FROGS)

    assert outcome.problem is not None
    assert outcome.problem.type == "/problems/run-failed"


async def test_an_input_of_another_version_is_named_as_the_cause(stage: Stage):
    await stage.accept(careless, Narrow(length=3))

    outcome = await (await stage.claimed(careless)).go()

    assert outcome.problem is not None
    assert outcome.problem.type == "/problems/invalid-input"
    await stage.check()


@pipeline("Short cut", plan={think: (), muse: (think,)})
async def short_cut(topic: Topic) -> Haiku:
    return await think(topic)


async def test_a_planned_step_that_was_not_needed_is_accounted_for(stage: Stage):
    assert (await stage.run(short_cut, FROGS)).kind == "complete"

    assert (await stage.story())[-2:] == ["step_skipped muse", "complete"]
    view = await stage.store.runs.view(stage.run_id, "default")
    assert (view.status, view.progress) == ("complete", 100)
    await stage.check()


async def test_a_history_of_instants_stops_no_run(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    async def history(tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
        return {"think": Expected(p50=0, p90=0, n=9)}

    monkeypatch.setattr(stage.store.runs, "history", history)

    assert (await stage.run(thinking, FROGS)).kind == "complete"


async def test_a_step_that_is_interrupted_though_nobody_wants_its_end_is_tried_again(stage: Stage):
    interruptions = [asyncio.CancelledError()]

    @step("Write a haiku", retries=2, backoff=0)
    async def interrupted(topic: Topic) -> Haiku:
        if interruptions:
            raise interruptions.pop()
        return Haiku(text=await write_text(Ask(topic.name)))

    @pipeline("An interruption", plan={interrupted: ()})
    async def an_interruption(topic: Topic) -> Haiku:
        async with TaskGroup() as group:
            made = group.create_task(interrupted(topic))
        return made.result()

    stage.model.answers("interrupted", ["An old pond"])

    outcome = await stage.run(an_interruption, FROGS)

    assert (outcome.kind, outcome.result) == ("complete", {"text": "An old pond"})
    retry = await stage.last("step_retry")
    assert retry.data.problem.title == "The step was interrupted"
    await stage.check()
