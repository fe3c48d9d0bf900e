"""The one-pager: a framework and the answers behind it on one page of 300 to 400 words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm.demo.bounds import items_of, rows_of
from llm.demo.framework import timing
from llm.demo.numbers import amounts, in_words, when
from llm.demo.words import bare, lower_first, sentence, sentences, shorten, unique, words

Answers = Mapping[str, str]
_FEWEST, _ENOUGH, _MOST = 318, 340, 385
_LIMITS = (45, 36, 28, 20, 14, 9)
_OUR_VERBS = frozenset({"choose", "never", "always", "do", "don't", "say", "build", "keep", "decide", "put"})
_DONE = re.compile(r"\b(?:we|i|to|must|will|should|never|not|don['’]t) (?=(\w+))", re.I)
_NO_VERBS = frozenset("the a an our my their its no nothing nobody every each all it this that there we i you".split())


@dataclass(slots=True)
class _Part:
    """A heading and what is under it: what must be there, then what may be added while there is room."""

    heading: str
    must: list[str]
    may: list[str] = field(default_factory=list[str])
    points: list[str] = field(default_factory=list[str])


def one_pager(company: str, headings: Sequence[str], framework: Mapping[str, Any], answers: Answers) -> str:
    """Markdown with the headings as they are asked for."""
    parts = [
        _vision(framework, answers),
        _why_now(answers),
        _how_we_win(framework, answers),
        _next(framework),
        _numbers(framework, answers),
        _tensions(framework),
    ]
    for number, part in enumerate(parts):
        part.heading = headings[number] if number < len(headings) else part.heading
    title = bare(shorten(company, 12, 70)).rstrip("…") or "One-pager"
    return _fitted(title, parts)


def _vision(framework: Mapping[str, Any], answers: Answers) -> _Part:
    purpose = sentences(answers.get("vision_purpose", ""))
    return _Part(
        "Vision",
        sentences(str(framework.get("vision", ""))),
        [*purpose[:3], "Everything below is measured against this picture, and changes before the picture does."],
    )


def _why_now(answers: Answers) -> _Part:
    reasons = timing(answers) or sentences(answers.get("current_state", ""))
    return _Part(
        "Why now",
        [text for text in reasons if not text.endswith(":")][:3] or ["The moment is what we make of it."],
        [
            *reasons[3:],
            "Waiting would not make this easier: what we learn in the coming year is worth more than a later start.",
            "What we do not know yet about the timing, we will find out by doing the first small thing in earnest.",
        ],
    )


def _how_we_win(framework: Mapping[str, Any], answers: Answers) -> _Part:
    said = " ".join(answers.values())
    choices = [as_we(str(text), said) for text in items_of(framework.get("strategy"))]
    rules = [as_we(str(text), said) for text in items_of(framework.get("operating_principles"))]
    return _Part(
        "How we win",
        choices[1:4] or choices,
        [
            *rules[:3],
            *choices[:1],
            "Each of these is a choice that somebody sensible could have made the other way; so it has to stand here.",
            "When two of them collide in daily work, the one that is named first decides, until we change the order.",
        ],
    )


def _next(framework: Mapping[str, Any]) -> _Part:
    bets = rows_of(framework.get("near_term_bets"))
    return _Part(
        "The next twelve months",
        [],
        [
            "Each bet has one owner, who says early when it is in doubt and needs nobody's leave to ask for help.",
            "A bet that has not moved for a month is stopped or given to somebody who has the time for it.",
        ],
        [_bet_line(bet) for bet in bets[:4]],
    )


def _numbers(framework: Mapping[str, Any], answers: Answers) -> _Part:
    metrics = rows_of(framework.get("metrics"))
    today = [text for text in sentences(answers.get("current_state", "")) if amounts(text)]
    return _Part(
        "How we will know",
        [f"Today: {lower_first(text)}" for text in today[:1]],
        [
            *[f"Today: {lower_first(text)}" for text in today[1:2]],
            "We look at these numbers in the open, and a number that nobody acts on for a quarter is dropped.",
            "Where a value of today is missing, measuring it is the first thing to do.",
        ],
        [f"{metric.get('name')}: {lower_first(str(metric.get('target')))}." for metric in metrics[:4]],
    )


def _tensions(framework: Mapping[str, Any]) -> _Part:
    named = [str(text) for text in items_of(framework.get("tensions"))]
    doubt = "Our answers name no contradiction yet; what would put this plan in doubt is a first customer who leaves."
    return _Part(
        "Open tensions",
        [*(named[:1] or [doubt]), "We will notice which way we are being pulled by what we postpone twice in a row."],
        [
            *named[1:2],
            "Once a quarter we ask which side has won every case so far, and whether that was a decision or a habit.",
            "None of this is settled by writing it down, but it can no longer be decided by accident.",
        ],
    )


def as_we(text: str, said: str) -> str:
    """ "Own every site." is "We own every site.", when it begins with a verb: with a word that stands behind "we" or
    "to" in what the founder said."""
    plain = sentence(text)
    first = plain.split(" ", 1)[0].lower()
    is_verb = first in _OUR_VERBS or first in map(str.lower, _DONE.findall(said))
    return f"We {lower_first(plain)}" if is_verb and first not in _NO_VERBS else plain


def _bet_line(bet: Mapping[str, Any]) -> str:
    owner = bare(shorten(str(bet.get("owner")), 8, 60))
    what, due = bare(str(bet.get("bet"))), in_words(str(bet.get("horizon")))
    return f"{what} ({owner})." if when(what) or due in what else f"{what} ({owner}, {due})."


def _fitted(title: str, parts: list[_Part]) -> str:
    """As much as fits: first the sentences are cut until what must be there fits, then what may be is added in turn."""
    limit = next((most for most in _LIMITS if len(words(_page(title, parts, most))) <= _MOST), _LIMITS[-1])
    spare = [list(unique(part.may)) for part in parts]
    while len(words(_page(title, parts, limit))) < _ENOUGH and any(spare):
        for part, more in zip(parts, spare, strict=True):
            room = _MOST - len(words(_page(title, parts, limit)))
            if more and (text := shorten(more.pop(0), limit)) and len(words(text)) <= room:
                if len(words(_page(title, parts, limit))) < _ENOUGH:
                    part.must.append(text)
    return _page(title, parts, limit)


def _page(title: str, parts: Sequence[_Part], limit: int) -> str:
    blocks = [f"# {title}"]
    for part in parts:
        blocks.append(f"## {part.heading}")
        points = [f"- {shorten(text, limit)}" for text in part.points]
        # A tension has two sides, and half of one says nothing: it is cut last.
        most = max(limit, 60) if limit > _LIMITS[-2] and part is parts[-1] else limit
        prose = " ".join(shorten(text, most) for text in part.must)
        blocks += [block for block in ("\n".join(points), prose) if block]
    return "\n\n".join(blocks)
