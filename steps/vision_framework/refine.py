"""One section written anew, the way somebody asked for, and its new score card."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from steps._checkpoint import checkpoint
from steps._prompt import Fixed, fence
from steps._step import step
from steps._together import together
from steps._write import write_json
from steps.vision_framework._lengths import LONGEST_JSON
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTION_NAMES, SECTIONS, Framework, SectionName, repair_of
from steps.vision_framework.repair import repaired
from steps.vision_framework.scoring import ScoreCard, score_section

QuickAction = Literal["more_specific", "more_concise", "different_angle", "add_detail", "regenerate"]

_ACTIONS: dict[QuickAction, str] = {
    "more_specific": "Make it more specific: names, numbers, dates and owners that the founder gave, in place of words "
    "that would fit any company. Keep what it says.",
    "more_concise": "Say the same in fewer words. Cut what repeats or decorates; keep every number and every choice.",
    "different_angle": "Come at it from a different angle: other parts of the founder's answers, another emphasis. Do "
    "not reword what is there.",
    "add_detail": "Add detail that the founder's answers hold and the section leaves out.",
    "regenerate": "Write it anew from the founder's answers, as if the present version had never been.",
}
_SAID = Fixed("Do what the person who works on this framework asks, as far as the founder's answers bear it out:")


class Wish(BaseModel):
    """A section to write anew, and how: by a quick action, or in words of up to 1,000 characters. One of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    section: SectionName
    action: QuickAction | None = None
    instruction: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.action is None) == (self.instruction is None):
            raise ValueError("give either an action or an instruction")
        return self


class Refinement(Wish):
    """What to write anew, and how: by a quick action, or in words of up to 1,000 characters. One of the two.

    `score` is the section's present card, where there is one; without it the present section is scored as well.
    """

    framework: Framework
    answers: VisionBrief
    score: ScoreCard | None = None


class RefinedSection(BaseModel):
    """A section before and after, and what the refining was asked to do."""

    model_config = ConfigDict(frozen=True)

    section: SectionName
    action: QuickAction | None = None
    instruction: str | None = None
    before: JsonValue
    after: JsonValue
    repairs: int = Field(description="Calls it took to bring the new section within its bounds.")
    framework: Framework = Field(description="The whole framework with the new section in it.")


class RefinedScores(BaseModel):
    """The card of the section as it was, and of the section as it is now."""

    model_config = ConfigDict(frozen=True)

    before: ScoreCard
    after: ScoreCard


class Refined(RefinedSection):
    """The result of refining: all that a history with undo needs, and the whole framework as it is now."""

    score_before: ScoreCard = Field(description="Of the section as it was.")
    score_after: ScoreCard = Field(description="Of the section as it is now.")


@step("Refine section", retries=2, timeout=180, expected=4)
async def refine(request: Refinement) -> RefinedSection:
    """Within the section's own bounds, repaired at most twice, or `StepFailed` with every violation."""
    before = request.framework.section(request.section)
    ask = prompt(
        "refine_section",
        company_name=request.answers.company_name,
        section=Fixed(request.section),
        framework=request.framework.model_dump(mode="json", exclude={"company_id", "updated_at"}),
        answers=laid_out(request.answers),
        task=task_of(request),
    )
    shape = repair_of(frozenset({request.section}))
    part = {request.section: SECTIONS[request.section]}

    async def make() -> dict[str, JsonValue]:
        return (await write_json(shape, ask, tier="heavy", sections=part, longest=LONGEST_JSON)).root

    written = await checkpoint("/draft", [ask.system, ask.user], make, dict[str, JsonValue])
    whole: dict[str, JsonValue] = {name: request.framework.section(name) for name in SECTION_NAMES}
    done = await repaired(whole | {request.section: written.get(request.section)}, request.answers)
    now = request.framework.replaced(request.section, done.sections[request.section])
    return RefinedSection(
        section=request.section,
        action=request.action,
        instruction=request.instruction,
        before=before,
        after=now.section(request.section),
        repairs=done.calls,
        framework=now,
    )


@step("Score the new section", retries=2, timeout=120, expected=3)
async def rescoring(request: Refinement, refined: RefinedSection) -> RefinedScores:
    """Both cards, side by side; the old one only where the request did not bring it."""
    before, after = await together(_card("before", request, refined.before), _card("after", request, refined.after))
    return RefinedScores(before=before, after=after)


def outcome(refined: RefinedSection, scores: RefinedScores) -> Refined:
    """The two steps' results as one document."""
    whole = refined.model_dump() | {"score_before": scores.before, "score_after": scores.after}
    return Refined.model_validate(whole)


async def _card(which: Literal["before", "after"], request: Refinement, value: JsonValue) -> ScoreCard:
    if which == "before" and request.score is not None:
        return request.score
    return await score_section(request.section, value, request.answers, path=f"/{which}", in_lane=which)


def task_of(request: Refinement) -> Fixed:
    """What the model is told to do: our words for a quick action, or a person's words, fenced."""
    if request.action is not None:
        return Fixed(_ACTIONS[request.action])
    return Fixed(f"{_SAID}\n\n{fence('data', request.instruction or '', name='instruction')}")
