"""From a draft to a framework: what is repaired, how often, and when it is given up."""

import asyncio
from typing import Any

from llm.client import Call
from llm.errors import StreamCut
from tests.fundamentals.conftest import Stage
from tests.scripted_replies import Gate
from tests.steps.vision_framework import playing
from tests.steps.vision_framework.documents import Json, sections
from tests.steps.vision_framework.test_steps import result_of


def broken(**more: Any) -> Json:
    """A draft with two violations, in two sections."""
    draft = sections()
    draft["metrics"][1]["cadence"] = "yearly"
    draft["near_term_bets"][0]["owner"] = ""
    return draft | more


REPAIR = {"near_term_bets": sections()["near_term_bets"], "metrics": sections()["metrics"]}
POINTERS = ["/near_term_bets/0/owner", "/metrics/1/cadence"]


def in_turn(stage: Stage, answers: list[Any]) -> None:
    """One answer after the other, whatever the attempt: several calls of one step share theirs."""
    rest = iter(answers)

    def next_answer(call: Call) -> Any:
        answer = next(rest)
        return [answer] if isinstance(answer, StreamCut) else answer

    stage.model._answer_to = next_answer  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]  # by turns


async def test_a_draft_that_holds_costs_no_call(stage: Stage) -> None:
    result = result_of(await stage.run(playing.validation_alone, playing.drafted(sections())))

    assert stage.model.calls == []
    assert (result["repairs"], result["violations"]) == (0, [])
    assert {name: result["framework"][name] for name in sections()} == sections()
    assert result["framework"]["company_id"] == "c-1"
    assert result["framework"]["updated_at"]


async def test_what_is_wrong_is_shown_to_the_model_and_repaired(stage: Stage) -> None:
    stage.model.answers("validation", REPAIR)

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(broken())))

    assert result["framework"]["metrics"] == sections()["metrics"]
    assert result["repairs"] == 1
    assert [[one["pointer"] for one in found] for found in result["violations"]] == [POINTERS]
    (call,) = stage.model.calls
    assert call.tier == "heavy"
    assert all(pointer in call.user for pointer in POINTERS)
    assert "Metric 2, cadence is “yearly”" in call.user
    assert call.schema is not None
    assert call.schema.json_schema["required"] == ["near_term_bets", "metrics"]


async def test_a_section_that_held_is_neither_shown_nor_touched(stage: Stage) -> None:
    stage.model.answers("validation", REPAIR | {"vision": "It is mine now. All of it."})

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(broken())))

    assert result["framework"]["vision"] == sections()["vision"]
    assert sections()["strategy"][0] not in stage.model.calls[0].user


async def test_a_second_repair_sees_what_the_first_has_left(stage: Stage) -> None:
    half = REPAIR | {"metrics": broken()["metrics"]}
    in_turn(stage, [half, REPAIR])

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(broken())))

    assert result["repairs"] == 2
    assert [[one["pointer"] for one in found] for found in result["violations"]] == [POINTERS, POINTERS[1:]]
    second = stage.model.calls[1]
    assert POINTERS[0] not in second.user
    assert second.schema is not None
    assert second.schema.json_schema["required"] == ["metrics"]
    events: list[Any] = [entry.event for entry in await stage.entries() if entry.type == "usage"]
    assert [event.round for event in events] == [1, 2]


async def test_after_two_repairs_the_step_fails_with_every_violation(stage: Stage) -> None:
    stage.model.answers("validation", {"near_term_bets": [], "metrics": broken()["metrics"]})

    outcome = await stage.run(playing.validation_alone, playing.drafted(broken()))

    assert len(stage.model.calls) == 2
    assert outcome.kind == "error"
    assert outcome.problem is not None
    assert outcome.problem.title == "The framework breaks its bounds"
    assert outcome.problem.errors is not None
    assert [one.pointer for one in outcome.problem.errors] == ["/near_term_bets", "/metrics/1/cadence"]
    assert "step_retry validation" not in await stage.story()
    await stage.check()


async def test_a_repair_that_is_finished_is_not_paid_for_again_when_the_next_one_breaks_off(stage: Stage) -> None:
    half = REPAIR | {"metrics": broken()["metrics"]}
    in_turn(stage, [half, StreamCut("It broke off."), {"metrics": sections()["metrics"]}])

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(broken())))

    assert result["repairs"] == 2
    assert len(stage.model.calls) == 3
    retry = await stage.last("step_retry")
    assert retry.data.problem.title == "The answer broke off"
    await stage.check()


async def test_a_draft_of_nonsense_is_reported_and_repaired_like_any_other(stage: Stage) -> None:
    stage.model.answers("validation", sections())
    draft: Json = {"vision": 5, "strategy": None, "metrics": {"a": [1]}, "near_term_bets": ["x"]}

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(draft)))

    pointers = [one["pointer"] for one in result["violations"][0]]
    assert pointers == [
        "/vision", "/strategy", "/operating_principles", "/near_term_bets", "/near_term_bets/0", "/metrics",
        "/tensions",
    ]  # fmt: skip


async def test_a_member_that_is_no_section_is_left_out_without_a_call_and_said_so(stage: Stage) -> None:
    draft = sections() | {"notes": "more", "company_id": "of-the-model"}

    result = result_of(await stage.run(playing.validation_alone, playing.drafted(draft)))

    assert stage.model.calls == []
    assert result["framework"]["company_id"] == "c-1"
    assert [one["pointer"] for one in result["violations"][0]] == ["/company_id", "/notes"]


async def test_cancelled_in_mid_repair_nothing_goes_on(stage: Stage) -> None:
    gate = Gate()
    stage.model.answers("validation", ["{", gate, "}"])
    await stage.accept(playing.validation_alone, playing.drafted(broken()))
    going = asyncio.create_task((await stage.claimed(playing.validation_alone)).go())
    await asyncio.wait_for(gate.reached.wait(), 5)
    going.cancel()
    await asyncio.wait([going])
    assert stage.model.open == 0
