"""What the scripted model says, and how fast: the same for all contestants."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from llm.demo.pace import pieces
from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.scoring import MEASURED
from tests import vision

_STAMP = re.compile(r"@(\d+)@")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one step's calls: the first token after `first` seconds, the last one after `seconds`.

    With `every`, tokens come that many seconds apart instead, and `seconds` is not looked at. A `stamped`
    token ends with the moment of its sending (`stamps`).
    """

    text: str
    seconds: float = 0.0
    first: float = 0.0
    every: float | None = None
    stamped: bool = False

    def paced(self) -> list[tuple[float, str]]:
        """The tokens, each with the seconds after the request at which it is due."""
        tokens = pieces(self.text)
        gap = (self.seconds - self.first) / max(1, len(tokens) - 1) if self.every is None else self.every
        return [(self.first + number * gap, token) for number, token in enumerate(tokens)]


Script = Mapping[str, Answer]
"""By step, or `step/lane`; the latter before the former."""


def stamp(moment: float) -> str:
    """What stands behind a stamped token: `time.monotonic()` in microseconds, which is one clock for the machine."""
    return f"@{int(moment * 1e6)}@ "


def stamps(text: str) -> list[float]:
    """When the tokens in `text` were sent, as `time.monotonic()`. A text may end within a stamp: keep it and go on."""
    return [int(found) / 1e6 for found in _STAMP.findall(text)]


def plain(script: Script) -> dict[str, Any]:
    return {step: asdict(answer) for step, answer in script.items()}


def script_of(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Answer]:
    return {step: Answer(**answer) for step, answer in given.items()}


BRIEF = "# The company\n\n" + "It brings power to every village. " * 40
FLAWED = "Every village has power."
"""A vision of one sentence, where two are wanted: the validation has the model write it anew."""


def vision_script(pace: Mapping[str, float] | None = None, *, repair: bool = False) -> dict[str, Answer]:
    """Good answers to all calls of `vision_framework`; `pace` gives seconds by step, otherwise they come at once.

    With `repair` the framework comes with a flaw, and the call of the validation mends it.
    """
    pace = pace or {}
    drafted = vision.FRAMEWORK | ({"vision": FLAWED} if repair else {})
    texts: dict[str, Any] = {
        "brief": BRIEF,
        "framework": json.dumps(drafted),
        "validation": json.dumps({"vision": vision.FRAMEWORK["vision"]}),
        "one_pager": vision.ONE_PAGER,
        "qa": json.dumps(vision.QA),
    }
    for section in SECTION_NAMES:
        marks = vision.MARKS | ({"measurability": 8} if section in MEASURED else {})
        texts[f"scoring/{section}"] = json.dumps(marks)
    return {step: Answer(text, pace.get(step.partition("/")[0], 0.0)) for step, text in texts.items()}


ORIGINAL: dict[str, float] = {
    "brief": 10.0,
    "framework": 25.0,
    "validation": 1.0,
    "one_pager": 15.0,
    "qa": 10.0,
    "scoring": 10.0,
}
"""Seconds that the steps of the sequential original take, in its order."""


def original(times_faster: float = 10.0) -> dict[str, float]:
    """Its pace, so many times faster."""
    return {step: seconds / times_faster for step, seconds in ORIGINAL.items()}
