"""What a token is and when it comes."""

import pytest
from hypothesis import given, strategies as st

from llm.demo.pace import paced, pieces

TEXT = "A farming town of 5,000 people takes electricity for granted. " * 40


@given(st.text())
def test_the_pieces_of_a_text_add_up_to_it(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert all(1 <= len(piece) <= 9 or piece.isspace() for piece in pieces(text))


def test_a_piece_is_a_word_with_its_blank_or_part_of_one() -> None:
    assert pieces('{"vision": "Incomprehensibly 12345"}') == [
        '{"', "vision", '":', ' "', "Incompr", "ehensib", "ly", " ", "123", "45", '"}',
    ]  # fmt: skip


def test_the_first_token_takes_a_while_and_the_others_follow_at_the_pace_of_the_model() -> None:
    heavy, light = list(paced(TEXT, "heavy", 1, seed=1)), list(paced(TEXT, "light", 1, seed=1))
    assert 0.5 <= heavy[0].due <= 0.8
    assert 0.3 <= light[0].due <= 0.5
    for tokens, least, most in ((heavy, 70, 90), (light, 85, 105)):
        rate = len(tokens) / (tokens[-1].due - tokens[0].due)
        assert least < rate < most


def test_the_pace_is_the_same_for_the_same_request_and_uneven() -> None:
    one, other = list(paced(TEXT, "heavy", 1, seed=1)), list(paced(TEXT, "heavy", 1, seed=2))
    assert one == list(paced(TEXT, "heavy", 1, seed=1)) != other
    gaps = {round(later.due - before.due, 4) for before, later in zip(one, one[1:], strict=False)}
    assert len(gaps) > 3


@pytest.mark.parametrize("speed", [2.0, 0.5])
def test_speed_multiplies_the_pace(speed: float) -> None:
    usual, changed = list(paced(TEXT, "heavy", 1, seed=1)), list(paced(TEXT, "heavy", speed, seed=1))
    assert changed[-1].due == pytest.approx(usual[-1].due / speed)


def test_speed_0_does_not_wait() -> None:
    assert {token.due for token in paced(TEXT, "heavy", 0, seed=1)} == {0.0}
