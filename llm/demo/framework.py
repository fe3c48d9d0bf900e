"""A framework out of a founder's answers: the choices, rules, bets and numbers that are in them already."""

import re
from collections.abc import Mapping
from typing import Any

from llm.demo.bets import bets_of
from llm.demo.bounds import fit_bet, fit_list, fit_metric, fit_vision
from llm.demo.metrics import metrics_of
from llm.demo.tensions import tensions_of
from llm.demo.voice import imperative
from llm.demo.words import sentences, unique

Answers = Mapping[str, str]
_NOW = re.compile(
    r"\b(?:now|moment|today|until|since|law|rules?|cost|costs|cheap(?:er)?|every (?:year|month)|next|from 20\d\d"
    r"|years? ago|last (?:year|spring|summer|autumn|winter|month)|for the first time|finally|no longer|already)\b",
    re.I,
)
_OPEN = re.compile(
    r"\bwhether\b|\bahead\b|\b(?:must|have to|need to|will) (?:also )?(?:choose|decide)\b|\b(?:do not|don['’]t) know\b"
    r"|\bundecided\b|\bunclear\b|\b(?:we|i) (?:also |still )?argue\b",
    re.I,
)
_SPARE_RULES = (
    "Say what is known and what is only believed.",
    "Decide where the knowledge is, and write the decision down.",
    "Keep a promise, or withdraw it before it is due.",
)
_SPARE_CHOICES = (
    "Serve first those who need it most, and learn from them before going further.",
    "Do one thing until it works, before beginning the next.",
)


def framework_of(answers: Answers) -> dict[str, Any]:
    """All six sections, within the bounds of the Vision Framework."""
    metrics = metrics_of(_of(answers, "success_definition"), [_of(answers, "required_capabilities")])
    return {
        "vision": vision_of(answers),
        "strategy": strategy_of(answers),
        "operating_principles": principles_of(answers),
        "near_term_bets": [fit_bet(bet) for bet in bets_of(answers, metrics)],
        "metrics": [fit_metric(metric) for metric in metrics],
        "tensions": fit_list("tensions", tensions_of(answers)),
    }


def vision_of(answers: Answers, skip: int = 0) -> str:
    """Two or three sentences: the world that has been won, then what brings it about. `skip` takes later ones."""
    ends = sentences(_of(answers, "vision_endstate"))
    means = sentences(_of(answers, "vision_audience_timing")) or sentences(_of(answers, "vision_purpose"))
    chosen = ends[skip : skip + 1] or ends[:1]
    chosen += means[skip : skip + 1] or means[:1]
    return fit_vision(unique(chosen + ends[skip + 1 : skip + 2]))


def strategy_of(answers: Answers, skip: int = 0) -> list[str]:
    """The choices that were made, as rules; the first of them what is built, and for whom."""
    made = [text for text in sentences(_of(answers, "hard_decisions")) if not still_open(text)]
    first = [said for text in sentences(_of(answers, "vision_audience_timing"))[:2] if (said := imperative(text))]
    chosen = [said for text in made if (said := imperative(text))]
    needed = [said for text in sentences(_of(answers, "required_capabilities")) if (said := imperative(text))]
    picked = unique([*first[:1], *chosen, *needed])
    picked = [*picked[skip:], *picked[:skip]][:4]
    if len(picked) < 2:
        picked = unique([*picked, *made, *sentences(_of(answers, "vision_audience_timing"))])[:3]
    return fit_list("strategy", picked, _SPARE_CHOICES)


def principles_of(answers: Answers, skip: int = 0) -> list[str]:
    """The founder's rules, as rules."""
    rules = unique(imperative(text) or text for text in sentences(_of(answers, "core_principles")))
    return fit_list("operating_principles", [*rules[skip:], *rules[:skip]], _SPARE_RULES)


def timing(answers: Answers) -> list[str]:
    """What the founder says about why it is now, or else what is said after the first sentence."""
    rest = sentences(_of(answers, "vision_audience_timing"))[1:]
    return [text for text in rest if _NOW.search(text)] or rest


def still_open(text: str) -> bool:
    """Is it a choice that has not been made yet?"""
    return bool(_OPEN.search(text)) or text.endswith("?")


def _of(answers: Answers, field: str) -> str:
    return answers.get(field, "")
