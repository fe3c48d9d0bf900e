"""Numbers to watch, out of what founders say that success is."""

import re
from bisect import bisect_left
from collections.abc import Iterable

from llm.demo.numbers import AMOUNT, amounts, cadence, when, without_when
from llm.demo.voice import task, unlabelled
from llm.demo.words import bare, content, lower_first, sentences, shorten, themes, trimmed

Metric = dict[str, str]

_LEAD = re.compile(
    r"^(?:(?:and|with|but|also|then|that|which means|it means that|success (?:is|means)(?: that)?)\s+)*"
    r"(?:(?:we|it|they|i)\s(?:will |must |also |want to |want |expect |aim (?:for|at) )*)?"
    r"(?:(?:serve|have|want|use|reach|run|make|earn|need|see|keep|get|sell|employ|operate|are at|be at|achieve|hit"
    r"|raise|grow to|sign|at(?! least| most)|to)\s+)?",
    re.I,
)
_JOINT = re.compile(r",? and (?=\S)|, with |; |, | with ", re.I)
_ARTICLE = re.compile(r"^(?:and|with|a|an|the|our|its|their|every|each|of|to)\s+", re.I)
_TAIL = re.compile(
    r"(?<!\s)\s++(?:of|in|at|to|is|are|was|were|will be|be|stays?|remains?|reach(?:es)?|by|from|within|has|have|with"
    r"|for|than|on average|down|up|again)$"
)
_MOVES = re.compile(r"\s(?:to )?(?P<verb>falls?|rises?|grows?|drops?|shrinks?|doubles?)(?: by| to)?$")
_VERB = re.compile(
    r"\s(?:is|are|has|have|had|was|were|will|would|must|needs?|works?|gets?|goes|comes?|means?|leaves?)\s", re.I
)
_SOON = re.compile(r"\b(?:in|within|after)$", re.I)
_SOONER = re.compile(r"under|within|below|less than|at most|[<≤]", re.I)
_UNIT = (
    r"(?:dollars?|euros?|pounds?|percent|tonnes?|kilograms?|kg|litres?|hours?|days?|weeks?|months?|years?|minutes?|seconds?"
    r"|kilometres?|points?)"
)
_OF_WHAT = re.compile(rf"^(?P<amount>{AMOUNT}(?: {_UNIT})?) (?:of|in) (?P<name>[a-z].+)$", re.I)
_HOW_MANY = re.compile(rf"^(?P<amount>{AMOUNT}) (?P<name>[a-z].+)$", re.I)
_TIMED = re.compile(rf"^{AMOUNT} (?:seconds?|minutes?|hours?|days?|weeks?|months?)\b", re.I)


def metrics_of(success: str, elsewhere: Iterable[str], most: int = 8, enough: int = 4) -> list[Metric]:
    """At least three metrics, most out of `success`; where those are not `enough`, out of other texts."""
    found: dict[str, Metric] = {}
    for text in (success, *elsewhere):
        if len(found) >= enough and text is not success:
            break
        for said in sentences(text):
            job = None if text is success else task(said)
            for metric in _in_sentence(job.what if job else unlabelled(said)):
                found.setdefault(metric["name"].lower(), metric)
    for theme in themes(success, 12) + ["revenue", "customers", "retention"]:
        if len(found) >= 3:
            break
        name = f"Progress on “{theme}”"
        target = "First measured value by the end of Q1"
        found.setdefault(name.lower(), _metric(name[:100], target, "monthly"))
    return list(found.values())[:most]


def _in_sentence(said: str) -> list[Metric]:
    """The metrics of one sentence; a date at its end counts for those before it that have none."""
    clauses = _clauses(bare(said))
    found: list[Metric] = []
    due = ""
    for clause in reversed(clauses):
        due = when(clause) or due
        if metric := _read(clause, due):
            found.append(metric)
    return found[::-1]


def _clauses(said: str) -> list[str]:
    """A sentence in pieces that hold an amount each; what holds none goes with the piece before it."""
    pieces: list[str] = []
    dated = ""
    if leading := re.match(r"(?:by|until|before|within|in) [^,]{3,24}?(?=,? we\b)", said, re.I):
        dated, said = leading[0], said[leading.end() :].lstrip(" ,")
    # Found once: a sentence of a thousand commas would otherwise be searched a thousand times.
    places = [found.start() for found in amounts(said)]
    start = 0
    for joint in [*_JOINT.finditer(said), None]:
        end = joint.start() if joint else len(said)
        after = said.find(",", joint.end()) if joint else -1
        # A piece needs an amount of its own, and so does what comes after it, or the cut would tear one thing apart.
        if joint and not (
            _any_in(places, start, end) and _any_in(places, joint.end(), after if after >= 0 else len(said))
        ):
            continue
        pieces.append(said[start:end])
        start = joint.end() if joint else end
    pieces = [piece for piece in pieces if amounts(piece)]
    if dated and pieces and not when(pieces[0]):
        pieces[0] += f" {lower_first(dated)}"
    return pieces


def _any_in(places: list[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _read(clause: str, due: str) -> Metric | None:
    clause = _LEAD.sub("", clause.strip(), count=1).strip() or clause
    amount = amounts(clause)[0] if amounts(clause) else None
    if amount is None:
        return None
    before, rest = clause[: amount.start()].strip(), clause[amount.start() :].strip()
    if not before or not content(before):
        return _counted(rest, due)
    if moving := _MOVES.search(before):
        return _named(before[: moving.start()], f"{before[moving.start('verb') :]} {rest}", due)
    timed = _TIMED.match(rest)
    if _VERB.search(f" {before} ") and timed and (_SOON.search(before) or _SOONER.match(rest)):
        return _named(f"time until {lower_first(trimmed(_TAIL.sub('', before)))}", rest, due)
    plain = _TAIL.sub("", _TAIL.sub("", before))
    if _VERB.search(f" {plain} ") or len(plain.split()) > 7:
        return None
    return _named(plain, rest, due)


def _counted(rest: str, due: str) -> Metric | None:
    """A clause that begins with its amount: "120 live sites", "11 million dollars of yearly revenue"."""
    if verb := _VERB.search(rest):
        who = re.sub(rf"^{AMOUNT}(?: {_UNIT})? (?:of )?", "", rest[: verb.start()], flags=re.I)
        return _named(who, rest, due)
    found = _OF_WHAT.match(rest) or _HOW_MANY.match(rest)
    if found is None:
        return None
    name = without_when(found["name"])
    name = re.split(r"[,;:]", name)[0]
    return _named(re.split(r" and ", name)[0] if len(name.split()) > 6 else name, found["amount"], due)


def _named(name: str, target: str, due: str) -> Metric | None:
    while (plain := _ARTICLE.sub("", name)) != name:
        name = plain
    name = bare(trimmed(name.strip(" ,;:")))
    if not [word for word in content(name) if not re.fullmatch(_UNIT, word)]:
        return None
    target = target.split(";")[0]
    if due and due.lower() not in target.lower():
        target = f"{target} {lower_first(due)}"
    target = bare(shorten(target[:1].upper() + target[1:], 16, 100))
    name = bare(shorten(name[:1].upper() + name[1:], 9, 100))
    return _metric(name, target, cadence(f"{name} {target}"))


def _metric(name: str, target: str, often: str) -> Metric:
    return {"name": name, "target": target, "cadence": often}
