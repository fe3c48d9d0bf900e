"""Takes the Markdown fence from around an answer that was to be JSON, while it streams."""

_FENCE = "```"
_LONGEST_OPENING = 32
_HELD = 64
"""Characters that may wait for a closing fence. A model that writes blanks without end must not make us slow."""


class Unfenced:
    """Models that were not made to write JSON like to show it as code. Text without a fence passes untouched."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def feed(self, text: str) -> str:
        """What of the answer is sure to be inside, now that `text` came."""
        if self._state == "bare":
            return text
        self._held += text
        return self._open() if self._state == "start" else self._inside()

    def finish(self) -> str:
        """What was held back and is no fence after all."""
        held, self._held = self._held, ""
        return "" if self._state == "fenced" and held.strip() == _FENCE else held

    def _open(self) -> str:
        seen = self._held.lstrip()
        if not seen:
            self._held = self._held[-_HELD:]
        if _FENCE.startswith(seen[: len(_FENCE)]):  # also while there are less than three characters
            opening, newline, rest = seen.partition("\n")
            if not newline and len(seen) < _LONGEST_OPENING:
                return ""
            if newline and opening.startswith(_FENCE) and len(opening) < _LONGEST_OPENING:
                self._state, self._held = "fenced", rest
                return self._inside()
        self._state = "bare"
        return self.finish()

    def _inside(self) -> str:
        """Everything but the end that may be the closing fence."""
        body = self._held.rstrip().removesuffix("`").removesuffix("`").removesuffix("`").rstrip()
        sure = max(len(body), len(self._held) - _HELD)
        body, self._held = self._held[:sure], self._held[sure:]
        return body
