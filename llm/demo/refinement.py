"""One section written anew: shorter, with more in it, from another side, or towards what somebody asks for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llm.demo.bets import bets_of
from llm.demo.bounds import BETS, LISTS, METRICS, fit_bet, fit_list, fit_metric, fit_vision, items_of, rows_of
from llm.demo.framework import framework_of, principles_of, still_open, strategy_of, vision_of
from llm.demo.metrics import metrics_of
from llm.demo.numbers import amounts
from llm.demo.tensions import tensions_of
from llm.demo.voice import imperative
from llm.demo.words import bare, content, lower_first, overlap, sentences, terse, unique, words

Answers = Mapping[str, str]
Row = dict[str, Any]
# The first words of the task say which of our own wishes it is; somebody else's is looked through for the same.
_WISHES = (
    ("more_concise", re.compile(r"fewer words|concise|shorter|\bshort\b|brief|cut\b|crisp")),
    ("different_angle", re.compile(r"different angle|another angle|anew|differently|other words|rewrite")),
    ("add_detail", re.compile(r"add detail|more detail|longer|expand|elaborate|\badd\b")),
    ("more_specific", re.compile(r"more specific|specific|number|concrete|measur|date|owner|name")),
)


def refined(section: str, value: Any, task: str, instruction: str, answers: Answers) -> Any:
    """The section's new value, within its bounds; from the answers alone when the old one is not there."""
    said = (instruction or task).lower()
    wish = next((name for name, words in _WISHES if words.search(said)), "")
    if value is None:
        return framework_of(answers)[section]
    if section == "vision":
        return _vision(str(value), wish, instruction, answers)
    if section in LISTS:
        return fit_list(section, _texts(section, [str(item) for item in items_of(value)], wish, instruction, answers))
    return _rows(section, rows_of(value), wish, instruction, answers)


def _vision(value: str, wish: str, instruction: str, answers: Answers) -> str:
    old = sentences(value)
    match wish:
        case "more_concise":
            return fit_vision([terse(text) for text in old[:2]])
        case "different_angle":
            return vision_of(answers, skip=1)
        case "add_detail" | "more_specific":
            facts = [text for text in _everything(answers) if amounts(text) and text not in old]
            return fit_vision(unique([*old[:2], *_nearest(value, facts)]))
        case _:
            return fit_vision(unique([*old[:2], *_nearest(instruction or value, _others(answers, old))]))


def _texts(section: str, old: list[str], wish: str, instruction: str, answers: Answers) -> list[str]:
    match wish:
        case "more_concise":
            return [terse(text, 2 if section == "tensions" else 4) for text in old]
        case "different_angle":
            again = {"strategy": strategy_of, "operating_principles": principles_of}.get(section)
            return again(answers, 1) if again else list(reversed(tensions_of(answers, 6)))
        case "more_specific" if section != "tensions":
            return _with_facts(old, _facts(answers, "current_state", "success_definition", "required_capabilities"))
        case _:
            return _one_more(section, old, instruction or " ".join(old), answers)


def _rows(section: str, old: list[Row], wish: str, instruction: str, answers: Answers) -> list[dict[str, str]]:
    metrics = metrics_of(answers.get("success_definition", ""), _rest(answers), 12, 12)
    fresh: Sequence[Mapping[str, Any]] = metrics if section == "metrics" else bets_of(answers, metrics, 8)
    fit, (least, most), key = (fit_metric, METRICS, "name") if section == "metrics" else (fit_bet, BETS, "bet")
    rows = [fit(row) for row in old if {"target", "cadence"} <= row.keys() or {"measure", "horizon"} <= row.keys()]
    have = {row[key] for row in rows}
    more = [fit(row) for row in fresh if fit(row)[key] not in have]
    if wish == "more_concise":
        rows = [fit({**row, key: terse(row[key])}) for row in rows[: max(least, len(rows) - 1)]]
    elif wish == "different_angle":
        rows = more + rows[::-1]
    elif wish == "more_specific" and section == "metrics":
        rows = [fit({**row, "target": _from_today(row, answers)}) for row in rows]
    elif wish == "more_specific":
        texts = _with_facts([row["bet"] for row in rows], _facts(answers, "current_state"))
        rows = [fit({**row, "bet": text}) for row, text in zip(rows, texts, strict=True)]
    else:
        rows += sorted(more, key=lambda row: -overlap(instruction or " ".join(row.values()), row.values()))[:1]
    return [*rows, *more, *map(fit, fresh)][: max(least, min(most, len(rows)))]


def _one_more(section: str, old: list[str], towards: str, answers: Answers) -> list[str]:
    """One more item out of the answers, then those that were there, nearest to the wish first, as many as may be."""
    said = [imperative(text) or text for text in _others(answers, old)]
    if section == "tensions":
        said = [text for text in tensions_of(answers, 8) if text not in old]
    _, most, _ = LISTS[section]
    nearest = [text for text in _nearest(towards, said) if overlap(text, old) < 0.9]
    kept = sorted(old, key=lambda text: -overlap(towards, [text]))[: most - len(nearest)]
    return [*nearest, *kept]


def _with_facts(texts: list[str], facts: list[str]) -> list[str]:
    """The texts, those without a number with the one from the answers that is nearest: at least one of them."""
    pairs = [
        (overlap(text, [fact]), number, fact) for number, text in enumerate(texts) for fact in _nearest(text, facts)
    ]
    fresh = [pair for pair in pairs if overlap(pair[2], [texts[pair[1]]]) < 0.8]
    wanted = [pair for pair in fresh if pair[0] >= 0.2 and not amounts(texts[pair[1]])] or sorted(fresh)[-1:]
    more = {number: lower_first(bare(fact)) for _, number, fact in wanted}
    return [f"{bare(text)} ({more[number]})." if number in more else text for number, text in enumerate(texts)]


def _from_today(row: Mapping[str, str], answers: Answers) -> str:
    """A metric's target with today's value in front of it, where the founder says what that is."""
    for text in _facts(answers, "current_state"):
        position = text.lower().find(row["name"].lower())
        if position >= 0 and (found := amounts(text[position:])) and "from" not in row["target"]:
            return f"{row['target']}, from {found[0][0].strip()}"
    return row["target"]


def _nearest(towards: str, texts: Sequence[str]) -> list[str]:
    """The one text that has most to do with something; the first of several."""
    wanted = set(content(towards))
    best = max(texts, key=lambda text: len(wanted & set(content(text))), default="")
    return [best] if best else []


def _facts(answers: Answers, *fields: str) -> list[str]:
    """Sentences with a number in them, short enough to be put beside something else."""
    said = [text for field in fields for text in sentences(answers.get(field, ""))]
    return [text for text in map(terse, said) if amounts(text) and len(words(text)) <= 18]


def _others(answers: Answers, old: Sequence[str]) -> list[str]:
    return [text for text in _everything(answers) if overlap(text, old) < 0.8 and not still_open(text)]


def _everything(answers: Answers) -> list[str]:
    return [text for answer in answers.values() for text in sentences(answer)]


def _rest(answers: Answers) -> list[str]:
    return [answers.get("required_capabilities", "")]
