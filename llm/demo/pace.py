"""How fast a model writes: what its tokens are, and when each of them is due."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Tier = Literal["heavy", "light"]

# Tokens a second, and seconds until the first one: about what a large and a small model do today.
_RATES: dict[Tier, float] = {"heavy": 80.0, "light": 95.0}
_FIRST: dict[Tier, tuple[float, float]] = {"heavy": (0.5, 0.8), "light": (0.3, 0.5)}
# Digits by three and letters by a few, a blank going with the word behind it: the way byte-pair tokens fall.
_PIECE = re.compile(r" ?[^\W\d_]+|\d{1,3}| ?[^\w\s]{1,2}|\s+|_|.", re.S)
_WORD_PART = 7


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text, and when it is due: seconds after the request came."""

    text: str
    due: float


def pieces(text: str) -> list[str]:
    """A text in pieces such as a model writes: words with their blank, long words in parts, marks, digits."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        if len(piece) <= _WORD_PART + 2:
            found.append(piece)
        else:
            found += [piece[start : start + _WORD_PART] for start in range(0, len(piece), _WORD_PART)]
    return found


def count(text: str) -> int:
    return len(pieces(text))


def paced(text: str, tier: Tier, speed: float, seed: int) -> Iterator[Token]:
    """The tokens of an answer with their times, the same for the same seed. `speed` 2 is twice as fast, 0 at once.

    A model does not write evenly: most tokens come a little early, some late, and now and then there is a pause.
    """
    chance = random.Random(seed)
    due = chance.uniform(*_FIRST[tier])
    for piece in pieces(text):
        yield Token(piece, due / speed if speed else 0.0)
        due += chance.choice((0.7, 0.85, 1.0, 1.0, 1.1, 1.35)) / _RATES[tier]
        if piece.startswith("\n") and chance.random() < 0.1:
            due += 0.08
