"""JSON while it grows: every member once, when nothing can change it any more, with its final value."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from llm.errors import InvalidOutput
from llm.parts import Parts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)


@st.composite
def cut(draw: st.DrawFn) -> tuple[dict[str, Any], str, list[str]]:
    """An object, its text in one of the ways to write it, and that text in pieces."""
    value = draw(OBJECTS)
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 0, 2])))
    around = st.sampled_from([("", ""), ("```json\n", "\n```"), ("Sure {so}: ", " Anything {else}?"), (" \n", "\n")])
    before, after = draw(around | st.just(('<think>Is it {"a": 1}? No.</think>\n', "")))
    whole = before + text + after
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    starts, ends = [0, *places], [*places, len(whole)]
    return value, whole, [whole[start:end] for start, end in zip(starts, ends, strict=True)]


@given(cut())
@settings(deadline=None)
@example(({"a": "}"}, '{"a": "}"}', list('{"a": "}"}')))
@example(({}, "{}", ["{", "}"]))
def test_any_object_cut_anywhere_gives_each_member_once_and_as_it_is(
    case: tuple[dict[str, Any], str, Sequence[str]],
) -> None:
    value, _, pieces = case
    parts = Parts()
    given_out = [member for piece in pieces for member in parts.feed(piece)]
    assert given_out == list(value.items())
    assert parts.finish() == value


@given(cut())
@settings(deadline=None)
def test_a_member_is_given_out_with_the_very_character_that_ends_it(
    case: tuple[dict[str, Any], str, Sequence[str]],
) -> None:
    """Neither earlier (it could still change) nor later (somebody waits for it)."""
    value, whole, _ = case
    parts = Parts()
    for character in whole:
        if parts.feed(character):
            assert character in ",}"
    assert parts.finish() == value


@given(st.lists(st.text(alphabet='{}[]",:\\ \n`1a<think>/', max_size=12)))
@settings(deadline=None)
def test_any_text_at_all_is_an_object_or_an_error_of_ours(pieces: list[str]) -> None:
    parts = Parts()
    members = dict(member for piece in pieces for member in parts.feed(piece))
    try:
        assert parts.finish() == members
    except InvalidOutput as invalid:
        assert str(invalid).endswith(".")


def test_a_number_is_not_complete_before_something_follows() -> None:
    parts = Parts()
    assert parts.feed('{"score": 1') == []
    assert parts.feed("2") == []
    assert parts.feed(',"next') == [("score", 12)]


def test_several_members_in_one_piece_come_in_their_order() -> None:
    assert Parts().feed('{"a": 1, "b": [2, {"c": 3}], "d": "x"') == [("a", 1), ("b", [2, {"c": 3}])]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The answer has no JSON object in it."),
        ("I would rather not.", "The answer has no JSON object in it."),
        ("[1, 2]", "The answer has no JSON object in it."),
        ("{'a': 1}", "The answer has no JSON object in it."),
        ('{"a": 1', "The JSON object ends too early, before its first member was complete."),
        ('{"a": 1, "b": "x', "The JSON object ends too early, after the member “a”."),
        ('{"a": 1,}', "The JSON object is not valid, after the member “a”: a comma without a member."),
        ('{"a": 1,, "b": 2}', "The JSON object is not valid, after the member “a”: a comma without a member."),
        ('{"a": 1 "b": 2}', "The JSON object is not valid, before its first member was complete: "),
        ('{"a": 1, "a": 2}', "The JSON object has the member “a” twice."),
        ('{"a": NaN}', "The JSON object is not valid, before its first member was complete: "),
        ('{"a": [1}', "The JSON object ends too early, before its first member was complete."),
        ('{"a": [1}}', "The JSON object is not valid, before its first member was complete: "),
        ('{"a": "\\ud800"}', "The JSON object is not valid, before its first member was complete: "),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "The JSON object is not valid, before its first"),
        ('<think>{"a": 1}', "The answer has no JSON object in it."),
    ],
)
def test_what_is_no_object_is_said_in_words_without_a_position(text: str, sentence: str) -> None:
    parts = Parts()
    parts.feed(text)
    with pytest.raises(InvalidOutput) as invalid:
        parts.finish()
    assert str(invalid.value).startswith(sentence)
    assert "column" not in str(invalid.value)


def test_after_a_mistake_nothing_more_is_given_out() -> None:
    parts = Parts()
    assert parts.feed('{"a": 1, b: 2, "c": 3}') == [("a", 1)]
    assert parts.feed('{"d": 4}') == []


def test_whatever_follows_the_object_is_passed_over() -> None:
    parts = Parts()
    assert parts.feed('{"a": 1}\n```\nAnd {"b": 2}') == [("a", 1)]
    assert parts.feed('{"c": 3}') == []
    assert parts.finish() == {"a": 1}


def test_an_empty_object_is_an_object() -> None:
    parts = Parts()
    assert parts.feed("{ }") == []
    assert parts.finish() == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "' + "x" * 200_000 + '"}',
        '{"a": [' + "1," * 100_000 + "1]}",
        "{" + " " * 200_000 + '"a": 1}',
        " " * 200_000 + '{"a": 1}',
        "<think>" + "{hm " * 50_000 + '</think>{"a": 1}',
        '{"a": "' + '\\"' * 100_000 + '"}',
    ],
    ids=["long text", "long list", "space inside", "space before", "thoughts", "escapes"],
)
def test_the_work_grows_with_the_answer_and_not_with_its_square(text: str) -> None:
    """Piece by piece, ten times as much may take ten times as long, not a hundred times."""

    def seconds(length: int) -> float:
        parts = Parts()
        pieces = [text[at : at + 4] for at in range(0, length, 4)]
        start = time.process_time()
        for piece in pieces:
            parts.feed(piece)
        return time.process_time() - start

    seconds(10_000)
    assert seconds(len(text)) < 35 * max(seconds(len(text) // 10), 0.002)
