"""Marks for one section, counted from what can be counted in it: numbers, dates, owners, verbs, the founder's words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llm.demo.bounds import items_of, rows_of
from llm.demo.numbers import amounts, horizon, when
from llm.demo.words import bare, content, overlap, shorten

Answers = Mapping[str, str]
_VAGUE = re.compile(
    r"\b(?:innovati\w+|world[- ]class|synerg\w+|leverage\w*|best[- ]in[- ]class|cutting[- ]edge|excellence|passionate"
    r"|holistic|empower\w*|seamless\w*|disrupt\w*|ecosystem|solutions?|leading|great|amazing|various)\b",
    re.I,
)
_INNER = str.maketrans("“”", "‘’")
_NO_VERB = re.compile(r"^(?:the|a|an|our|their|its|no|nothing|every|data|it|this|that|there|progress)\b|^\d", re.I)
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "vision": ("vision_endstate", "vision_audience_timing"),
    "strategy": ("hard_decisions",),
    "operating_principles": ("core_principles",),
    "near_term_bets": ("required_capabilities",),
    "metrics": ("success_definition",),
}
"""The answers that a section should take up."""
_NOT_TO_DO = frozenset({"vision", "metrics", "tensions"})


@dataclass(frozen=True, slots=True)
class Features:
    """Shares from 0 to 1 of a section's items; `vague` counts words that would fit any company.

    `theirs`: how much of the section is in the answers. `taken_up`: how much of its answers is in the section.
    """

    items: list[str]
    concrete: float
    numbered: float
    dated: float
    owned: float
    doing: float
    theirs: float
    taken_up: float
    vague: int


def features(name: str, value: Any, answers: Answers) -> Features:
    """What can be counted in a section."""
    items = texts_of(value)
    count = max(1, len(items))
    theirs = sum(overlap(text, answers.values()) for text in items) / count
    sources = " ".join(answers.get(field, "") for field in _SOURCES.get(name, ()))
    return Features(
        items=items,
        concrete=sum(bool(amounts(text)) or len(set(content(text))) >= 7 for text in items) / count,
        numbered=sum(bool(amounts(text)) for text in items) / count,
        dated=sum(bool(when(text) or horizon(text)) for text in items) / count,
        owned=sum(str(item.get("owner", "")).strip() not in ("", "Founders", "Team") for item in rows_of(value))
        / count,
        doing=1.0 if name in _NOT_TO_DO else sum(not _NO_VERB.match(text) for text in items) / count,
        theirs=theirs,
        taken_up=overlap(sources, items) if sources else theirs,
        vague=sum(len(_VAGUE.findall(text)) for text in items),
    )


def texts_of(value: Any) -> list[str]:
    """A section's items as texts."""
    if isinstance(value, str):
        return [value]
    rows = [" ".join(map(str, row.values())) for row in rows_of(value)]
    return rows or [str(item) for item in items_of(value)]


def marks(name: str, value: Any, answers: Answers) -> dict[str, Any]:
    """The marks and their reasons, as JSON. `measurability` is left to who asks for it."""
    seen = features(name, value, answers)
    length = sum(len(content(text)) for text in seen.items) / max(1, len(seen.items))
    return {
        "specificity": _mark(
            3 + 2.5 * seen.concrete + 2 * seen.numbered + seen.dated + min(1.0, length / 14) - 1.5 * seen.vague
        ),
        "actionability": _mark(4 + 2 * seen.doing + 1.5 * seen.owned + seen.dated + min(1.0, length / 12)),
        "alignment": _mark(2.5 + 3.5 * seen.theirs + 4 * seen.taken_up if seen.items else 6),
        "issues": issues(name, seen)[:3],
        "suggestions": suggestions(name, seen)[:3],
        "strengths": strengths(name, seen)[:3],
        "measurability": _mark(3 + 3.5 * seen.numbered + 2.5 * seen.dated + 0.5 * seen.owned),
    }


def issues(name: str, seen: Features) -> list[str]:
    found: list[str] = []
    if not seen.items:
        found.append("There is nothing in this section.")
    if seen.vague:
        found.append("Some words would fit any company, and say nothing about this one.")
    if name in ("near_term_bets", "metrics") and seen.numbered < 0.75:
        found.append(f"{_quoted(_without(seen, amounts))} has no number by which it could be judged.")
    if name in ("near_term_bets", "metrics") and seen.dated < 0.5:
        found.append(f"{_quoted(_without(seen, when))} does not say until when.")
    if name == "near_term_bets" and seen.owned < 0.8:
        found.append("Some bets are left to the founders, who cannot carry all of them.")
    if seen.items and seen.taken_up < 0.35:
        found.append("Much of what the founder says about it is not taken up.")
    if name in ("strategy", "operating_principles") and seen.doing < 0.8:
        found.append("Not every item says what to do; some only describe.")
    if name == "vision" and not seen.numbered:
        found.append("It names no number or place by which one could see that it has come true.")
    if name != "vision" and seen.items and max(len(content(text)) for text in seen.items) > 26:
        found.append(f"{_quoted(max(seen.items, key=len))} says several things at once.")
    return found


def suggestions(name: str, seen: Features) -> list[str]:
    found = {
        "vision": ["Name the first place where this will be true, and the year."],
        "strategy": ["Say for each choice what is left undone because of it."],
        "operating_principles": ["Add to each rule the last case in which it cost something."],
        "near_term_bets": ["Give each bet a date within its horizon on which somebody looks at it."],
        "metrics": ["Put the value of today beside each target."],
        "tensions": ["Say for each tension who decides when it comes up, and by which rule."],
    }.get(name, ["Say who does it, and by when."])
    if seen.items and not all(amounts(text) for text in seen.items):
        found.append(f"Take a number from the answers into {_quoted(_without(seen, amounts))}.")
    if len(seen.items) > 5:
        found.append("Drop the item that would be missed least.")
    return found


def strengths(name: str, seen: Features) -> list[str]:
    found: list[str] = []
    if seen.numbered >= 0.5 and name != "tensions":
        best = max(seen.items, key=lambda text: len(amounts(text)))
        found.append(
            f"{_quoted(best)} is a picture that one can see."
            if name == "vision"
            else f"{_quoted(best)} can be checked by anyone."
        )
    if seen.theirs >= 0.8:
        found.append("It stays with the founder's own words and choices.")
    if seen.owned >= 0.6:
        found.append("Most bets have an owner of their own.")
    if name == "tensions" and len(seen.items) >= 2:
        found.append("Both sides of each tension are quoted, so that nobody can wish one of them away.")
    return found or ["It is short enough to be remembered."]


def _without(seen: Features, has: Any) -> str:
    return next((text for text in seen.items if not has(text)), seen.items[0] if seen.items else "")


def _quoted(text: str) -> str:
    return f"“{bare(shorten(text, 9)).translate(_INNER)}”"


def _mark(value: float) -> int:
    return max(1, min(10, round(value)))
