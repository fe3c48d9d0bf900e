"""A text whose every token says which one it is, and, stamped by the model, when it was sent."""

import re
from collections.abc import Iterator
from itertools import islice, product
from string import ascii_lowercase

STAMPED = re.compile(rb"([a-z]*)@(\d+)@")
"""A token's word and the moment of its sending, in microseconds (`bench._script.stamp`)."""
LETTERS = 3
MOST = len(ascii_lowercase) ** LETTERS


def words(count: int) -> str:
    """The beginning of a JSON object that does not end: a brace, and so many tokens. Whoever reads JSON while it grows
    finds no member in it."""
    if count > MOST:
        raise ValueError(f"Expected at most {MOST} tokens, got {count}.")
    return '{"' + "".join(f" {word}" for word in islice(_all(), count))


def number_of(word: bytes) -> int:
    """Of the brace, 0; of the first word, 1."""
    number = 0
    for letter in word:
        number = number * 26 + letter - 97
    return number + 1 if word else 0


def _all() -> Iterator[str]:
    return ("".join(letters) for letters in product(ascii_lowercase, repeat=LETTERS))
