"""What marks come to."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.scoring import MEASURED, MeasuredMarks, ScoreCard, SectionMarks
from tests.steps.vision_framework.documents import marks

grades = st.integers(1, 10)


@given(grades, grades, grades)
def test_alignment_counts_twice(specificity: int, actionability: int, alignment: int) -> None:
    card = ScoreCard.model_validate(marks(specificity=specificity, actionability=actionability, alignment=alignment))
    assert card.overall == (specificity + actionability + 2 * alignment) / 4


@given(grades, grades, grades, grades)
def test_measurability_counts_where_there_is_one(
    specificity: int, actionability: int, alignment: int, measurability: int
) -> None:
    card = ScoreCard.model_validate(
        marks(specificity=specificity, actionability=actionability, alignment=alignment, measurability=measurability)
    )
    assert card.overall == pytest.approx((specificity + actionability + 2 * alignment + measurability) / 5)


@pytest.mark.parametrize(
    ("grade", "badge"),
    [
        ((8, 8, 8), "excellent"), ((7, 8, 8), "good"), ((6, 6, 6), "good"), ((5, 6, 6), "needs_work"),
        ((1, 1, 1), "needs_work"), ((10, 10, 10), "excellent"),
    ],
)  # fmt: skip
def test_the_badge_follows_from_the_overall_score(grade: tuple[int, int, int], badge: str) -> None:
    card = ScoreCard.model_validate(marks(specificity=grade[0], actionability=grade[1], alignment=grade[2]))
    assert card.badge == badge


def test_nobody_else_can_say_what_the_marks_come_to() -> None:
    card = ScoreCard.model_validate(marks(overall=10, badge="excellent", specificity=1, actionability=1, alignment=1))
    assert (card.overall, card.badge) == (1, "needs_work")
    with pytest.raises(ValidationError):
        SectionMarks.model_validate(marks(overall=10))


def test_a_card_comes_back_from_the_log_as_it_was() -> None:
    for card in (ScoreCard.model_validate(marks()), ScoreCard.model_validate(marks(measurability=3))):
        assert ScoreCard.model_validate(card.model_dump(mode="json")) == card
    assert "measurability" not in ScoreCard.model_validate(marks()).model_dump()


@pytest.mark.parametrize("grade", [0, 11, -1, 0.4, 11.5, "ten", None, True and "8.x"])
def test_a_mark_is_from_1_to_10(grade: Any) -> None:
    with pytest.raises(ValidationError):
        SectionMarks.model_validate(marks(alignment=grade))


@pytest.mark.parametrize(("given_", "kept"), [(7.5, 8), (7.4, 7), (1, 1), (10.0, 10)])
def test_a_mark_with_a_fraction_is_rounded(given_: float, kept: int) -> None:
    assert SectionMarks.model_validate(marks(alignment=given_)).alignment == kept


def test_measurability_is_asked_for_bets_and_metrics_only() -> None:
    assert {"near_term_bets", "metrics"} == MEASURED < set(SECTION_NAMES)
    assert "measurability" not in SectionMarks.model_json_schema()["properties"]
    assert "measurability" in MeasuredMarks.model_json_schema()["required"]
