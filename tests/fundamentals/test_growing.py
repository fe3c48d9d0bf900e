"""Working on parts: a step that begins with what another is still writing, and takes back what changed."""

import asyncio
from asyncio import TaskGroup
from collections.abc import Mapping
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter

from events.contract import EVENT, Event
from events.runs import NewRun
from flows._closing import Outcome
from flows._fork import fork
from flows._pipeline import pipeline
from llm.errors import ContentFiltered, StreamCut
from steps._checkpoint import checkpoint
from steps._growing import Growing, grown
from steps._latest import Latest
from steps._place import lane
from steps._step import step
from steps._write import write_json, write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_pause import given_up
from tests.fundamentals.test_a_step import Ask, Topic
from tests.scripted_llm import ScriptedModel
from tests.scripted_replies import Gate

FROGS = Topic(name="frogs")
LINE = TypeAdapter(str)


class Poem(BaseModel):
    opening: str
    middle: str
    end: str


class Translation(BaseModel):
    lines: dict[str, str]


@step("Write a poem", retries=1, backoff=0)
async def poem(topic: Topic) -> Poem:
    return await write_json(Poem, Ask(topic.name), sections={"opening": LINE, "middle": LINE, "end": LINE})


@step("Polish it", retries=1, backoff=0)
async def polish(draft: Poem) -> Poem:
    return Poem(opening=draft.opening, middle=draft.middle, end=await write_text(Ask(draft.end)))


@step("Translate it", retries=1, backoff=0, timeout=5)
async def translate(source: Growing[Poem]) -> Translation:
    async with Latest[str]() as calls:
        async for name, line in source.parts():
            await calls.call(name, translated(name, str(line)))
        return Translation(lines=await calls.results())


async def translated(name: str, line: str) -> str:
    with lane(name):
        return await checkpoint(f"/{name}", [line], lambda: write_text(Ask(line)), str)


async def polished(topic: Topic) -> Poem:
    return await polish(await poem(topic))


@pipeline("Poem in two languages", plan={poem: (), polish: (poem,), translate: (polish,)})
async def bilingual(topic: Topic) -> Translation:
    async with TaskGroup() as group:
        whole = group.create_task(polished(topic))
        lines = group.create_task(translate(Growing(whole, poem)))
    return lines.result()


def script(model: ScriptedModel, *, end: str = "sound", gate: Gate | None = None) -> None:
    """A poem whose last line `polish` changes, unless `end` is what the draft has. `gate` holds before that line."""
    model.answers("poem", ['{"opening": "pond", "middle": "jump", ', *([gate] if gate else []), '"end": "sound"}'])
    model.answers("polish", [end])
    for name, word in {"opening": "Teich", "middle": "Sprung", "end": "Ton"}.items():
        model.answers("translate", [word], lane=name)


def said(model: ScriptedModel) -> list[tuple[str, str]]:
    """What was to be translated, by lane."""
    calls = [call for call in model.calls if call.labels["step"] == "translate"]
    return [(call.labels["lane"], call.user) for call in calls]


async def test_a_step_begins_with_the_first_part_of_what_another_is_still_writing(stage: Stage):
    gate = Gate()
    script(stage.model, gate=gate)
    await stage.accept(bilingual, FROGS)
    going = asyncio.create_task(stage.run_on(bilingual))

    async with asyncio.timeout(5):
        await gate.reached.wait()
        await stage.model.called("translate", count=2)
        await stage.heard("partial")
    assert (await stage.story()).count("step_complete poem") == 0
    gate.open()
    outcome = await going

    assert outcome.result == {"lines": {"opening": "Teich", "middle": "Sprung", "end": "Ton"}}
    assert len(said(stage.model)) == 3, "nothing changed: nothing is asked twice"
    assert "partial_withdrawn translate" not in await stage.story()
    await stage.check()


async def test_what_changes_later_is_done_once_more_and_the_stale_part_withdrawn(stage: Stage):
    script(stage.model, end="sound of water")
    polishing = Gate()
    stage.model.answers("polish", [polishing, "sound of water"])
    await stage.accept(bilingual, FROGS)
    going = asyncio.create_task(stage.run_on(bilingual))
    async with asyncio.timeout(5):
        await polishing.reached.wait()
        await stage.shown("translate", 3)
    polishing.open()

    assert (await going).kind == "complete"
    assert [word for name, word in said(stage.model) if name == "end"] == ["sound", "sound of water"]
    story = await stage.story()
    assert story.count("partial_withdrawn translate") == 1
    assert story.index("partial_withdrawn translate") > story.index("step_complete polish")
    assert story.count("partial translate") == 4
    await stage.check()


async def test_a_call_for_a_part_that_changed_meanwhile_is_ended(stage: Stage):
    held = Gate()
    script(stage.model, end="sound of water")
    stage.model.answers("translate", [held, "Ton"], lane="end")
    await stage.accept(bilingual, FROGS)
    going = asyncio.create_task(stage.run_on(bilingual))
    async with asyncio.timeout(5):
        await stage.model.called("translate", count=4)
    assert [word for name, word in said(stage.model) if name == "end"] == ["sound", "sound of water"]
    assert stage.model.open <= 1, "the call for the stale line is over"
    held.open()

    assert (await going).kind == "complete"
    assert "partial_withdrawn translate" not in await stage.story(), "what was never shown is not withdrawn"
    await stage.check()


async def test_another_attempt_of_the_writer_takes_its_parts_back(stage: Stage):
    script(stage.model)
    first = ['{"opening": "lake", ', StreamCut("gone"), ""]
    stage.model.answers("poem", first, ['{"opening": "pond", "middle": "jump", "end": "sound"}'])

    outcome = await stage.run(bilingual, FROGS)

    assert outcome.result == {"lines": {"opening": "Teich", "middle": "Sprung", "end": "Ton"}}
    assert [word for name, word in said(stage.model) if name == "opening"][-1] == "pond"
    await stage.check()


async def test_a_writer_that_fails_stops_who_works_on_its_parts(stage: Stage):
    script(stage.model)
    gate = Gate()
    stage.model.answers("poem", ['{"opening": "pond", ', gate, ContentFiltered("No.")])
    stage.model.answers("translate", [Gate()], lane="opening")
    await stage.accept(bilingual, FROGS)
    going = asyncio.create_task(stage.run_on(bilingual))
    async with asyncio.timeout(5):
        await stage.model.called("translate")
    gate.open()

    outcome = await going

    assert (outcome.kind, outcome.failed_step) == ("error", "poem")
    problems = {e.step: e.data.problem.type for e in await events(stage) if e.type == "step_error"}
    assert problems == {"poem": "/problems/model-failed", "translate": "/problems/cancelled"}
    assert stage.model.open == 0
    await stage.check()


async def test_waiting_for_parts_is_not_counted_as_time_of_the_step(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    gate = Gate()
    script(stage.model, gate=gate)
    monkeypatch.setattr(translate, "timeout", 0.2)
    await stage.accept(bilingual, FROGS)
    going = asyncio.create_task(stage.run_on(bilingual))
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        await stage.shown("translate", 2)
        over = asyncio.Event()
        loop.call_later(0.3, over.set)
        await over.wait()
    gate.open()

    assert (await going).kind == "complete"
    assert "step_retry translate" not in await stage.story()


async def test_who_only_waits_for_parts_does_not_keep_a_run_from_being_paused(stage: Stage):
    gate = Gate()
    script(stage.model, gate=gate)
    await stage.accept(bilingual, FROGS)
    carry = await stage.claimed(bilingual)
    going = asyncio.create_task(carry.go())
    async with asyncio.timeout(5):
        await stage.shown("translate", 2)
        await stage.store.runs.pause(stage.run_id, "default")
        carry.heed()
        gate.open()
        await given_up(stage)
    assert (await going).kind == "parked"
    assert "step_start polish" not in await stage.story()
    assert (await stage.story()).count("partial translate") == 3, "what could be done without it is done"
    await stage.store.runs.unpause(stage.run_id, "default")

    assert (await stage.run_on(bilingual)).kind == "complete"

    assert len(said(stage.model)) == 3, "what was kept is not paid for again"
    assert (await stage.last("step_retry")).data.problem.title == "The run was set aside"
    await stage.check()


async def test_after_a_crash_behind_any_event_it_goes_on_with_the_parts_that_there_are():
    async with new_stage() as stage:
        script(stage.model, end="sound of water")
        good = await stage.run(bilingual, FROGS)
        log = await stage.entries()
    for crash in range(2, len(log)):
        told = [EVENT.validate_json(entry.body) for entry in log[:crash]]
        async with new_stage() as stage:
            script(stage.model, end="sound of water")
            await broken_off(stage, told)

            assert await stage.run_on(bilingual) == Outcome("complete", result=good.result)

            assert not kept(told) & set(said(stage.model)), f"crash behind event {crash}: paid twice"
            await stage.check(4)


async def test_a_run_done_again_reuses_what_was_made_of_the_same_whole(stage: Stage):
    script(stage.model)
    await stage.run(bilingual, FROGS)
    source = await stage.store.runs.view(stage.run_id, "default")

    same = await fork(bilingual, stage.store.log, source, FROGS, same_input=False)
    other = await fork(bilingual, stage.store.log, source, Topic(name="toads"), same_input=False)

    assert same.reused == {"poem", "polish", "translate"}
    assert other.reused == set()


async def test_what_has_grown_already_is_given_part_by_part_all_the_same(stage: Stage):
    @pipeline("Translation alone", plan={translate: ()})
    async def alone(given: Poem) -> Translation:
        return await translate(grown(given))

    script(stage.model)
    outcome = await stage.run(alone, Poem(opening="pond", middle="jump", end="sound"))

    assert outcome.result == {"lines": {"opening": "Teich", "middle": "Sprung", "end": "Ton"}}


async def events(stage: Stage) -> list[Event]:
    return [entry.event for entry in await stage.entries() if entry.event]


def kept(told: list[Event]) -> set[tuple[str, str]]:
    """What is translated, and stays so: lane and line, as `said` has them."""
    lines: Mapping[str, str] = {"/opening": "pond", "/middle": "jump", "/end": "sound"}
    held: dict[str, str] = {}
    for event in told:
        if event.type == "partial" and event.step == "translate":
            held[event.data.path] = "sound of water" if event.data.path in held else lines[event.data.path]
        if event.type == "partial_withdrawn":
            del held[event.data.path]
    return {(path.removeprefix("/"), line) for path, line in held.items()}


async def broken_off(stage: Stage, told: list[Event]) -> None:
    """A run whose worker died behind these events."""
    accepted = await stage.store.runs.accept(NewRun("bilingual", FROGS.model_dump(), told[:1]))
    stage.run_id = UUID(str(accepted.run_id))
    claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
    assert claim is not None
    await stage.store.log.append(stage.run_id, told[1:], epoch=claim.epoch)
    stage.clock.now = 60
