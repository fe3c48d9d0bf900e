"""What each step of the Vision Framework asks of a model, and what it makes of the answer."""

from typing import Any

from llm.errors import RateLimited, Refused, StreamCut
from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.one_pager import HEADINGS, count_words
from steps.vision_framework.scoring import MEASURED
from tests.fundamentals.conftest import Stage
from tests.steps.vision_framework import playing
from tests.steps.vision_framework.documents import ANSWERS, marks, page, sections

LIMITED = RateLimited("Slower, please.", retry_after=0)
REPORT: dict[str, Any] = {
    "consistency": {"passed": True, "issues": []},
    "measurability": {"passed": True, "issues": []},
    "actionability": {"passed": False, "issues": ["One bet has no date."]},
    "tensions": {"passed": True, "score": 7, "feedback": "Named, and real."},
    "completeness": {"passed": True, "gaps": []},
    "overall_score": 8,
    "recommendations": ["Date the second bet."],
}


def result_of(outcome: Any) -> Any:
    assert outcome.kind == "complete", outcome.problem
    return outcome.result


async def parts(stage: Stage) -> list[tuple[str, str | None]]:
    """Every `partial`: its path, and the lane in which it was said."""
    events: list[Any] = [entry.event for entry in await stage.entries() if entry.type == "partial"]
    return [(event.data.path, event.lane) for event in events]


async def test_the_two_briefs_are_written_side_by_side_each_in_its_lane_and_kept(stage: Stage) -> None:
    stage.model.answers("brief", ["For the founder"], lane="founder_brief")
    stage.model.answers("brief", ["For an investor"], lane="investor_summary")

    outcome = await stage.run(playing.brief_alone, ANSWERS)

    assert result_of(outcome) == {"founder_brief": "For the founder", "investor_summary": "For an investor"}
    assert {call.tier for call in stage.model.calls} == {"light"}
    assert sorted(await parts(stage)) == [
        ("/founder_brief", "founder_brief"),
        ("/investor_summary", "investor_summary"),
    ]
    await stage.check()


async def test_a_brief_that_fails_is_asked_for_again_and_the_other_is_not(stage: Stage) -> None:
    stage.model.answers("brief", [LIMITED], ["For the founder"], lane="founder_brief")
    stage.model.answers("brief", ["For ", "an ", "investor"], lane="investor_summary")

    result_of(await stage.run(playing.brief_alone, ANSWERS))

    lanes = [call.labels["lane"] for call in stage.model.calls]
    assert sorted(lanes) == ["founder_brief", "founder_brief", "investor_summary"]
    await stage.check()


async def test_the_framework_shows_every_section_that_holds_as_soon_as_it_is_there(stage: Stage) -> None:
    broken = sections()
    broken["metrics"][0]["cadence"] = "yearly"
    stage.model.answers("framework", broken)

    outcome = await stage.run(playing.framework_alone, ANSWERS)

    assert result_of(outcome) == broken
    assert [path for path, _ in await parts(stage)] == [f"/{name}" for name in SECTION_NAMES if name != "metrics"]
    (call,) = stage.model.calls
    assert call.tier == "heavy"
    assert call.schema is not None
    assert call.schema.name == "FrameworkDraft"
    for answer in (ANSWERS.hard_decisions, ANSWERS.vision_endstate):
        assert answer in call.user
        assert answer not in call.system


async def test_a_draft_of_the_wrong_types_is_no_failure_of_the_framework_step(stage: Stage) -> None:
    stage.model.answers("framework", {"vision": 5, "strategy": None})
    assert result_of(await stage.run(playing.framework_alone, ANSWERS)) == {"vision": 5, "strategy": None}


async def test_a_good_one_pager_takes_one_call(stage: Stage) -> None:
    stage.model.answers("one_pager", [page()])

    result = result_of(await stage.run(playing.one_pager_alone, playing.Framed()))

    assert result == {"markdown": page(), "words": count_words(page())}
    (call,) = stage.model.calls
    assert call.tier == "heavy"
    assert all(f"## {heading}" in call.user for heading in HEADINGS)
    assert "earlier attempt" not in call.user


async def test_a_one_pager_out_of_form_is_withdrawn_and_asked_for_again_with_a_word_about_it(stage: Stage) -> None:
    stage.model.answers("one_pager", [page(90)], [page()])

    result_of(await stage.run(playing.one_pager_alone, playing.Framed()))

    assert len(stage.model.calls) == 2
    assert "earlier attempt missed the headings or the length" in stage.model.calls[1].user
    retry = await stage.last("step_retry")
    assert retry.data.problem.errors[0].detail.endswith("300 to 400 are asked for.")
    assert retry.data.supersedes is not None


async def test_a_one_pager_that_is_almost_right_is_let_through_at_the_second_attempt(stage: Stage) -> None:
    stage.model.answers("one_pager", [page(68)])  # 423 words, every time

    result = result_of(await stage.run(playing.one_pager_alone, playing.Framed()))

    assert 400 < result["words"] < 440
    assert len(stage.model.calls) == 2


async def test_a_one_pager_that_is_never_in_form_fails_the_step_and_says_why(stage: Stage) -> None:
    stage.model.answers("one_pager", ["Sorry, no."])

    outcome = await stage.run(playing.one_pager_alone, playing.Framed())

    assert outcome.problem is not None
    assert outcome.problem.title == "The one-pager is not in form"
    assert "Headings are missing" in outcome.problem.detail
    assert len(stage.model.calls) == 3
    await stage.check()


async def test_qa_is_one_light_call_whose_report_is_the_result(stage: Stage) -> None:
    stage.model.answers("qa", REPORT)

    assert result_of(await stage.run(playing.qa_alone, playing.Framed())) == REPORT
    (call,) = stage.model.calls
    assert call.tier == "light"
    assert "c-1" not in call.user


async def test_a_qa_call_that_fails_is_an_error_and_never_a_neutral_report(stage: Stage) -> None:
    stage.model.answers("qa", [Refused("I would rather not.")])

    outcome = await stage.run(playing.qa_alone, playing.Framed())

    assert outcome.kind == "error"
    assert outcome.failed_step == "qa"
    assert "step_complete qa" not in await stage.story()


async def test_a_report_without_its_parts_is_asked_for_again(stage: Stage) -> None:
    stage.model.answers("qa", {"overall_score": 8}, REPORT)
    assert result_of(await stage.run(playing.qa_alone, playing.Framed())) == REPORT
    assert len(stage.model.calls) == 2


def score(stage: Stage, **failing: Any) -> None:
    for name in SECTION_NAMES:
        good = marks(measurability=6) if name in MEASURED else marks()
        stage.model.answers("scoring", *failing.get(name, ()), good, lane=name)


async def test_every_section_gets_its_card_in_its_own_lane_and_we_compute_the_overall_score(stage: Stage) -> None:
    score(stage)

    result = result_of(await stage.run(playing.scoring_alone, playing.Framed()))

    assert list(result["scores"]) == list(SECTION_NAMES)
    assert result["scores"]["vision"] == marks() | {"overall": 8.25, "badge": "excellent"}
    assert result["scores"]["metrics"] == marks(measurability=6) | {"overall": 7.8, "badge": "good"}
    assert sorted(await parts(stage)) == sorted((f"/scores/{name}", name) for name in SECTION_NAMES)
    asked = {call.labels["lane"]: call for call in stage.model.calls}
    assert all(call.tier == "light" for call in asked.values())
    names = {lane: call.schema.name for lane, call in asked.items() if call.schema}
    assert {lane for lane, name in names.items() if name == "MeasuredMarks"} == MEASURED
    await stage.check()


async def test_a_card_is_made_of_one_section_and_the_answers_alone(stage: Stage) -> None:
    score(stage)
    await stage.run(playing.scoring_alone, playing.Framed())
    for call in stage.model.calls:
        for name in SECTION_NAMES:
            item = str(sections()[name][0]) if name in ("strategy", "tensions") else None
            if item:
                assert (item in call.user) is (call.labels["lane"] == name)


async def test_when_one_card_fails_the_others_are_kept_and_only_that_one_is_asked_for_again(stage: Stage) -> None:
    score(stage, metrics=[[LIMITED]], vision=[[StreamCut("It broke off.")]])

    result_of(await stage.run(playing.scoring_alone, playing.Framed()))

    again = sorted(call.labels["lane"] for call in stage.model.calls if call.labels["attempt"] == "2")
    assert again == ["metrics", "vision"]
    assert len(stage.model.calls) == 8
    await stage.check()


async def test_a_mark_out_of_bounds_is_never_used(stage: Stage) -> None:
    score(stage, vision=[marks(alignment=11)])
    result = result_of(await stage.run(playing.scoring_alone, playing.Framed()))
    assert result["scores"]["vision"]["alignment"] == 9


async def test_scoring_that_never_succeeds_invents_nothing(stage: Stage) -> None:
    score(stage, tensions=[[LIMITED], [LIMITED], [LIMITED]])

    outcome = await stage.run(playing.scoring_alone, playing.Framed())

    assert outcome.kind == "error"
    assert outcome.problem is not None
    assert outcome.problem.title == "The model server asks us to slow down"
    assert ("/scores/tensions", "tensions") not in await parts(stage)
    assert len(stage.model.calls) == 8  # six, and twice again the one that failed
