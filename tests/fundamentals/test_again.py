"""Doing a run again: what is taken over, what is done anew, and that nobody pays for the same thing twice."""

import asyncio
from asyncio import TaskGroup
from uuid import UUID

import pytest
from pydantic import BaseModel, JsonValue

from events.contract import EVENT, Event, Partial, RunQueued, StepComplete
from events.runs import NewRun
from flows._closing import Outcome
from flows._fork import NoSuchStep, NothingToRetry, fork
from flows._pipeline import Pipeline, pipeline
from llm.errors import ContentFiltered
from steps._checkpoint import checkpoint
from steps._place import current_run, lane
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_pipeline import anthology, scripted
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")
FAULT = ContentFiltered("No.")


async def again(
    stage: Stage, of: Pipeline, given: BaseModel, *, from_step: str | None = None, same: bool = True
) -> Outcome:
    """Do the stage's run again; from then on the new one is the stage's. The model forgets what it was asked."""
    source = await stage.store.runs.view(stage.run_id, "default")
    forked = await fork(of, stage.store.log, source, given, same_input=same, from_step=from_step)
    stage.model.calls.clear()
    accepted = await stage.store.runs.accept(NewRun(of.name, given.model_dump(mode="json"), forked.first))
    stage.run_id = accepted.run_id
    return await (await stage.claimed(of)).go()


def asked(stage: Stage) -> list[str]:
    return sorted(call.labels["step"] for call in stage.model.calls)


async def reused(stage: Stage) -> list[str]:
    events = [entry.event for entry in await stage.entries()]
    return [event.step for event in events if isinstance(event, StepComplete) and event.data.reused]


async def test_a_failed_run_goes_on_from_the_step_that_failed(stage: Stage):
    scripted(stage.model)
    stage.model.answers("foreword", FAULT)
    assert (await stage.run(anthology, FROGS)).failed_step == "foreword"
    failed = stage.run_id
    stage.model.answers("foreword", ["Water ", "sounds"])

    outcome = await again(stage, anthology, FROGS)

    assert outcome.result == {
        "first": {"text": "An old pond"},
        "second": {"text": "A frog jumps"},
        "foreword": "Water sounds",
    }
    assert asked(stage) == ["foreword"]
    assert (await stage.story())[:5] == [
        "run_queued",
        "step_complete first",
        "step_complete second",
        "run_start",
        "step_start foreword",
    ]
    queued = (await stage.last("run_queued")).data
    assert (queued.forked_from, queued.from_step) == (str(failed), "foreword")
    assert await stage.store.runs.forks(failed, "default") == [stage.run_id]
    await stage.check()


async def test_a_step_that_is_done_anew_takes_with_it_all_that_depends_on_it_and_nothing_else(stage: Stage):
    scripted(stage.model)
    await stage.run(anthology, FROGS)

    assert (await again(stage, anthology, FROGS, from_step="second")).kind == "complete"

    assert asked(stage) == ["foreword", "second"]
    assert await reused(stage) == ["first"]
    await stage.check()


async def test_what_reused_steps_had_cost_is_told_and_not_counted_again(stage: Stage):
    scripted(stage.model)
    await stage.run(anthology, FROGS)
    source = await stage.store.runs.view(stage.run_id, "default")
    await again(stage, anthology, FROGS, from_step="foreword")

    view = await stage.store.runs.view(stage.run_id, "default")

    foreword = next(step for step in view.steps if step.step == "foreword")
    assert view.output_tokens == foreword.output_tokens
    taken = [step.reused for step in view.steps if step.reused]
    there = [step for step in source.steps if step.step != "foreword"]
    assert [(one.run_id, one.output_tokens, one.duration) for one in taken] == [
        (source.run_id, step.output_tokens, step.duration) for step in there
    ]
    assert [step.duration for step in view.steps if step.reused] == [None, None], "they took no time of this run"
    assert await stage.store.runs.history("default", "anthology", "") != {}, "and are in no history a second time"


async def test_a_run_that_was_done_again_can_be_done_again(stage: Stage):
    scripted(stage.model)
    await stage.run(anthology, FROGS)
    made = str(stage.run_id)
    await again(stage, anthology, FROGS, from_step="foreword")
    await again(stage, anthology, FROGS, from_step="foreword")

    assert asked(stage) == ["foreword"]
    view = await stage.store.runs.view(stage.run_id, "default")
    assert {step.reused_from for step in view.steps} == {made, None}, "who made it, not who handed it on"
    await stage.check()


class Pair(BaseModel):
    left: str
    right: str


@step("Left", retries=0)
async def left(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Right", retries=0)
async def right(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Both", retries=0)
async def both(one: Haiku, two: Haiku) -> Haiku:
    return Haiku(text=await write_text(Ask(one.text + two.text)))


@pipeline("Two sides", plan={left: (), right: (), both: (left, right)})
async def two_sides(pair: Pair) -> Haiku:
    async with TaskGroup() as group:
        one, two = group.create_task(left(Topic(name=pair.left))), group.create_task(right(Topic(name=pair.right)))
    return await both(one.result(), two.result())


PAIR = Pair(left="pond", right="moon")


async def written(stage: Stage) -> None:
    for each in ("left", "right", "both"):
        stage.model.answers(each, [each])
    assert (await stage.run(two_sides, PAIR)).kind == "complete"


async def test_with_another_input_only_steps_that_are_given_the_same_are_taken_over(stage: Stage):
    await written(stage)

    changed = PAIR.model_copy(update={"right": "sun"})
    assert (await again(stage, two_sides, changed, same=False)).kind == "complete"

    assert asked(stage) == ["both", "right"]
    assert await reused(stage) == ["left"]
    await stage.check()


async def test_with_another_input_that_comes_to_the_same_everything_is_taken_over(stage: Stage):
    await written(stage)

    assert (await again(stage, two_sides, PAIR, same=False)).result == {"text": "both"}

    assert asked(stage) == []
    await stage.check()


async def test_with_another_input_a_step_that_was_named_is_done_anew_all_the_same(stage: Stage):
    await written(stage)

    changed = PAIR.model_copy(update={"right": "sun"})
    await again(stage, two_sides, changed, from_step="left", same=False)

    assert asked(stage) == ["both", "left", "right"]


async def test_a_result_that_was_made_of_something_else_is_not_taken_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    await written(stage)
    monkeypatch.setattr(left.basis, "output", "another form")

    await again(stage, two_sides, PAIR, from_step="both")

    assert asked(stage) == ["both", "left"]
    await stage.check()


async def test_a_result_of_other_models_is_not_taken_over(stage: Stage):
    await written(stage)
    source = await stage.store.runs.view(stage.run_id, "default")

    others = await fork(two_sides, stage.store.log, source, PAIR, same_input=True, from_step="both", models="a b")
    unknown = await fork(two_sides, stage.store.log, source, PAIR, same_input=True, from_step="both")

    assert others.reused == set()
    assert unknown.reused == {"left", "right"}, "who is told of no models cannot compare them"


async def test_of_a_complete_run_it_must_be_said_which_step_to_do_again(stage: Stage):
    await written(stage)
    source = await stage.store.runs.view(stage.run_id, "default")

    with pytest.raises(NothingToRetry, match="left, right, both"):
        await fork(two_sides, stage.store.log, source, PAIR, same_input=True)
    with pytest.raises(NoSuchStep, match="left, right, both"):
        await fork(two_sides, stage.store.log, source, PAIR, same_input=True, from_step="middle")


@step("Cards", retries=0)
async def cards(topic: Topic) -> Haiku:
    async def one(season: str) -> str:
        with lane(season):
            ask = Ask(f"{topic.name} in {season}")
            return await checkpoint(f"/{season}", [ask.user], lambda: write_text(ask), str)

    texts = await asyncio.gather(*(one(season) for season in ("spring", "autumn")), return_exceptions=True)
    for text in texts:
        if isinstance(text, BaseException):
            raise text
    return Haiku(text="\n".join(str(text) for text in texts))


@pipeline("Cards", plan={cards: ()})
async def dealing(topic: Topic) -> Haiku:
    return await cards(topic)


async def dealt(stage: Stage) -> None:
    stage.model.answers("cards", ["Blossoms"], lane="spring")
    stage.model.answers("cards", FAULT, lane="autumn")
    assert (await stage.run(dealing, FROGS)).kind == "error"


async def test_parts_of_the_failed_step_that_were_finished_are_not_paid_for_again(stage: Stage):
    await dealt(stage)
    stage.model.answers("cards", ["Leaves"], lane="autumn")

    outcome = await again(stage, dealing, FROGS)

    assert outcome.result == {"text": "Blossoms\nLeaves"}
    assert [call.labels["lane"] for call in stage.model.calls] == ["autumn"]
    parts = [entry.event for entry in await stage.entries() if entry.type == "partial"]
    assert [part.data.path for part in parts if isinstance(part, Partial)] == ["/spring", "/autumn"], "both are shown"
    await stage.check()


async def test_they_are_handed_on_by_a_retry_that_did_not_get_to_them(stage: Stage):
    await dealt(stage)
    source = await stage.store.runs.view(stage.run_id, "default")
    forked = await fork(dealing, stage.store.log, source, FROGS, same_input=True)
    accepted = await stage.store.runs.accept(NewRun(dealing.name, FROGS.model_dump(), forked.first))
    await stage.store.runs.request_cancel(accepted.run_id, "default")
    stage.run_id = accepted.run_id
    stage.model.answers("cards", ["Leaves"], lane="autumn")

    assert (await again(stage, dealing, FROGS)).result == {"text": "Blossoms\nLeaves"}

    assert [call.labels["lane"] for call in stage.model.calls] == ["autumn"]


async def test_of_a_complete_step_that_is_done_anew_no_part_is_kept(stage: Stage):
    await dealt(stage)
    stage.model.answers("cards", ["Leaves"], lane="autumn")
    await again(stage, dealing, FROGS)

    await again(stage, dealing, FROGS, from_step="cards")

    assert len(stage.model.calls) == 2
    await stage.check()


async def test_a_run_done_again_goes_on_after_a_crash_like_any_other(stage: Stage):
    await written(stage)
    never = Gate()
    stage.model.answers("both", ["bo", never], ["both"])
    source = await stage.store.runs.view(stage.run_id, "default")
    forked = await fork(two_sides, stage.store.log, source, PAIR, same_input=True, from_step="both")
    stage.model.calls.clear()
    stage.run_id = (await stage.store.runs.accept(NewRun(two_sides.name, PAIR.model_dump(), forked.first))).run_id
    carry = await stage.claimed(two_sides)
    going = asyncio.create_task(carry.go())
    await never.reached.wait()
    carry.end("released")
    await going

    outcome = await (await stage.claimed(two_sides, "another worker")).go()

    assert outcome.result == {"text": "both"}
    assert asked(stage) == ["both", "both"]
    await stage.check()


async def test_after_a_crash_behind_any_event_a_run_done_again_goes_on_and_pays_for_nothing_twice():
    async with new_stage() as stage:
        await dealt(stage)
        source = [EVENT.validate_json(entry.body) for entry in await stage.entries()]
        stage.model.answers("cards", ["Leaves"], lane="autumn")
        good = await again(stage, dealing, FROGS)
        log = await stage.entries()
    for crash in range(1, len(log)):
        async with new_stage() as stage:
            failed = await told(stage, source, len(source))
            stage.model.answers("cards", ["Leaves"], lane="autumn")
            words = [EVENT.validate_json(entry.body) for entry in log]
            assert isinstance(words[0], RunQueued)
            data = words[0].data.model_copy(update={"forked_from": str(failed)})
            stage.run_id = await told(stage, [words[0].model_copy(update={"data": data}), *words[1:]], crash)
            stage.clock.now = 60

            outcome = await (await stage.claimed(dealing, "another worker")).go()

            assert outcome == Outcome("complete", result=good.result), f"crash behind {log[crash - 1].type}"
            paid = {event.data.path for event in words[:crash] if isinstance(event, Partial)}
            asked_for = [f"/{call.labels['lane']}" for call in stage.model.calls]
            assert asked_for == ([] if "/autumn" in paid else ["/autumn"]), f"crash behind event {crash}"
            await stage.check()


async def told(stage: Stage, words: list[Event], crash: int) -> UUID:
    """A run whose log ends behind so many words, because the worker that said them died there, or was done."""
    run_id = (await stage.store.runs.accept(NewRun(dealing.name, FROGS.model_dump(), words[:1]))).run_id
    if crash > 1:
        claim = await stage.store.runs.claim("a worker that dies", run_id=run_id)
        assert claim is not None
        await stage.store.log.append(run_id, words[1:crash], epoch=claim.epoch)
    return run_id


@pipeline("With an end", plan={left: ()})
async def with_an_end(topic: Topic) -> JsonValue:
    await left(topic)
    if not ENDS:
        raise KeyError("a bug behind the last step")
    return str(current_run().id)


ENDS: list[bool] = []


async def test_a_run_that_failed_behind_its_last_step_is_done_again_without_any(stage: Stage):
    stage.model.answers("left", ["left"])
    ENDS.clear()
    assert (await stage.run(with_an_end, FROGS)).kind == "error"
    ENDS.append(True)

    outcome = await again(stage, with_an_end, FROGS)

    assert UUID(str(outcome.result)) == stage.run_id
    assert asked(stage) == []
    await stage.check()
