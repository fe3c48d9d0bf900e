"""What must not be shown to people in what a server says: the key, the prompt, paths."""

import re
from collections.abc import Sequence

LONGEST = 300
_GONE = "…"
_SECRETS = re.compile(
    r"\b[sr]k-[\w*.…-]{4,}"  # a key of the usual form, also with stars in it
    r"|\bBearer\s+\S+"
    r"|\S*\*{3,}\S*"  # half a key: providers show its first and last letters
    r"|(?<![\w:/.])/(?:[\w.-]+/)+[\w.-]*"  # an absolute path, but not the one in an address
)
_KEY_PIECE, _PROMPT_PIECE = 8, 16
"""Characters in a row that give something away. Shorter ones are in every text."""


class Hidden:
    """`key` and `prompts` as they are sent."""

    def __init__(self, key: str | None, prompts: Sequence[str]) -> None:
        self._known = [(key, _KEY_PIECE)] if key else []
        self._known += [(prompt, _PROMPT_PIECE) for prompt in prompts]

    def tidy(self, said: str) -> str:
        """The first line of `said`, at most 300 characters, without anything that is ours to keep."""
        line = next((line for line in said.splitlines() if line.strip()), "")
        line = " ".join("".join(char if char.isprintable() else " " for char in line[: 4 * LONGEST]).split())
        for known, piece in self._known:
            line = _without(line, known, piece)
        line = _SECRETS.sub(_GONE, line)
        return line if len(line) <= LONGEST else line[: LONGEST - 1] + _GONE


def _without(line: str, known: str, piece: int) -> str:
    """`line` without any run of at least `piece` characters that is also in `known`; a shorter `known` as a whole."""
    if len(known) < piece:
        return line.replace(known, _GONE) if known.strip() else line
    kept: list[str] = []
    at = 0
    while at < len(line):
        end = at + piece
        if end > len(line) or line[at:end] not in known:
            kept.append(line[at])
            at += 1
            continue
        while end < len(line) and line[at : end + 1] in known:
            end += 1
        kept.append(_GONE)
        at = end
    return "".join(kept)
