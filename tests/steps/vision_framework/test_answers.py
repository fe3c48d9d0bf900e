"""The input: what gets in, and how what does not is told."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from steps.vision_framework.answers import QUESTIONS, VisionBrief
from tests.steps.vision_framework.documents import ANSWERS

GOOD: dict[str, Any] = ANSWERS.model_dump()


def errors(**changed: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        VisionBrief.model_validate(GOOD | changed)
    return {".".join(map(str, one["loc"])): one["msg"] for one in caught.value.errors()}


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("empty", ["", "   ", "\n\t\u2003"])
def test_an_empty_answer_is_refused_by_name(field: str, empty: str) -> None:
    assert errors(**{field: empty}) == {field: f"{field} is empty: please answer it"}


@pytest.mark.parametrize("field", QUESTIONS)
def test_an_answer_has_up_to_4000_characters_blanks_at_its_ends_not_counted(field: str) -> None:
    longest = VisionBrief.model_validate(GOOD | {field: "  " + "ä" * 4000 + "\n"})
    assert getattr(longest, field) == "ä" * 4000
    assert field in errors(**{field: "ä" * 4001})


def test_all_mistakes_are_told_at_once() -> None:
    found = errors(company_name="", hard_decisions=None, vision_purpose=" ", more="x")
    assert set(found) == {"company_name", "hard_decisions", "vision_purpose", "more"}


@pytest.mark.parametrize("field", GOOD)
def test_no_field_may_be_missing(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        VisionBrief.model_validate({name: value for name, value in GOOD.items() if name != field})


def test_the_schema_makes_a_form_with_a_title_and_a_question_for_every_answer() -> None:
    schema = VisionBrief.model_json_schema()
    Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == schema["required"] == ["company_id", "company_name", *QUESTIONS]
    for field, question in QUESTIONS.items():
        form = schema["properties"][field]
        assert (form["description"], form["minLength"], form["maxLength"]) == (question, 1, 4000)
        assert "?" in question
        assert form["title"] != field
