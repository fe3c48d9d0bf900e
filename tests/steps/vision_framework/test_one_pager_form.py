"""The form of the one-pager: headings, words, and what is mended without asking again."""

import pytest

from steps.vision_framework.one_pager import HEADINGS, count_words, faults, tidied
from tests.steps.vision_framework.documents import page


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("", 0),
        ("# One title", 2),
        ("- **two** words", 2),
        ("It's 99.5 % of 1,000 — well-known, e.g. here", 7),
        ("村には電気", 5),
        ("– * _ # …", 0),
    ],
)
def test_words_are_counted_as_a_person_counts_them(markdown: str, words: int) -> None:
    assert count_words(markdown) == words


def sized(words: int) -> str:
    """A page with all headings and so many words."""
    empty = page(0)
    return empty + " ".join(["", *(["word"] * (words - count_words(empty)))])


@pytest.mark.parametrize(("words", "good"), [(299, False), (300, True), (400, True), (401, False)])
def test_a_page_has_300_to_400_words(words: int, good: bool) -> None:
    assert count_words(sized(words)) == words
    assert (faults(sized(words)) == []) is good


@pytest.mark.parametrize(("words", "good"), [(269, False), (270, True), (440, True), (441, False)])
def test_later_attempts_may_miss_it_by_a_tenth(words: int, good: bool) -> None:
    assert (faults(sized(words), tolerance=0.1) == []) is good


def test_missing_headings_and_the_length_are_told_together() -> None:
    text = page(10).replace("## Why now\n", "").replace("## Open tensions", "## Risks")
    assert [one.detail for one in faults(text)] == [
        "Headings are missing: Why now, Open tensions.",
        f"It has {count_words(text)} words; 300 to 400 are asked for.",
    ]


def test_headings_have_an_order_and_stand_once() -> None:
    assert faults(page() + "\n\n## Vision") != []
    swapped = page().replace("## Vision", "## X").replace("## Why now", "## Vision").replace("## X", "## Why now")
    assert faults(swapped) != []


@pytest.mark.parametrize("style", ["### {}", "## **{}**", "## {}:", "# {} ##", "##  {} "])
def test_a_heading_that_is_spelt_otherwise_is_spelt_our_way(style: str) -> None:
    text = page()
    for heading in HEADINGS:
        text = text.replace(f"## {heading}", style.format(heading.upper()))
    assert faults(tidied(text)) == []


def test_a_company_may_be_called_as_one_of_the_parts() -> None:
    text = page().replace("# Testhaven", "# Vision")
    assert (tidied(text), faults(tidied(text))) == (text, [])


@pytest.mark.parametrize("fence", ["```markdown\n{}\n```", "```\n{}```", "\n```md\n{}\n```\n"])
def test_a_code_fence_around_the_page_is_taken_away(fence: str) -> None:
    assert tidied(fence.format(page())) == page()
