"""The question that is put to a person when a framework still breaks its bounds: what is in it, and what fits it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from steps.vision_framework.decision import DECISION, MOST_BY_HAND, Edit, GiveUp, Repair, choices, question
from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.repair import MOST_REPAIRS
from steps.vision_framework.violations import violations
from tests.steps.vision_framework.documents import Json, schema_errors, sections


def spoilt() -> Json:
    """With three violations, in three sections."""
    draft: Json = sections() | {"vision": "One sentence that is long enough."}
    draft["metrics"][1]["cadence"] = "yearly"
    draft["near_term_bets"][0]["owner"] = ""
    return draft


def asked(draft: Json) -> Json:
    return choices(draft, violations(draft), MOST_REPAIRS)


def edited(schema: Json) -> Json:
    """The forms of the sections, by name."""
    return schema["oneOf"][0]["properties"]["sections"]["properties"]


def test_the_question_says_in_words_all_that_is_wrong() -> None:
    said = question(violations(spoilt()), 2).splitlines()
    assert "2 repairs" in said[0]
    assert said[1:] == [
        "- The vision has 1 sentence; 2 to 3 are asked for.",
        "- Bet 1, owner is empty.",
        "- Metric 2, cadence is “yearly”, which is not one of daily, weekly, monthly, quarterly, milestone.",
    ]


def test_to_be_edited_are_the_sections_that_are_wrong_as_they_are_now_and_no_others() -> None:
    forms = edited(asked(spoilt()))
    assert list(forms) == ["vision", "near_term_bets", "metrics"]
    assert {name: form["default"] for name, form in forms.items()} == {name: spoilt()[name] for name in forms}
    assert forms["near_term_bets"]["title"] == "Near-term bets"
    assert "Bet 1, owner is empty." in forms["near_term_bets"]["description"]
    assert "owner" not in forms["metrics"]["description"]


def test_a_form_can_be_made_of_it_without_looking_anything_up() -> None:
    schema = asked({})
    Draft202012Validator.check_schema(schema)
    assert list(edited(schema)) == list(SECTION_NAMES)
    assert "$ref" not in str(schema)
    assert edited(schema)["metrics"]["items"]["properties"]["cadence"]["enum"][0] == "daily"


@pytest.mark.parametrize(
    "value",
    [
        {"action": "edit", "sections": {name: sections()[name] for name in ("vision", "near_term_bets", "metrics")}},
        {"action": "repair"},
        {"action": "give_up"},
    ],
)
def test_what_may_be_decided_fits_and_can_be_read(value: Any) -> None:
    assert schema_errors(asked(spoilt()), value) == []
    assert isinstance(DECISION.validate_python(value), Edit | Repair | GiveUp)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"action": "wait"},
        {"action": "edit"},
        {"action": "edit", "sections": {}},
        {"action": "edit", "sections": {"vision": sections()["vision"]}},
        {"action": "edit", "sections": sections()},
        {"action": "edit", "sections": {name: spoilt()[name] for name in ("vision", "near_term_bets", "metrics")}},
        {"action": "repair", "sections": {}},
    ],
)
def test_anything_else_does_not_fit(value: Any) -> None:
    assert schema_errors(asked(spoilt()), value)


@pytest.mark.parametrize(
    ("draft", "shown"),
    [
        (
            {"vision": 5, "strategy": None, "metrics": {"a": [1]}, "near_term_bets": ["x", {"owner": 3, "more": 1}]},
            {
                "vision": "5",
                "strategy": [],
                "metrics": [{"name": "", "target": "", "cadence": ""}],
                "near_term_bets": [
                    {"bet": "x", "owner": "", "horizon": "", "measure": ""},
                    {"bet": "", "owner": "3", "horizon": "", "measure": ""},
                ],
            },
        ),
        ({"strategy": "Only one."}, {"vision": "", "strategy": ["Only one."]}),
        ({"tensions": [None, ["a", 1]]}, {"tensions": ["", "['a', 1]"]}),
    ],
)
def test_what_has_not_even_the_form_of_a_section_can_still_be_shown(draft: Json, shown: dict[str, JsonValue]) -> None:
    forms = edited(asked(draft))
    assert {name: forms[name]["default"] for name in shown} == shown


def test_m7_a_repair_can_be_chosen_until_all_are_used_up_and_then_the_question_says_so() -> None:
    draft, wish = spoilt(), {"action": "repair"}
    most = MOST_REPAIRS + MOST_BY_HAND

    assert schema_errors(choices(draft, violations(draft), most - 1), wish) == []
    assert "What is to be done?" in question(violations(draft), most - 1)

    last = choices(draft, violations(draft), most)
    assert schema_errors(last, wish) and not schema_errors(last, {"action": "give_up"})
    assert [form["title"] for form in last["oneOf"]] == ["Edit it by hand", "Give up"]
    assert "after 12 repairs by the model. No more are made" in question(violations(draft), most)
