"""Counting sentences, as far as that can be done without understanding them."""

import pytest

from steps.vision_framework._sentences import count_sentences, sentence_problem


@pytest.mark.parametrize(
    ("text", "fewest", "most"),
    [
        ("Here is one.", 1, 1),
        ("Here is one", 1, 1),
        ("Here is one. And here are two.", 2, 2),
        ("Is it? It is! “So it is.” Good.", 4, 4),
        ("We grew by 3.5 percent. It was enough.", 2, 2),
        ("We serve the U.S. Then we go on.", 1, 2),
        ("We like power, e.g. that of the sun. It shines.", 2, 3),
        ("Dr. No. 5 is ours. It works.", 2, 4),
        ("Wait … there is more. Now.", 2, 3),
        ("村には電気がある。誰も待たない。", 2, 2),
        ("هل هذا صحيح؟ نعم.", 2, 2),
        ("", 1, 1),
    ],
)
def test_the_fewest_and_the_most_sentences_that_there_may_be(text: str, fewest: int, most: int) -> None:
    assert count_sentences(text) == (fewest, most)


@pytest.mark.parametrize(
    "text", ["We serve the U.S. Then more.", "A is. B is. C is e.g. D.", "ทุกหมู่บ้านมีไฟฟ้า ไม่มีใครต้องรอ"]
)
def test_a_vision_gets_the_benefit_of_the_doubt(text: str) -> None:
    assert sentence_problem(text) is None
