"""Five checks of a whole framework against the answers that it was made of."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from llm.demo.bounds import items_of, rows_of
from llm.demo.marks import texts_of
from llm.demo.numbers import amounts, horizon
from llm.demo.words import bare, overlap, sentences, shorten

Answers = Mapping[str, str]
_INNER = str.maketrans("“”", "‘’")


def review(framework: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """The report as JSON."""
    bets = rows_of(framework.get("near_term_bets"))
    metrics = rows_of(framework.get("metrics"))
    inconsistent, unmeasured, idle = _inconsistent(bets), _unmeasured(bets, metrics), _idle(bets)
    gaps = _gaps(framework, answers)
    named = [str(text) for text in items_of(framework.get("tensions"))]
    tension = min(9, 4 + 2 * len(named)) if named else 5
    lost = len(inconsistent) + len(unmeasured) + len(idle) + len(gaps)
    overall = max(3, min(9, round((9 - 0.5 * lost + tension) / 2)))
    return {
        "consistency": {"passed": len(inconsistent) < 2, "issues": inconsistent},
        "measurability": {"passed": len(unmeasured) < 3, "issues": unmeasured},
        "actionability": {"passed": len(idle) < 3, "issues": idle},
        "tensions": {"passed": bool(named), "score": tension, "feedback": _about(named)},
        "completeness": {"passed": len(gaps) < 3, "gaps": gaps},
        "overall_score": overall,
        "recommendations": _recommendations(unmeasured, idle, gaps, named),
    }


def _inconsistent(bets: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for bet in bets:
        said = horizon(str(bet.get("bet")))
        if said and said != bet.get("horizon"):
            found.append(f"{_quoted(bet.get('bet'))} names {said} itself, but its horizon is {bet.get('horizon')}.")
    owners = Counter(str(bet.get("owner")) for bet in bets)
    for owner, count in owners.most_common(1):
        if count > 2:
            found.append(f"{owner} answers for {count} of {len(bets)} bets at once.")
    return found[:4]


def _unmeasured(bets: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> list[str]:
    found = [
        f"The measure of {_quoted(bet.get('bet'))} is an event without a number: {_quoted(bet.get('measure'))}."
        for bet in bets
        if not amounts(str(bet.get("measure")))
    ]
    found += [
        f"The target of {_quoted(metric.get('name'))} has no number yet."
        for metric in metrics
        if not amounts(str(metric.get("target")))
    ]
    return found[:4]


def _idle(bets: list[dict[str, Any]]) -> list[str]:
    return [
        f"{_quoted(bet.get('bet'))} is left to the founders; nobody is named who starts on Monday."
        for bet in bets
        if str(bet.get("owner")) == "Founders" and not str(bet.get("bet")).startswith(("Decide", "Settle", "Choose"))
    ][:4]


def _gaps(framework: Mapping[str, Any], answers: Answers) -> list[str]:
    """What the founder says and the framework does not take up, at most one sentence an answer."""
    told = [text for value in framework.values() for text in texts_of(value)]
    found: list[tuple[float, str]] = []
    for field in ("core_principles", "required_capabilities", "success_definition", "hard_decisions"):
        said = [(overlap(text, told), text) for text in sentences(answers.get(field, ""))]
        if said and min(said)[0] < 0.5:
            share, text = min(said)
            found.append((share, f"{_quoted(text)} ({field}) is not taken up."))
    return [text for _, text in sorted(found)[:3]]


def _about(named: list[str]) -> str:
    if not named:
        return "No tension is named. Either the answers hold none, or nobody has asked for the price of each wish yet."
    first = named[0].split(":")[0]
    return (
        f"{len(named)} {'is' if len(named) == 1 else 'are'} named, each with both of its sides quoted. “{first}” is "
        "the one that will come up first; it needs somebody who decides."
    )


def _recommendations(unmeasured: list[str], idle: list[str], gaps: list[str], named: list[str]) -> list[str]:
    found: list[str] = []
    if unmeasured:
        found.append("Measure the value of today for every bet and metric that has no number, before anything else.")
    if idle:
        found.append("Give each bet that is left to the founders an owner who has the time for it.")
    if gaps:
        found.append("Take up what the answers call essential and the framework leaves out, or say why not.")
    if named:
        found.append(f"Decide who settles “{named[0].split(':')[0].lower()}” when it comes up, and by which rule.")
    found.append("Read the framework to three people who were not there, and change what they cannot repeat.")
    return found[:5]


def _quoted(text: Any) -> str:
    return f"“{bare(shorten(str(text), 12)).translate(_INNER)}”"
