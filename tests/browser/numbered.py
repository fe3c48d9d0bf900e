"""A one-pager in which every word has a number: what is lost, doubled or out of order shows."""

import re

from playwright.async_api import Locator, expect

from steps.vision_framework.one_pager import HEADINGS
from tests.scripted_replies import Reply, said

EACH = 50
"""Words under a heading."""
WORDS = [f"w{number}" for number in range(EACH * len(HEADINGS))]
MOVES_PER_SECTION = EACH + 2
"""Moves of the reply that a section takes: its heading, its words, and the gap after them."""


def one_pager() -> Reply:
    """Word by word."""
    pieces: list[str] = []
    for place, heading in enumerate(HEADINGS):
        words = WORDS[place * EACH : (place + 1) * EACH]
        pieces += [f"## {heading}\n\n", *(f"{word} " for word in words), "\n\n"]
    return said(*pieces)


def after(words: int) -> int:
    """How many moves of the reply it takes to have said so many words."""
    sections, rest = divmod(words, EACH)
    return 1 + sections * MOVES_PER_SECTION + (1 + rest if rest else 0)


async def shows(text: Locator, words: int) -> None:
    """Waits until the first `words` of them are there; there may be no other, and none twice."""
    await expect(text).to_contain_text(re.compile(rf"\b{WORDS[words - 1]}\b"))
    assert await said_in(text) == WORDS[:words]


async def said_in(text: Locator) -> list[str]:
    return re.findall(r"\bw\d+\b", await text.inner_text())
