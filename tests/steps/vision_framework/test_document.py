"""The bounds of a framework, on both sides of every edge, and the same by pydantic and by JSON Schema."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from steps.vision_framework.document import (
    SECTION_NAMES,
    SECTIONS,
    Cadence,
    Framework,
    FrameworkDraft,
    Horizon,
    framework_schema,
    repair_of,
)
from steps.vision_framework.violations import violations
from tests.steps.vision_framework.documents import Json, framework, schema_errors, sections, whole

SCHEMA = framework_schema()

Values = st.SearchStrategy[Any]


def two_sentences(length: int) -> str:
    """Two sentences with so many characters in all."""
    return "a" * (length - 4) + ". b."


def bets(count: int = 2, **changed: Any) -> list[Json]:
    return [sections()["near_term_bets"][0] | changed] * count


def metrics(count: int = 3, **changed: Any) -> list[Json]:
    return [sections()["metrics"][0] | changed] * count


def edges(section: str, make: Callable[[int], Any], least: int, most: int) -> Iterator[tuple[str, Any, bool]]:
    """The values on both sides of both bounds, and whether they hold."""
    for number, good in ((least - 1, False), (least, True), (most, True), (most + 1, False)):
        if number >= 0:
            yield section, make(number), good


CASES = [
    *edges("vision", two_sentences, 20, 500),
    *edges("vision", lambda count: " ".join(["It is so and so."] * count), 2, 3),
    *edges("strategy", lambda count: ["a" * 10] * count, 2, 5),
    *edges("strategy", lambda length: ["a" * length] * 2, 10, 300),
    *edges("operating_principles", lambda count: ["a" * 10] * count, 3, 7),
    *edges("operating_principles", lambda length: ["a" * length] * 3, 10, 200),
    *edges("near_term_bets", lambda count: bets(count), 2, 8),
    *edges("near_term_bets", lambda length: bets(bet="a" * length), 10, 300),
    *edges("near_term_bets", lambda length: bets(owner="a" * length), 1, 100),
    *edges("near_term_bets", lambda length: bets(measure="a" * length), 5, 200),
    *edges("metrics", lambda count: metrics(count), 3, 12),
    *edges("metrics", lambda length: metrics(name="a" * length), 1, 100),
    *edges("metrics", lambda length: metrics(target="a" * length), 1, 100),
    *edges("tensions", lambda count: ["a" * 10] * count, 0, 10),
    *edges("tensions", lambda length: ["a" * length], 10, 300),
    *(("near_term_bets", bets(horizon=word), True) for word in "Q1 Q2 Q3 Q4 H1 H2 6mo 12mo".split()),
    *(("near_term_bets", bets(horizon=word), False) for word in ("", "q1", "Q5", "6 mo", "2030", None, 1)),
    *(("metrics", metrics(cadence=word), True) for word in "daily weekly monthly quarterly milestone".split()),
    *(("metrics", metrics(cadence=word), False) for word in ("", "yearly", "Daily", None)),
    ("strategy", ["          "] * 2, False),
    ("strategy", ["a" * 9 + " "] * 2, False),
    ("strategy", ["\N{GRINNING FACE}" * 10] * 2, True),
    ("near_term_bets", bets(more="x"), False),
    ("near_term_bets", [{"bet": "a" * 10}] * 2, False),
    ("metrics", ["Uptime"] * 3, False),
    ("tensions", None, False),
    ("tensions", "a" * 10, False),
    ("vision", ["a" * 20], False),
]


def holds(name: str, value: Any) -> bool:
    """Whether a framework with this section holds. Every way to find out must say the same."""
    document = whole(**{name: value})
    found = violations(sections() | {name: value})
    assert is_valid(lambda: Framework.model_validate(document)) == (found == []), (found, value)
    assert is_valid(lambda: SECTIONS[name].validate_python(value)) == (found == []), (found, value)
    assert all(one.pointer.startswith(f"/{name}") for one in found)
    if not found:
        assert schema_errors(SCHEMA, document) == []
    return not found


def is_valid(check: Callable[[], Any]) -> bool:
    try:
        check()
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("section", "value", "good"), CASES)
def test_a_bound_is_where_the_specification_has_it(section: str, value: Any, good: bool) -> None:
    assert holds(section, value) is good


def test_the_words_for_horizons_and_cadences_are_those_of_the_specification() -> None:
    assert get_args(Horizon) == ("Q1", "Q2", "Q3", "Q4", "H1", "H2", "6mo", "12mo")
    assert get_args(Cadence) == ("daily", "weekly", "monthly", "quarterly", "milestone")


def times(unit: str, count: int) -> str:
    return unit * count


texts: Values = st.text(max_size=25) | st.builds(times, st.sampled_from(["a", " ", ". B"]), st.integers(0, 320))
rows: Values = st.dictionaries(
    st.sampled_from(["bet", "owner", "horizon", "measure", "name", "target", "cadence", "more"]),
    texts | st.sampled_from(["Q1", "weekly"]) | st.none(),
    max_size=5,
)
values: Values = (
    texts | st.none() | st.integers() | st.booleans() | st.lists(texts | rows | st.none(), max_size=13) | rows
)


@given(st.sampled_from(SECTION_NAMES), values)
def test_pydantic_and_json_schema_agree_on_anything(section: str, value: Any) -> None:
    holds(section, value)


def test_the_schema_is_a_schema_and_closes_every_object() -> None:
    schema = framework_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    for shape in (schema, *schema["$defs"].values()):
        assert shape["additionalProperties"] is False
        assert set(shape["required"]) == set(shape["properties"])


def test_a_draft_is_asked_for_in_the_same_shape_without_bounds() -> None:
    schema = FrameworkDraft.model_json_schema()
    assert tuple(schema["properties"]) == tuple(schema["required"]) == SECTION_NAMES
    said = str(schema)
    assert not [
        word for word in ("minLength", "maxLength", "minItems", "maxItems", "enum", "company_id") if word in said
    ]
    bare: Json = {"vision": "", "strategy": [], "operating_principles": [], "tensions": ["x"]}
    bare |= {"near_term_bets": [dict.fromkeys(("bet", "owner", "horizon", "measure"), "")], "metrics": []}
    assert schema_errors(schema, bare) == []


def test_whatever_a_model_writes_is_taken_as_a_draft_and_comes_back_as_it_was() -> None:
    strange: Json = {"vision": 5, "strategy": None, "metrics": {"a": [1]}, "notes": "x"}
    draft = FrameworkDraft.model_validate(strange)
    assert FrameworkDraft.model_validate(draft.model_dump(mode="json")).root == strange


def test_a_repair_is_asked_for_its_sections_alone() -> None:
    shape = repair_of(frozenset({"metrics", "vision"}))
    schema = shape.model_json_schema()
    assert schema["required"] == list(schema["properties"]) == ["vision", "metrics"]
    assert shape.__name__ == "FrameworkRepair"
    Draft202012Validator.check_schema(schema)


def test_a_framework_takes_a_new_section_within_its_bounds_and_says_that_it_changed() -> None:
    old = framework()
    new = old.replaced("strategy", ["Serve clinics first.", "Own every meter."])
    assert new.section("strategy") == ["Serve clinics first.", "Own every meter."]
    assert new.updated_at > old.updated_at
    assert new.section("vision") == old.section("vision")
    with pytest.raises(ValidationError):
        old.replaced("strategy", ["too short"])
