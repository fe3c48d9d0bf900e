"""Pausing: the steps at work end, nobody holds the run, and whoever takes it later does none of them again."""

import asyncio
from asyncio import TaskGroup
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from events.log import tail
from flows._lease import keep
from flows._pipeline import pipeline
from flows.worker import Worker
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")


@step("Morning", retries=0)
async def morning(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Noon", retries=0)
async def noon(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Night", retries=0)
async def night(before: Haiku) -> Haiku:
    return Haiku(text=await write_text(Ask(before.text)))


@pipeline("A day", plan={morning: (), noon: (), night: (morning, noon)})
async def day(topic: Topic) -> Haiku:
    async with TaskGroup() as group:
        first = group.create_task(morning(topic))
        group.create_task(noon(topic))
    return await night(first.result())


@asynccontextmanager
async def at_work(stage: Stage) -> AsyncGenerator[Worker]:
    worker = Worker(stage.tools, {day.name: day})
    working = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        worker.drain()
        async with asyncio.timeout(5):
            await working


async def given_up(stage: Stage) -> None:
    async with asyncio.timeout(5):
        while (await stage.store.runs.header(stage.run_id, "default")).holder is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def last_word(stage: Stage) -> str:
    async with asyncio.timeout(5):
        return [entry.type async for entry in tail(stage.store.log, stage.run_id)][-1]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage


async def paused_in_the_first_steps(stage: Stage) -> None:
    """Both steps are at work when it is paused, and end after that."""
    first, second = Gate(), Gate()
    stage.model.answers("morning", ["Mist ", first, "lifts"])
    stage.model.answers("noon", ["A fly ", second, "sleeps"])
    stage.model.answers("night", ["The moon"])
    await stage.accept(day, FROGS)
    async with at_work(stage):
        await first.reached.wait()
        await second.reached.wait()
        await stage.store.runs.pause(stage.run_id, "default", "ada")
        first.open()
        second.open()
        await given_up(stage)


async def test_a_pause_lets_the_steps_at_work_end_and_begins_no_other(stage: Stage):
    await paused_in_the_first_steps(stage)

    story = await stage.story()
    assert {"step_complete morning", "step_complete noon"} <= set(story)
    assert "step_start night" not in story
    assert story.index("run_paused") < story.index("step_complete morning")
    view = await stage.store.runs.view(stage.run_id, "default")
    assert (view.status, [each.status for each in view.steps]) == ("paused", ["complete", "complete", "pending"])
    assert await stage.store.runs.claim("somebody else") is None


async def test_a_paused_run_goes_on_in_another_worker_and_pays_for_nothing_twice(stage: Stage):
    await paused_in_the_first_steps(stage)
    async with at_work(stage):
        await stage.store.runs.unpause(stage.run_id, "default")
        assert await last_word(stage) == "complete"

    story = await stage.story()
    assert [story.count(f"step_start {each}") for each in ("morning", "noon", "night")] == [1, 1, 1]
    assert len(stage.model.calls) == 3
    assert (await stage.last("run_resumed")).data.reason == "it was paused"
    await stage.check()


async def test_a_run_that_is_paused_before_it_began_begins_when_it_is_let(stage: Stage):
    for each in ("morning", "noon", "night"):
        stage.model.answers(each, ["Words"])
    await stage.accept(day, FROGS)
    await stage.store.runs.pause(stage.run_id, "default")
    async with at_work(stage):
        assert (await stage.store.runs.view(stage.run_id, "default")).status == "paused"
        await stage.store.runs.unpause(stage.run_id, "default")
        assert await last_word(stage) == "complete"
    await stage.check()


async def test_a_pause_that_is_taken_back_while_a_step_is_at_work_changes_nothing(stage: Stage):
    gate = Gate()
    stage.model.answers("morning", ["Mist ", gate, "lifts"])
    stage.model.answers("noon", ["A fly"])
    stage.model.answers("night", ["The moon"])
    await stage.accept(day, FROGS)
    async with at_work(stage):
        await gate.reached.wait()
        await stage.store.runs.pause(stage.run_id, "default")
        await stage.store.runs.unpause(stage.run_id, "default")
        gate.open()
        assert await last_word(stage) == "complete"
    assert len(stage.model.calls) == 3
    await stage.check()


async def test_a_paused_run_that_is_cancelled_ends_at_once(stage: Stage):
    await paused_in_the_first_steps(stage)

    assert await stage.store.runs.request_cancel(stage.run_id, "default") is True
    assert (await stage.story())[-3:] == ["cancel_requested", "step_skipped night", "cancelled"]
    await stage.check()


async def test_the_deadline_of_a_paused_run_stands_still(stage: Stage):
    await paused_in_the_first_steps(stage)
    stage.clock.now += 5000
    await stage.store.runs.unpause(stage.run_id, "default")
    stage.clock.now += 10

    claim = await stage.store.runs.claim("another")
    assert claim is not None
    assert claim.seconds_left == pytest.approx(900)  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("killed_behind", range(1, 14))
async def test_a_worker_that_is_killed_anywhere_around_a_pause_costs_no_step_and_no_promise(killed_behind: int):
    async with new_stage() as whole:
        await paused_in_the_first_steps(whole)
        bodies = [entry.body for entry in await whole.entries()]
    async with new_stage() as stage:
        for each in ("morning", "noon", "night"):
            stage.model.answers(each, ["Again"], ["Again"])
        told = [entry.event for entry in await whole.entries()][:killed_behind]
        assert len(bodies) >= 10
        await stage.accept_first(day, FROGS, [each for each in told[:1] if each])
        claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
        assert claim is not None
        for event in told[1:]:
            assert event is not None
            if event.type == "run_paused":
                await stage.store.runs.pause(stage.run_id, "default", "ada")
            else:
                await stage.store.log.append(stage.run_id, [event], epoch=claim.epoch)
        stage.clock.now += 60
        done = {f"step_start {e.step}" for e in told if e is not None and e.type == "step_complete"}

        async with at_work(stage):
            if any(e is not None and e.type == "run_paused" for e in told):
                await given_up(stage)
                assert (await stage.store.runs.view(stage.run_id, "default")).status == "paused"
                await stage.store.runs.unpause(stage.run_id, "default")
            assert await last_word(stage) == "complete"

        assert done.isdisjoint((await stage.story())[killed_behind:])
        await stage.check()


async def test_a_holder_hears_of_a_wish_as_soon_as_it_is_nudged(stage: Stage):
    await stage.accept(day, FROGS)
    claim = await stage.store.runs.claim("me", run_id=stage.run_id)
    assert claim is not None
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    nudge = asyncio.Event()
    keeping = asyncio.create_task(
        keep(
            stage.store.runs,
            stage.run_id,
            claim.epoch,
            heard=heard.put_nowait,
            lost=lambda error: None,
            every=60,
            nudge=nudge,
        )
    )
    async with asyncio.timeout(5):
        await stage.store.runs.pause(stage.run_id, "default")
        nudge.set()
        assert await heard.get() == "pause"
    keeping.cancel()
    await asyncio.wait([keeping])
