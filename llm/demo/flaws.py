"""What a model gets wrong, for some inputs and always the same ones, so that repair is seen at work: most of it at
first only, and some of it again and again, so that it is seen what a person is asked then."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from llm.demo.bets import fuller
from llm.demo.words import sentences

# Chosen so that of the three sample briefs one (clinic-scheduling) goes wrong at first.
_SALT = "demo"
_ONE_IN = 3
# Whoever says this gets what no repair makes right.
_INSISTS = re.compile(r"\binsists? on yearly\b", re.I)


def _yearly(framework: dict[str, Any]) -> None:
    framework["metrics"][-1]["cadence"] = "yearly"


def _nobody(framework: dict[str, Any]) -> None:
    framework["near_term_bets"][1]["owner"] = ""


def _too_many(framework: dict[str, Any]) -> None:
    framework["near_term_bets"] = fuller([*framework["near_term_bets"]] * 3, 9)


def _vague(framework: dict[str, Any]) -> None:
    framework["near_term_bets"][0]["horizon"] = "next year"


_FLAWS: tuple[tuple[Callable[[dict[str, Any]], None], ...], ...] = (
    (_yearly,),
    (_nobody, _yearly),
    (_too_many,),
    (_vague, _yearly),
)


def flawed(framework: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """The framework as it is, or for about a third of all answers with one or two mistakes that models make."""
    if insists(answers):
        return stubborn(framework, answers)
    said = "\0".join([_SALT, *(answers[field] for field in sorted(answers))])
    number = int.from_bytes(hashlib.sha256(said.encode(errors="replace")).digest()[:4], "big")
    if number % _ONE_IN:
        return framework
    spoilt = {**framework, **{name: [dict(item) for item in framework[name]] for name in ("near_term_bets", "metrics")}}
    for spoil in _FLAWS[number // _ONE_IN % len(_FLAWS)]:
        spoil(spoilt)
    return spoilt


def insists(answers: Mapping[str, str]) -> bool:
    """Does the founder want something that is out of bounds, and says so?"""
    return any(_INSISTS.search(text) for text in answers.values())


def stubborn(framework: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """The framework as a repair makes it: right, or what a founder insists on, however often it is repaired."""
    if not insists(answers):
        return framework
    spoilt = {**framework, "metrics": [dict(item) for item in framework["metrics"]]}
    _yearly(spoilt)
    return spoilt | {"vision": sentences(framework["vision"])[0]}
