"""The Vision Framework's bounds, as far as the demo model must know them to keep them."""

import re
from collections.abc import Mapping
from typing import Any, cast

from llm.demo.words import bare, lower_first, shorten

LISTS: Mapping[str, tuple[int, int, int]] = {
    "strategy": (2, 5, 300),
    "operating_principles": (3, 7, 200),
    "tensions": (0, 10, 300),
}
"""Least and most items, and most characters of each."""
_STOPS_INSIDE = re.compile(r"[\s,;:]{0,9}(?<![.!?…])[.!?…]++(?=[\"'”’»)\]]*+\s)")
BETS, METRICS = (2, 8), (3, 12)


def items_of(value: Any) -> list[Any]:
    """A list out of JSON; empty for anything else."""
    return cast(list[Any], value) if isinstance(value, list) else []


def rows_of(value: Any) -> list[dict[str, Any]]:
    """The objects in a list out of JSON."""
    return [cast(dict[str, Any], item) for item in items_of(value) if isinstance(item, dict)]


def fit_list(name: str, items: list[str], spare: tuple[str, ...] = ()) -> list[str]:
    """Texts within a section's bounds; what is missing comes out of `spare`."""
    least, most, chars = LISTS[name]
    cut = [fit_text(item, 10, chars, "Hold to it") for item in items if item.strip()]
    return [*cut, *(text for text in spare if text not in cut)][: max(least, min(most, len(cut)))]


def fit_bet(bet: Mapping[str, Any]) -> dict[str, str]:
    return {
        "bet": fit_text(str(bet["bet"]), 10, 300, "Bring about"),
        "owner": str(bet["owner"])[:100].strip() or "Founders",
        "horizon": str(bet["horizon"]),
        "measure": fit_text(str(bet["measure"]), 5, 200, "Seen as"),
    }


def fit_metric(metric: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": str(metric["name"])[:100].strip() or "Progress",
        "target": str(metric["target"])[:100].strip() or "To be measured first",
        "cadence": str(metric["cadence"]),
    }


def fit_vision(said: list[str]) -> str:
    """Two or three sentences in 20 to 500 characters, each with one stop: its own."""
    cut = [_one_stop(shorten(text, 38, 235)) for text in said]
    while len(cut) > 3 or (len(cut) > 2 and len(" ".join(cut)) > 480):
        cut.pop()
    while len(cut) < 2:
        cut.append("This is what the company is for.")
    return " ".join(cut)


def fit_text(text: str, least: int, most: int, lead: str) -> str:
    cut = shorten(text.strip(), 60, most)
    return cut if len(cut) >= least else f"{lead}: {lower_first(cut)}"[:most]


def _one_stop(text: str) -> str:
    plain = _STOPS_INSIDE.sub(",", bare(text))
    plain = re.sub(r"[!?…。！？؟।]+", " ", plain).strip(" .,\"'”’»)]")
    said = (plain or "It works") + "."
    return said if len(said) >= 20 else f"What it is about: {lower_first(said)}"
