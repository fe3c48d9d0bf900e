"""All that is wrong with a draft: where, and in a sentence."""

from typing import Any

import pytest

from steps.vision_framework.violations import sections_in, violations
from tests.steps.vision_framework.documents import sections

CADENCES = "daily, weekly, monthly, quarterly, milestone"


def told(**changed: Any) -> dict[str, str]:
    return {one.pointer: one.detail for one in violations(sections() | changed)}


def test_a_document_that_holds_has_none() -> None:
    assert violations(sections()) == []


def test_every_violation_is_told_with_its_place_in_the_order_of_the_document() -> None:
    broken = sections()
    broken["vision"] = "Short."
    broken["strategy"][1] = "x"
    broken["near_term_bets"][0] |= {"horizon": "Q5", "owner": " "}
    del broken["near_term_bets"][1]["measure"]
    broken["metrics"][2] |= {"cadence": "yearly", "a/b~c": 1}
    broken["tensions"] = "none"
    broken["notes"] = "more"
    assert [(one.pointer, one.detail) for one in violations(broken)] == [
        ("/vision", "The vision has 6 characters; at least 20 are asked for."),
        ("/strategy/1", "Strategy, item 2 has 1 character; at least 10 are asked for."),
        ("/near_term_bets/0/horizon", "Bet 1, horizon is “Q5”, which is not one of Q1, Q2, Q3, Q4, H1, H2, 6mo, 12mo."),
        ("/near_term_bets/0/owner", "Bet 1, owner is empty."),
        ("/near_term_bets/1/measure", "Bet 2, measure is missing."),
        ("/metrics/2/a~1b~0c", "Metric 3 has no member “a/b~c”."),
        ("/metrics/2/cadence", f"Metric 3, cadence is “yearly”, which is not one of {CADENCES}."),
        ("/tensions", "Tensions is text; expected a list."),
        ("/notes", "The framework has no member “notes”."),
    ]  # fmt: skip
    assert sections_in(violations(broken)) == {"vision", "strategy", "near_term_bets", "metrics", "tensions"}


@pytest.mark.parametrize(
    ("changed", "pointer", "detail"),
    [
        ({"vision": "There is only one sentence in this one."}, "/vision", "has 1 sentence; 2 to 3"),
        ({"vision": "One. Two. Three. Four is one too many."}, "/vision", "has 4 sentences; 2 to 3"),
        ({"strategy": ["a" * 10]}, "/strategy", "Strategy has 1 item; at least 2"),
        ({"operating_principles": ["a" * 10] * 8}, "/operating_principles", "has 8 items; at most 7"),
        ({"tensions": [5]}, "/tensions/0", "Tensions, item 1 is a number; expected text."),
        ({"metrics": None}, "/metrics", "Metrics is null; expected a list."),
        ({"near_term_bets": [True, True]}, "/near_term_bets/0", "Bet 1 is true or false; expected an object."),
        ({"strategy": ["a" * 301, "b" * 10]}, "/strategy/0", "has 301 characters; at most 300"),
    ],
)
def test_a_violation_says_what_was_found_and_what_is_expected(changed: Any, pointer: str, detail: str) -> None:
    assert detail in told(**changed)[pointer]


def test_wrong_types_everywhere_are_reported_and_nothing_breaks() -> None:
    strange: list[Any] = [None, True, 5, 1.5, "x", [], {}, [None], [[]], [{}], {"a": {"b": []}}]
    for value in strange:
        for name in sections():
            assert all(one.pointer.startswith(f"/{name}") for one in violations(sections() | {name: value}))
    assert len(violations({})) == 6


def test_a_long_value_is_quoted_in_part() -> None:
    metrics = sections()["metrics"]
    metrics[0]["cadence"] = "whenever " * 100
    assert len(told(metrics=metrics)["/metrics/0/cadence"]) < 200


def test_blanks_at_the_ends_do_not_count() -> None:
    assert told(vision="   " + sections()["vision"] + "\n") == {}
    assert told(strategy=["a" * 9 + " ", "b" * 10])["/strategy/0"].startswith("Strategy, item 1 has 9 characters")
