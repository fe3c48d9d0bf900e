"""A framework with its cards, as people go on working on it."""

from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from flows.catalogue import CATALOGUE
from flows.refine import refine
from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.refine import Refinement, Wish
from steps.vision_framework.scored import FrameworkPatch, ScoredFramework
from steps.vision_framework.scoring import MEASURED, ScoreCard
from tests.fundamentals.conftest import Stage
from tests.steps.vision_framework.documents import ANSWERS, Json, marks, sections, whole
from tests.steps.vision_framework.test_refine import NEW as WRITTEN, score
from tests.steps.vision_framework.test_steps import result_of

WISH = Wish(section="strategy", action="add_detail")
NEW: list[JsonValue] = [*WRITTEN]
GIVEN: JsonValue = ANSWERS.model_dump(mode="json")


def scored(**changed: Any) -> ScoredFramework:
    cards = {name: marks(**({"measurability": 8} if name in MEASURED else {})) for name in SECTION_NAMES}
    result: Json = {"framework": whole(**changed), "scores": cards, "one_pager": "more"}
    read = ScoredFramework.read(result)
    assert read is not None
    return read


def test_it_is_read_out_of_a_result_and_out_of_what_was_kept_of_it() -> None:
    kept = scored().content

    assert set(kept) == {"framework", "scores"}
    assert ScoredFramework.read(kept) == scored()
    assert ScoredFramework.read(kept | {"scores": {}}) is not None


@pytest.mark.parametrize(
    "content",
    [None, "text", [], {}, {"framework": whole()}, {"framework": whole(strategy=[]), "scores": {}},
     {"framework": sections(), "scores": {}}, {"framework": whole(), "scores": {"mission": marks()}}],
)  # fmt: skip
def test_what_is_of_another_form_is_no_document(content: JsonValue) -> None:
    assert ScoredFramework.read(content) is None


def test_an_edit_replaces_sections_and_drops_their_cards() -> None:
    before = scored()
    after = before.edited({"strategy": [f"  {line}" for line in WRITTEN], "tensions": []})

    assert after.changed_since(before) == ["strategy", "tensions"]
    assert after.framework.section("strategy") == NEW
    assert list(after.scores) == [name for name in SECTION_NAMES if name not in ("strategy", "tensions")]
    assert before == scored()


def test_an_edit_to_what_is_there_keeps_the_cards() -> None:
    same = scored().edited({**sections(), "vision": f"{sections()['vision']}\n"})

    assert same.changed_since(scored()) == []
    assert same.scores == scored().scores


def test_a_section_that_changed_its_card_only_has_changed() -> None:
    card = ScoreCard.model_validate(marks(alignment=1))
    after = scored().model_copy(update={"scores": {**scored().scores, "vision": card}})

    assert after.changed_since(scored()) == ["vision"]


@pytest.mark.parametrize("patch", [None, [], {"vision": None}, {"company_id": "c"}, {"strategy": ["short"]}])
def test_an_edit_that_breaks_something_is_none(patch: JsonValue) -> None:
    with pytest.raises(ValidationError):
        scored().edited(patch)


def test_what_can_be_edited_are_the_sections() -> None:
    assert tuple(FrameworkPatch.__annotations__) == SECTION_NAMES


def test_a_refinement_is_given_the_document_as_it_is_and_the_card_where_there_is_one() -> None:
    asked = Refinement.model_validate(scored().refinement(WISH, GIVEN))
    assert (asked.framework, asked.answers, asked.score) == (scored().framework, ANSWERS, scored().scores["strategy"])
    assert (asked.section, asked.action, asked.instruction) == ("strategy", "add_detail", None)

    edited = scored().edited({"strategy": NEW})
    assert Refinement.model_validate(edited.refinement(WISH, GIVEN)).score is None
    assert edited.refinement(WISH, {"a": 1}) is None


async def test_what_a_refinement_ends_with_can_be_taken_over(stage: Stage) -> None:
    before = scored()
    document = CATALOGUE["vision_framework"].document
    assert document is not None and CATALOGUE[document.refiner] is refine
    stage.model.answers("refine", {"strategy": NEW})
    score(stage)

    result = result_of(await stage.run(refine, Refinement.model_validate(before.refinement(WISH, GIVEN))))
    after = before.refined(result)

    assert after is not None
    assert after.changed_since(before) == ["strategy"]
    assert (after.framework.section("strategy"), after.scores["strategy"].alignment) == (NEW, 9)
    assert list(after.scores) == list(SECTION_NAMES)
    again = after.refined(result)
    assert again is not None and again.changed_since(after) == []
    assert before.edited({"strategy": ["Something else entirely.", "And another thing."]}).refined(result) is None


def test_what_is_no_refinement_is_not_taken_over() -> None:
    with pytest.raises(ValueError, match="section"):
        scored().refined({"a": 1})
