"""One section written anew by the demo model."""

import json
from typing import Any

import pytest

from llm.demo.answer import answer
from llm.demo.framework import framework_of
from llm.demo.words import words
from steps._prompt import Fixed
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.document import SECTION_NAMES, SectionName, repair_of
from steps.vision_framework.refine import Refinement, task_of
from steps.vision_framework.violations import violations
from tests.llm.demo import asking
from tests.llm.demo.founders import ONE_WORD, SAMPLES, TERSE, Answers, brief

ACTIONS = ["more_specific", "more_concise", "different_angle", "add_detail", "regenerate"]


def refined(answers: Answers, section: SectionName, **wish: Any) -> tuple[Any, Any]:
    """The section before and after; the whole framework still holds."""
    document = framework_of(answers)
    given = brief(answers)
    whole = document | {"company_id": "c-1", "updated_at": "2030-01-01T00:00:00Z"}
    request = Refinement.model_validate({"section": section, "framework": whole, "answers": given, **wish})
    ask = prompt(
        "refine_section",
        company_name="Testhaven",
        section=Fixed(section),
        framework=document,
        answers=laid_out(given),
        task=task_of(request),
    )
    shape = repair_of(frozenset({section}))
    new = json.loads(answer(asking.asked(ask, shape.model_json_schema())))
    assert list(new) == [section]
    assert violations(document | new) == []
    return document[section], new[section]


@pytest.mark.parametrize("section", SECTION_NAMES)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_changes_every_section_and_keeps_its_bounds(section: SectionName, action: str) -> None:
    before, after = refined(SAMPLES["solar-microgrids"], section, action=action)
    unchanged = {("more_specific", "tensions"), ("add_detail", "tensions"), ("regenerate", "tensions")}
    # All that the answers say of tensions is in them already, and every one of them quotes a number.
    assert after != before or (action, section) in unchanged


@pytest.mark.parametrize("section", SECTION_NAMES)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("answers", [TERSE, ONE_WORD], ids=["terse", "one word"])
def test_little_to_work_with_still_keeps_the_bounds(section: SectionName, action: str, answers: Answers) -> None:
    refined(answers, section, action=action)


def test_more_concise_is_shorter() -> None:
    for section in SECTION_NAMES:
        before, after = refined(SAMPLES["textile-recycling"], section, action="more_concise")
        assert len(words(str(after))) < len(words(str(before))), section


def test_what_somebody_asks_for_in_words_is_taken_from_the_answers() -> None:
    before, after = refined(SAMPLES["solar-microgrids"], "strategy", instruction="Say more about prepaid smart meters")
    assert "smart meter" not in str(before)
    assert "smart meter" in str(after)


def test_more_specific_metrics_say_where_they_start_from() -> None:
    _, after = refined(SAMPLES["solar-microgrids"], "metrics", action="more_specific")
    assert "Above 96 percent, from 93 percent" in [metric["target"] for metric in after]
