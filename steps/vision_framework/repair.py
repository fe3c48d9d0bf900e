"""From a draft to sections that hold: says what is wrong with them and has the model write those anew."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from events.contract import ProblemError
from steps._checkpoint import checkpoint
from steps._place import turn
from steps._write import write_json
from steps.errors import StepFailed
from steps.vision_framework._lengths import LONGEST_JSON
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTION_NAMES, SECTIONS, FrameworkRepair, repair_of
from steps.vision_framework.violations import sections_in, violations

MOST_REPAIRS = 2
Sections = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Repaired:
    """Sections; how many calls they took; what was wrong before each change of them; and what is wrong by now."""

    sections: Sections
    calls: int
    found: list[list[ProblemError]]
    left: list[ProblemError]


async def repaired(draft: Sections, answers: VisionBrief) -> Repaired:
    """The draft's sections when they hold; else repaired at most twice, each time with all violations shown.

    A draft with nothing wrong makes no model call. Raises `StepFailed` with every violation that is left.
    """
    state = looked_at(draft)
    while state.left and state.calls < MOST_REPAIRS:
        with turn(state.calls + 1):
            state = await once_more(state, answers)
    if state.left:
        raise given_up(state)
    return state


def looked_at(draft: Sections) -> Repaired:
    """A draft, and what is wrong with it."""
    found = violations(draft)
    # A member that is no section needs no model to take it out. It is in `found`, so it is not silent either.
    sections: Sections = {name: draft[name] for name in SECTION_NAMES if name in draft}
    return Repaired(sections, 0, [found] if found else [], violations(sections))


async def once_more(state: Repaired, answers: VisionBrief) -> Repaired:
    """One repair by the model. Only broken sections are written anew: one that held before is never touched."""
    calls = state.calls + 1
    return changed(state, await _written_anew(calls, state, answers), calls)


def changed(state: Repaired, sections: Sections, calls: int) -> Repaired:
    """With these in place of the sections that are wrong; of others nothing is taken."""
    broken = sections_in(state.left)
    now = {**state.sections, **{name: value for name, value in sections.items() if name in broken}}
    left = violations(now)
    return Repaired(now, calls, [*state.found, left] if left else state.found, left)


async def _written_anew(number: int, state: Repaired, answers: VisionBrief) -> Sections:
    broken = sections_in(state.left)
    ask = prompt(
        "framework_repair",
        company_name=answers.company_name,
        sections={name: state.sections.get(name) for name in SECTION_NAMES if name in broken},
        violations=state.left,
        answers=laid_out(answers),
    )
    shape = repair_of(broken)
    checked = {name: SECTIONS[name] for name in SECTION_NAMES if name in broken}
    repair = await checkpoint(
        f"/repairs/{number}",
        [ask.system, ask.user],
        lambda: write_json(shape, ask, tier="heavy", sections=checked, longest=LONGEST_JSON),
        FrameworkRepair,
    )
    return repair.root


def given_up(state: Repaired) -> StepFailed:
    places = "one place" if len(state.left) == 1 else f"{len(state.left)} places"
    return StepFailed(
        "The framework breaks its bounds",
        f"After {state.calls} repairs by the model it still breaks its bounds in {places}: {state.left[0].detail}",
        errors=state.left,
    )
