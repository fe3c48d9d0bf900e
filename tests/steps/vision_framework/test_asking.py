"""A framework that stays invalid, in a run that is to ask: what a person may decide, and what comes of it."""

from typing import Any

import pytest

from events.contract import InputReceived, StepComplete
from events.errors import RunEnded
from flows.vision_framework import vision_framework
from steps.vision_framework.request import VisionRequest
from tests.fundamentals.conftest import Stage, new_stage
from tests.steps.vision_framework.asking import (
    ASKING,
    answered,
    asked,
    at_work,
    broken,
    calls,
    edit,
    last_word,
    may_answer,
    request,
    retried,
    reused,
    right,
    wrong,
)
from tests.steps.vision_framework.documents import ANSWERS, schema_errors, sections

STEPS = ["brief", "framework", "validation", "one_pager", "qa", "scoring"]
EDITED = right()["vision"] + " A person wrote this."


async def outcome(stage: Stage) -> Any:
    """The data of the last word."""
    return (await stage.last(await last_word(stage))).data


async def test_what_is_wrong_is_edited_by_hand_and_the_run_goes_on_with_that(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        question = await asked(stage)
        assert (await stage.store.runs.view(stage.run_id, "default")).status == "waiting"
        value = edit(vision=EDITED)
        assert schema_errors(question.json_schema, value) == []
        await answered(stage, value)
        result = (await outcome(stage)).result

    assert "The vision has 1 sentence" in question.prompt
    assert "Metric 2, cadence is “yearly”" in question.prompt
    assert result["framework"]["vision"] == EDITED
    assert result["framework"]["strategy"] == broken()["strategy"]
    assert calls(stage, "validation") == 2
    assert [call.user.count("A person wrote this.") for call in stage.model.calls if call.labels["step"] == "qa"] == [1]
    view = await stage.store.runs.view(stage.run_id, "default")
    assert [(step.step, step.status) for step in view.steps] == [(step, "complete") for step in STEPS]
    done = [entry.event for entry in await stage.entries() if entry.type == "step_complete"]
    rounds = [event.round for event in done if isinstance(event, StepComplete) and event.step == "validation"]
    assert rounds == [1, 2, 3]
    await stage.check()


async def test_a_draft_that_holds_is_asked_of_nobody(stage: Stage) -> None:
    may_answer(stage, draft=sections())
    outcome = await stage.run(vision_framework, ASKING)
    assert outcome.kind == "complete"
    assert calls(stage, "validation") == 0
    assert "input_required" not in await stage.story()
    await stage.check()


async def test_an_edit_that_is_still_wrong_is_asked_about_again_as_it_was_edited(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, edit(vision="I wrote one sentence of my own."))
        again = await asked(stage, "framework-2")
        form = again.json_schema["oneOf"][0]["properties"]["sections"]["properties"]
        assert {name: each["default"] for name, each in form.items()} == {"vision": "I wrote one sentence of my own."}
        assert again.prompt.splitlines()[1:] == ["- The vision has 1 sentence; 2 to 3 are asked for."]
        await answered(stage, {"action": "edit", "sections": {"vision": EDITED}}, "framework-2")
        result = (await outcome(stage)).result
    assert (result["framework"]["vision"], result["framework"]["metrics"]) == (EDITED, right()["metrics"])
    await stage.check()


async def test_a_section_that_held_is_not_taken_from_an_edit(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, edit(strategy=["Something that nobody was asked about.", "And another one of these."]))
        result = (await outcome(stage)).result
    assert result["framework"]["strategy"] == sections()["strategy"]


async def test_another_repair_is_one_more_call_and_may_be_wished_for_again(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, {"action": "repair"})
        again = await asked(stage, "framework-2")
        assert "after 3 repairs" in again.prompt
        assert calls(stage, "validation") == 3
        stage.model.answers("validation", right())
        await answered(stage, {"action": "repair"}, "framework-2")
        assert (await outcome(stage)).result["framework"]["vision"] == right()["vision"]
    assert calls(stage, "validation") == 4
    await stage.check()


async def test_who_gives_up_ends_the_run_with_the_violations_as_a_run_that_does_not_ask(stage: Stage) -> None:
    may_answer(stage)
    plain = await stage.run(vision_framework, request("fail"))
    assert plain.problem is not None
    async with new_stage() as asking:
        may_answer(asking)
        await asking.accept(vision_framework, ASKING)
        async with at_work(asking):
            await asked(asking)
            await answered(asking, {"action": "give_up"})
            said = await outcome(asking)
        assert (said.failed_step, said.problem) == ("validation", plain.problem)
        assert [one.pointer for one in said.problem.errors] == ["/vision", "/metrics/1/cadence"]
        await asking.check()


async def test_when_nobody_answers_in_time_the_run_fails_with_the_violations(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage, answer_within=0.0):
        said = await outcome(stage)
    assert [one.pointer for one in said.problem.errors] == ["/vision", "/metrics/1/cadence"]
    heard = await stage.last("input_received")
    assert (heard.data.value, heard.data.by) == ({"action": "give_up"}, "timeout")
    await stage.check()


async def test_a_run_that_is_cancelled_while_it_waits_ends_at_once(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        assert await stage.store.runs.request_cancel(stage.run_id, "default")
        assert await last_word(stage) == "cancelled"
        with pytest.raises(RunEnded):
            await answered(stage, edit())
    assert calls(stage, "one_pager") == 0


async def test_a_run_that_is_paused_while_it_waits_goes_on_when_both_are_over(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await stage.store.runs.pause(stage.run_id, "default")
        await answered(stage, edit())
        view = await stage.store.runs.view(stage.run_id, "default")
        assert (view.status, view.asked) == ("paused", None)
        assert calls(stage, "one_pager") == 0
        await stage.store.runs.unpause(stage.run_id, "default")
        assert await last_word(stage) == "complete"
    await stage.check()


async def test_steps_are_not_given_the_option(stage: Stage) -> None:
    """So that what was made without it is as good with it."""
    assert request().answers == request("fail").answers == ANSWERS
    assert type(request().answers) is type(ANSWERS)
    assert VisionRequest.model_validate(ANSWERS.model_dump()).model_dump() == ANSWERS.model_dump()


# --- done again


async def test_an_edit_goes_along_with_what_was_made_of_it(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, edit(vision=EDITED))
        await last_word(stage)
        await retried(stage, "qa")
        assert (await outcome(stage)).result["framework"]["vision"] == EDITED
    assert await reused(stage) == set(STEPS) - {"qa"}
    assert [call.labels["step"] for call in stage.model.calls] == ["qa"]
    story = await stage.story()
    assert "input_required" not in story
    assert story.index("input_received") < story.index("run_start")
    assert (await stage.last("input_received")).data.by == "ada"
    view = await stage.store.runs.view(stage.run_id, "default")
    assert view.reused_cost_usd == 0.25 * (2 + 1 + 2 + 1 + 6)
    await stage.check()


async def test_who_does_the_validation_anew_is_asked_anew(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, edit(vision=EDITED))
        await last_word(stage)
        await retried(stage, "validation")
        await asked(stage)
        await answered(stage, edit())
        assert (await outcome(stage)).result["framework"]["vision"] == right()["vision"]
    assert await reused(stage) == {"brief", "framework"}
    await stage.check()


@pytest.mark.parametrize("by", ["ada", "timeout"])
async def test_after_it_was_given_up_a_retry_asks_again_and_pays_for_no_repair_twice(stage: Stage, by: str) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage, answer_within=0.0 if by == "timeout" else 60.0):
        if by == "ada":
            await asked(stage)
            await answered(stage, {"action": "give_up"})
        assert await last_word(stage) == "error"
        await stage.check()
    await retried(stage)
    async with at_work(stage):
        await asked(stage)
        assert stage.model.calls == []
        await answered(stage, edit())
        assert await last_word(stage) == "complete"
    assert await reused(stage) == {"brief", "framework"}
    await stage.check()


async def test_a_run_that_failed_without_asking_may_be_done_again_to_ask(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, request("fail"))
    async with at_work(stage):
        assert (await outcome(stage)).failed_step == "validation"
        await retried(stage, given=ASKING, same=False)
        await asked(stage)
        assert stage.model.calls == []
        await answered(stage, edit())
        assert await last_word(stage) == "complete"
    assert await reused(stage) == {"brief", "framework"}
    await stage.check()


async def test_other_answers_of_the_founder_take_nothing_of_the_person_s_edit_over(stage: Stage) -> None:
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        await asked(stage)
        await answered(stage, edit(vision=EDITED))
        await last_word(stage)
        await retried(stage, given=ASKING.model_copy(update={"hard_decisions": "Another one."}), same=False)
        await asked(stage)
        await answered(stage, edit())
        assert (await outcome(stage)).result["framework"]["vision"] == right()["vision"]
    assert await reused(stage) == set()
    await stage.check()


# --- crashes


async def story_of_an_edit() -> list[Any]:
    async with new_stage() as whole:
        may_answer(whole)
        await whole.accept(vision_framework, ASKING)
        async with at_work(whole):
            await asked(whole)
            await answered(whole, edit(vision="I wrote one sentence of my own."))
            await asked(whole, "framework-2")
            await answered(whole, {"action": "edit", "sections": {"vision": EDITED}}, "framework-2")
            assert await last_word(whole) == "complete"
        return [event for entry in await whole.entries() if (event := entry.event)]


@pytest.mark.parametrize("part", range(5))
async def test_a_worker_that_is_killed_behind_any_event_costs_no_repair_and_no_answer_twice(part: int) -> None:
    log = await story_of_an_edit()
    worth = [at for at in range(1, len(log)) if log[at - 1].type not in ("model_chunk", "progress", "usage")]
    assert len(worth) >= 40
    for killed_behind in worth[part::5]:
        async with new_stage() as stage:
            await killed(stage, log[:killed_behind])


async def killed(stage: Stage, told: list[Any]) -> None:
    """Go on behind these events with another worker, and answer what is still asked."""
    may_answer(stage)
    await stage.accept_first(vision_framework, ASKING, told[:1])
    claim = await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
    assert claim is not None
    for event in told[1:]:
        if isinstance(event, InputReceived):
            await answered(stage, event.data.value, event.data.input_id)
        else:
            await stage.store.log.append(stage.run_id, [event], epoch=claim.epoch)
    stage.clock.now += 60
    kept = sum(event.type == "partial" and event.data.path.startswith("/repairs") for event in told)
    given = {event.data.input_id for event in told if event.type == "input_received"}
    async with at_work(stage):
        if "framework-1" not in given:
            await asked(stage)
            await answered(stage, edit(vision="I wrote one sentence of my own."))
        if "framework-2" not in given:
            await asked(stage, "framework-2")
            await answered(stage, {"action": "edit", "sections": {"vision": EDITED}}, "framework-2")
        assert (await outcome(stage)).result["framework"]["vision"] == EDITED
    story = await stage.story()
    assert story.count("input_required") == story.count("input_received") == 2
    assert calls(stage, "validation") == 2 - kept, wrong()
    await stage.check()


async def test_m7_nobody_can_wish_for_repairs_without_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steps.vision_framework.decision.MOST_BY_HAND", 2)
    may_answer(stage)
    await stage.accept(vision_framework, ASKING)
    async with at_work(stage):
        for number in (1, 2):
            assert schema_errors((await asked(stage, f"framework-{number}")).json_schema, {"action": "repair"}) == []
            await answered(stage, {"action": "repair"}, f"framework-{number}")
        question = await asked(stage, "framework-3")
        assert schema_errors(question.json_schema, {"action": "repair"})
        assert "No more are made" in question.prompt
        await answered(stage, edit(), "framework-3")
        assert await last_word(stage) == "complete"
    assert calls(stage, "validation") == 4
    await stage.check()
