"""From a draft to sections that hold: says what is wrong with them and has the model write those anew."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from events.contract import ProblemError
from steps._checkpoint import checkpoint
from steps._place import turn
from steps._write import write_json
from steps.errors import StepFailed
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTION_NAMES, SECTIONS, FrameworkRepair, repair_of
from steps.vision_framework.violations import sections_in, violations

MOST_REPAIRS = 2
Sections = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Repaired:
    """Sections within their bounds; how many calls that took; and what was wrong before each of them."""

    sections: Sections
    calls: int
    found: list[list[ProblemError]]


async def repaired(draft: Sections, answers: VisionBrief) -> Repaired:
    """The draft's sections when they hold; else repaired at most twice, each time with all violations shown.

    Only broken sections are written anew: one that held before is never touched by a repair. A draft with nothing
    wrong makes no model call. Raises `StepFailed` with every violation that is left.
    """
    found = violations(draft)
    history = [found] if found else []
    # A member that is no section needs no model to take it out. It is in `history`, so it is not silent either.
    sections: Sections = {name: draft[name] for name in SECTION_NAMES if name in draft}
    left, calls = violations(sections), 0
    while left and calls < MOST_REPAIRS:
        calls += 1
        with turn(calls):
            sections = await _written_anew(calls, sections, left, answers)
        if left := violations(sections):
            history.append(left)
    if left:
        raise _given_up(left)
    return Repaired(sections, calls, history)


async def _written_anew(number: int, sections: Sections, found: list[ProblemError], answers: VisionBrief) -> Sections:
    broken = sections_in(found)
    ask = prompt(
        "framework_repair",
        company_name=answers.company_name,
        sections={name: sections.get(name) for name in SECTION_NAMES if name in broken},
        violations=found,
        answers=laid_out(answers),
    )
    shape = repair_of(broken)
    checked = {name: SECTIONS[name] for name in SECTION_NAMES if name in broken}
    repair = await checkpoint(
        f"/repairs/{number}",
        [ask.system, ask.user],
        lambda: write_json(shape, ask, tier="heavy", sections=checked),
        FrameworkRepair,
    )
    return {**sections, **{name: value for name, value in repair.root.items() if name in broken}}


def _given_up(left: list[ProblemError]) -> StepFailed:
    places = "one place" if len(left) == 1 else f"{len(left)} places"
    return StepFailed(
        "The framework breaks its bounds",
        f"After {MOST_REPAIRS} repairs by the model it still breaks its bounds in {places}: {left[0].detail}",
        errors=left,
    )
