"""What must not be shown to people in what a server says: the key, the prompt, paths."""

import re
from collections.abc import Sequence

LONGEST = 300
_LOOKED_AT = 4 * LONGEST
_LONGEST_SAID = 16_384
"""Characters in which the first line is looked for: a refusal may be a whole page."""
_GONE = "…"
_SECRETS = re.compile(
    r"\b[sr]k-[\w*.…-]{4,}"  # a key of the usual form, also with stars in it
    r"|\bBearer\s+\S+"
    r"|(?<![\w:/.])/(?:[\w.-]+/)+[\w.-]*"  # an absolute path, but not the one in an address
)
_HALF_A_KEY = "***"
"""In a word: providers show the first and last letters of a key."""
_KEY_PIECE, _PROMPT_PIECE = 8, 16
"""Characters in a row that give something away. Shorter ones are in every text."""


class Hidden:
    """`key` and `prompts` as they are sent."""

    def __init__(self, key: str | None, prompts: Sequence[str]) -> None:
        self._known = [(key, _KEY_PIECE)] if key else []
        self._known += [(prompt, _PROMPT_PIECE) for prompt in prompts]

    def tidy(self, said: str) -> str:
        """The first line of `said`, at most 300 characters, without anything that is ours to keep."""
        line = next(iter(said[:_LONGEST_SAID].strip().splitlines()), "")
        line = "".join(char if char.isprintable() else " " for char in line[:_LOOKED_AT])
        line = " ".join(_GONE if _HALF_A_KEY in word else word for word in line.split())
        for known, piece in self._known:
            line = _without(line, known, piece)
        line = _SECRETS.sub(_GONE, line)
        return line if len(line) <= LONGEST else line[: LONGEST - 1] + _GONE


def _without(line: str, known: str, piece: int) -> str:
    """`line` without any run of at least `piece` characters that is also in `known`; a shorter `known` as a whole."""
    if len(known) < piece:
        return line.replace(known, _GONE) if known.strip() else line
    # A prompt may be long and repeat itself, so it is gone through once and not once for each place in the line.
    pieces = {line[at : at + piece] for at in range(len(line) - piece + 1)}
    told = pieces.intersection(known[at : at + piece] for at in range(len(known) - piece + 1))
    kept: list[str] = []
    hidden = 0
    for at in range(len(line)):
        if line[at : at + piece] in told:
            kept += [] if at < hidden else [_GONE]
            hidden = at + piece
        elif at >= hidden:
            kept.append(line[at])
    return "".join(kept)
