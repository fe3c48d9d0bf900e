"""Taking the fence from around JSON, whatever pieces it comes in."""

import pytest
from hypothesis import given, settings, strategies as st

from llm._fences import Unfenced

BODIES = ['{"a": 1}', '{"a": "```"}', "{\n}", '{"code": "`x`"}\n\n{"b": 2}', ""]


def inside(pieces: list[str]) -> str:
    unfenced = Unfenced()
    return "".join([*map(unfenced.feed, pieces), unfenced.finish()])


@given(st.sampled_from(BODIES), st.sampled_from(["```json\n", "```\n", "  \n```JSON \n"]), st.data())
@settings(deadline=None)
def test_a_fence_goes_and_what_is_in_it_stays(body: str, opening: str, data: st.DataObject) -> None:
    text = opening + body + data.draw(st.sampled_from(["\n```", "```\n", "\n```  \n\n"]))
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    pieces = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    assert inside(pieces) == body


@given(st.text(alphabet='`{}"a\n ', max_size=30), st.data())
@settings(deadline=None)
def test_text_without_a_fence_is_left_alone(text: str, data: st.DataObject) -> None:
    body = "{" + text
    place = data.draw(st.integers(0, len(body)))
    assert inside([body[:place], body[place:]]) == body


@pytest.mark.parametrize("text", ["`", "``", "```", "```json", "` `` ``` ````", "```" + "x" * 40 + "\n{}\n```"])
def test_backticks_that_open_nothing_are_text(text: str) -> None:
    assert inside(list(text)) == text


def test_a_fence_that_is_never_closed_takes_nothing_with_it() -> None:
    assert inside(["```json\n", '{"a": 1}', "\n``"]) == '{"a": 1}\n``'


def test_json_is_not_held_back() -> None:
    unfenced = Unfenced()
    assert [unfenced.feed(piece) for piece in ("```json\n{", '"a"', ": 1", "}", "\n```")] == [
        "{",
        '"a"',
        ": 1",
        "}",
        "",
    ]


@pytest.mark.parametrize("blanks", [" " * 500, "\n" * 500, " \n" * 100])
def test_m3_blanks_without_end_are_not_held_back_until_an_end_comes(blanks: str) -> None:
    unfenced = Unfenced()
    shown = [unfenced.feed(piece) for piece in ("```json\n{", *blanks)]
    assert len(shown[0]) + len("".join(shown)) > len(blanks) - 100
    assert "".join([*shown, unfenced.feed("}\n```"), unfenced.finish()]) == "{" + blanks + "}"
