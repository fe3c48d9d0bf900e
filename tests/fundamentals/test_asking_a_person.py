"""Asking a person between steps: nobody holds the run meanwhile, and what was done before is never done again."""

import asyncio
from asyncio import TaskGroup
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel

from events.contract import InputReceived, RunStart, RunStartData
from events.errors import Answered, UnknownInput
from events.log import tail
from flows._fork import fork
from flows._pipeline import Pipeline, pipeline
from flows.worker import Worker
from steps._ask import ask
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")


def no_shouting(text: str) -> str:
    if text.isupper():
        raise ValueError("nobody shouts in a haiku")
    return text


class Wish(BaseModel):
    season: Annotated[str, AfterValidator(no_shouting)]


@step("Draft", retries=0)
async def draft(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Beside", retries=0)
async def beside(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Finish", retries=0)
async def finish(before: Haiku, wish: Wish) -> Haiku:
    return Haiku(text=await write_text(Ask(f"{before.text} in {wish.season}")))


@pipeline("Wishing", plan={draft: (), finish: (draft,)})
async def wishing(topic: Topic) -> Haiku:
    first = await draft(topic)
    return await finish(first, await ask(Wish, "Which season?"))


@pipeline("Choosing", plan={draft: (), finish: (draft,)})
async def choosing(topic: Topic) -> Haiku:
    first = await draft(topic)
    return await finish(first, await ask(Wish, "Which season?", within=0, default=Wish(season="autumn")))


@pipeline("Insisting", plan={draft: (), finish: (draft,)})
async def insisting(topic: Topic) -> Haiku:
    first = await draft(topic)
    return await finish(first, await ask(Wish, "Which season?", within=0))


@pipeline("Wishing beside", plan={draft: (), beside: (), finish: (draft,)})
async def wishing_beside(topic: Topic) -> Haiku:
    async with TaskGroup() as group:
        group.create_task(beside(topic))
        first = await draft(topic)
        wish = await ask(Wish, "Which season?")
    return await finish(first, wish)


@step("Praise", retries=0)
async def praise(text: Haiku) -> Haiku:
    return Haiku(text=await write_text(Ask(text.text)))


@pipeline("Praising", plan={draft: (), finish: (draft,), praise: (finish,)})
async def praising(topic: Topic) -> Haiku:
    return await praise(await finish(await draft(topic), await ask(Wish, "Which season?")))


@asynccontextmanager
async def at_work(stage: Stage, of: Pipeline) -> AsyncGenerator[Worker]:
    worker = Worker(stage.tools, {of.name: of})
    working = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        worker.drain()
        async with asyncio.timeout(5):
            await working


async def parked(stage: Stage) -> None:
    """Until it waits for a person, and nobody holds it."""
    async with asyncio.timeout(5):
        await stage.heard("input_required")
        while (await stage.store.runs.header(stage.run_id, "default")).holder is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def last_word(stage: Stage) -> str:
    async with asyncio.timeout(5):
        return [entry.type async for entry in tail(stage.store.log, stage.run_id)][-1]


async def answered(stage: Stage, season: str, input_id: str = "input-1") -> None:
    await stage.store.runs.answer(stage.run_id, "default", input_id, {"season": season}, "ada")


def may_answer(stage: Stage) -> None:
    for each in ("draft", "beside", "finish", "praise"):
        stage.model.answers(each, ["An old pond"])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        may_answer(stage)
        yield stage


async def test_a_run_waits_for_a_person_in_nobody_s_hands(stage: Stage):
    await stage.accept(wishing, FROGS)
    async with at_work(stage, wishing):
        await parked(stage)
        view = await stage.store.runs.view(stage.run_id, "default")
        assert view.asked is not None
        assert (view.status, view.asked[0].input_id, view.asked[0].prompt) == ("waiting", "input-1", "Which season?")
        assert view.asked[0].json_schema["properties"]["season"]["type"] == "string"
        assert await stage.store.runs.claim("somebody else") is None

        await answered(stage, "spring")
        assert await last_word(stage) == "complete"

    assert [call.user for call in stage.model.calls] == ["frogs", "An old pond in spring"]
    assert (await stage.last("run_resumed")).data.reason == "an answer came"
    await stage.check()


async def test_an_answer_is_given_once_to_a_question_that_is_asked(stage: Stage):
    await stage.accept(wishing, FROGS)
    async with at_work(stage, wishing):
        await parked(stage)
        with pytest.raises(UnknownInput):
            await answered(stage, "spring", "input-2")
        await stage.store.runs.pause(stage.run_id, "default")
        await answered(stage, "spring")
        with pytest.raises(Answered):
            await answered(stage, "winter")
        assert (await stage.store.runs.view(stage.run_id, "default")).status == "paused"
        await stage.store.runs.unpause(stage.run_id, "default")
        assert await last_word(stage) == "complete"


async def test_what_runs_beside_a_question_goes_on(stage: Stage):
    gate = Gate()
    stage.model.answers("beside", ["A frog ", gate, "jumps"])
    await stage.accept(wishing_beside, FROGS)
    async with at_work(stage, wishing_beside):
        await gate.reached.wait()
        await stage.heard("input_required")
        await answered(stage, "spring")
        gate.open()
        assert await last_word(stage) == "complete"
    assert len(stage.model.calls) == 3
    await stage.check()


async def test_after_its_time_the_default_is_the_answer(stage: Stage):
    assert (await stage.run(choosing, FROGS)).kind == "complete"
    assert (await stage.last("input_received")).data.by == "timeout"
    assert stage.model.calls[-1].user == "An old pond in autumn"
    otherwise = (await stage.last("input_required")).data.otherwise
    assert otherwise is not None
    assert otherwise.value == {"season": "autumn"}, "who is asked is told what becomes of it without them"
    await stage.check()


async def test_without_a_default_a_run_that_nobody_answers_fails_and_says_why(stage: Stage):
    outcome = await stage.run(insisting, FROGS)
    assert outcome.problem is not None
    assert (outcome.kind, outcome.problem.type) == ("error", "/problems/unanswered")
    assert "Which season?" in outcome.problem.detail
    assert (await stage.last("input_required")).data.otherwise is None
    await stage.check()


async def test_an_answer_that_is_of_no_use_is_asked_for_again(stage: Stage):
    await stage.accept(wishing, FROGS)
    async with at_work(stage, wishing):
        await parked(stage)
        await answered(stage, "SPRING")
        async with asyncio.timeout(5):
            while not (asked := (await stage.store.runs.view(stage.run_id, "default")).asked):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert asked[0].input_id == "input-2"
        assert "nobody shouts" in asked[0].prompt
        await answered(stage, "spring", "input-2")
        assert await last_word(stage) == "complete"
    await stage.check()


async def done_again(stage: Stage, from_step: str, given: Topic) -> list[str]:
    """Accept a run that does the stage's again; from then on that is the stage's. Gives what it begins with."""
    source = await stage.store.runs.view(stage.run_id, "default")
    forked = await fork(praising, stage.store.log, source, given, same_input=given == FROGS, from_step=from_step)
    await stage.accept_first(praising, given, forked.first)
    return await stage.story()


@pytest.mark.parametrize(("from_step", "kept"), [("praise", True), ("finish", False), ("draft", False)])
async def test_an_answer_goes_along_with_what_was_made_of_it_and_is_asked_anew_without(
    stage: Stage, from_step: str, kept: bool
):
    await stage.accept(praising, FROGS)
    async with at_work(stage, praising):
        await parked(stage)
        await answered(stage, "spring")
        await last_word(stage)
        begun = await done_again(stage, from_step, FROGS)
        assert ("input_received" in begun, "step_complete finish" in begun) == (kept, kept)
        if not kept:
            await parked(stage)
            await answered(stage, "winter")
        assert await last_word(stage) == "complete"
    story = await stage.story()
    assert ("input_required" in story) is not kept
    finished = [call.user for call in stage.model.calls if call.labels["step"] == "finish"]
    assert finished == ["An old pond in spring"] + ["An old pond in winter"] * (not kept)
    await stage.check()


async def test_an_answer_about_something_else_is_not_kept(stage: Stage):
    await stage.accept(praising, FROGS)
    async with at_work(stage, praising):
        await parked(stage)
        await answered(stage, "spring")
        await last_word(stage)
        assert await done_again(stage, "praise", Topic(name="cranes")) == ["run_queued"]
        await parked(stage)
        await answered(stage, "winter")
        assert await last_word(stage) == "complete"
    await stage.check()


async def test_an_answer_that_was_of_no_use_goes_along_with_the_one_that_was(stage: Stage):
    await stage.accept(praising, FROGS)
    async with at_work(stage, praising):
        await parked(stage)
        await answered(stage, "SPRING")
        async with asyncio.timeout(5):
            while not (await stage.store.runs.view(stage.run_id, "default")).asked:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await answered(stage, "spring", "input-2")
        await last_word(stage)
        assert (await done_again(stage, "praise", FROGS)).count("input_received") == 2
        assert await last_word(stage) == "complete"
    assert "input_required" not in await stage.story()
    await stage.check()


async def test_a_run_with_an_answer_of_before_says_of_a_lost_worker_that_it_was_lost(stage: Stage):
    await stage.accept(praising, FROGS)
    async with at_work(stage, praising):
        await parked(stage)
        await answered(stage, "spring")
        await last_word(stage)
    await done_again(stage, "praise", FROGS)
    claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
    assert claim is not None
    started = RunStart(data=RunStartData(pipeline=praising.name, plan=praising.plan))
    await stage.store.log.append(stage.run_id, [started], epoch=claim.epoch)
    stage.clock.now += 60
    assert (await stage.run_on(praising)).kind == "complete"
    assert "worker lost" in (await stage.last("run_resumed")).data.reason


async def test_a_person_is_not_asked_inside_a_step(stage: Stage):
    @step("Nosy", retries=0)
    async def nosy(topic: Topic) -> Haiku:
        return Haiku(text=(await ask(Wish, "Which season?")).season)

    @pipeline("Nosiness", plan={nosy: ()})
    async def nosiness(topic: Topic) -> Haiku:
        return await nosy(topic)

    assert (await stage.run(nosiness, FROGS)).kind == "error"


@pytest.mark.parametrize("killed_behind", range(1, 12))
async def test_a_worker_that_is_killed_at_any_event_around_a_question_costs_nothing_twice(killed_behind: int):
    async with new_stage() as whole:
        may_answer(whole)
        await whole.accept(wishing, FROGS)
        async with at_work(whole, wishing):
            await parked(whole)
            await answered(whole, "spring")
            await last_word(whole)
        log = [event for entry in await whole.entries() if (event := entry.event) and event.type != "progress"]
    assert len(log) >= 12
    async with new_stage() as stage:
        may_answer(stage)
        told = log[:killed_behind]
        await stage.accept_first(wishing, FROGS, told[:1])
        claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
        assert claim is not None
        for event in told[1:]:
            if isinstance(event, InputReceived):
                await answered(stage, "spring")
            else:
                await stage.store.log.append(stage.run_id, [event], epoch=claim.epoch)
        stage.clock.now += 60
        done = {f"step_start {event.step}" for event in told if event.type == "step_complete"}

        async with at_work(stage, wishing):
            if not any(event.type == "input_received" for event in told):
                await parked(stage)
                await answered(stage, "spring")
            assert await last_word(stage) == "complete"

        story = await stage.story()
        assert story.count("input_required") == story.count("input_received") == 1
        assert done.isdisjoint(story[killed_behind:])
        assert stage.model.calls[-1].user == "An old pond in spring" if "finish" not in str(done) else True
        await stage.check()
