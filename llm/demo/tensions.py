"""Where a founder wants two things that pull against each other, in the founder's own words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llm.demo.voice import unlabelled
from llm.demo.words import TURN, bare, sentence, sentences, shorten

_MOST = 112


@dataclass(frozen=True, slots=True)
class Axis:
    """Two goods, and the words by which each is known."""

    one: str
    other: str
    one_words: re.Pattern[str]
    other_words: re.Pattern[str]


def _axis(one: str, other: str, one_words: str, other_words: str) -> Axis:
    return Axis(one, other, re.compile(rf"\b(?:{one_words})", re.I), re.compile(rf"\b(?:{other_words})", re.I))


AXES = (
    _axis(
        "Growth",
        "focus",
        r"second country|expand|grow|scale|\d+ (?:live sites|hospitals|mills|stores|customers|clients|users|schools)"
        r"|licensed mills|countries|by the end of 20|by 20\d\d",
        r"one thing|stay in|dropped|stopped our|turned down|turn away|first reach|refuse|rather than"
        r"|over fashion|only|focus",
    ),
    _axis(
        "Margin",
        "mission",
        r"loses money|gross margin|operating margin|margin|profit|payback|prepayment|licence income",
        r"whatever the bill|never switch off|even when|better off with|wrong answer|take back|free of charge|afford"
        r"|charity|before we pay ourselves|for ever\b",
    ),
    _axis(
        "Speed",
        "care",
        r"instead of \d+|under two|from \d+ minutes|around the clock|in \d+ weeks|faster"
        r"|quickly|speed|fast",
        r"stops? work|stop the line|a person decides|without asking|safety|never ship|not even as a draft|tested"
        r"|tests?\b|measure before|slower|careful|quality",
    ),
    _axis(
        "Time in hand",
        "ambition",
        r"runway|money for \d+ months|months? of cash|months of runway",
        r"by the end of 20\d\d|by 20\d\d|in (?:five|ten) years",
    ),
    _axis(
        "Openness",
        "advantage",
        r"publish|share |open source|openly|read aloud|say what",
        r"patent|exclusiv|secret|proprietary",
    ),
    _axis(
        "Rest",
        "reach",
        r"at most 40|on call|no release|weekends?|burn ?out|whoever is awake",
        r"within minutes|five in the morning|around the clock|growing \d",
    ),
    _axis(
        "Independence",
        "money from outside",
        r"ourselves|our own|in our hands|independen",
        r"raise|investors?|grant|debt|equity|venture|exclusivity",
    ),
)


def tensions_of(answers: Mapping[str, str], most: int = 4) -> list[str]:
    """A sentence per contradiction that both sides of are there; none where the answers hold none."""
    said = [(field, text) for field, answer in answers.items() for text in sentences(answer)]
    used: set[str] = set()
    found: list[str] = []
    for axis in AXES:
        one = _strongest(said, axis.one_words, used)
        other = _strongest(said, axis.other_words, used | {one})
        if one and other and len(found) < most:
            used |= {one, other}
            found.append(_put(axis, one, other, len(found)))
    return found


def _strongest(said: list[tuple[str, str]], words: re.Pattern[str], used: set[str]) -> str:
    """The sentence that has most to do with a side. Of several, the first: founders say first what matters."""
    counted = [(len(words.findall(text)), text) for _, text in said if text not in used]
    best = max((count for count, _ in counted), default=0)
    return next((text for count, text in counted if count == best), "") if best else ""


def _put(axis: Axis, one: str, other: str, number: int) -> str:
    left, right = _quote(one, axis.one_words), _quote(other, axis.other_words)
    return (
        f"{axis.one} against {axis.other}: “{left}” pulls one way, “{right}” the other.",
        f"{axis.one} and {axis.other} cannot both come first: “{left}”, and yet “{right}”.",
        f"{axis.one} or {axis.other}: “{left}” sits uneasily beside “{right}”.",
        f"{axis.one} costs {axis.other}: “{left}”, but also “{right}”.",
    )[number % 4]


def _quote(text: str, words: re.Pattern[str]) -> str:
    """The part of a sentence in which the words stand that matter, short enough for two of them to share an item."""
    plain = unlabelled(text)
    plain = plain if words.search(plain) else text
    starts = [0, *(turn.end() for turn in TURN.finditer(plain))]
    if len(plain) > _MOST and (found := words.search(plain)) and found.end() > _MOST:
        plain = sentence(re.sub(r"^and ", "", plain[max(start for start in starts if start <= found.start()) :]))
    short = shorten(plain, 24, _MOST)
    return short if short.endswith("…") else bare(short)
