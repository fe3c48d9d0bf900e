"""A score card for every section. The model gives the marks, we compute what they come to."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field

from steps._checkpoint import checkpoint
from steps._growing import Growing
from steps._latest import Latest
from steps._place import lane
from steps._prompt import Fixed
from steps._step import step
from steps._write import write_json
from steps.vision_framework._grade import GivenGrade, Grade
from steps.vision_framework._lengths import LONGEST_JSON
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework._texts import Texts
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTION_NAMES, Framework, SectionName, is_section

Badge = Literal["excellent", "good", "needs_work"]
MEASURED: frozenset[SectionName] = frozenset({"near_term_bets", "metrics"})
EXCELLENT, GOOD = 8.0, 6.0


class SectionMarks(BaseModel):
    """What the model says of a section: three marks and its reasons. There is no place in it for an overall score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specificity: GivenGrade
    actionability: GivenGrade
    alignment: GivenGrade
    issues: Texts
    suggestions: Texts
    strengths: Texts


class MeasuredMarks(SectionMarks):
    """The same for bets and metrics, which can be measured."""

    measurability: GivenGrade


def _is_none(value: object) -> bool:
    return value is None


class ScoreCard(BaseModel):
    """A section's marks, 1 to 10 each, with the overall score and the badge that follow from them.

    `overall` and `badge` are computed whenever they are asked for; what a document says of them is passed over.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specificity: Grade
    actionability: Grade
    alignment: Grade
    measurability: Grade | None = Field(default=None, exclude_if=_is_none)
    issues: Texts
    suggestions: Texts
    strengths: Texts

    @computed_field
    @property
    def overall(self) -> float:
        """Alignment counts twice. Two decimals."""
        marks = [self.specificity, self.actionability, 2 * self.alignment]
        if self.measurability is None:
            return round(sum(marks) / 4, 2)
        return round((sum(marks) + self.measurability) / 5, 2)

    @computed_field
    @property
    def badge(self) -> Badge:
        """8 and above excellent (green), 6 up to 8 good (yellow), below needs work (red, "needs attention")."""
        return "excellent" if self.overall >= EXCELLENT else "good" if self.overall >= GOOD else "needs_work"


class Scores(BaseModel):
    """A card per section."""

    model_config = ConfigDict(frozen=True)

    scores: dict[SectionName, ScoreCard]


@step("Score sections", retries=2, timeout=120, expected=14)
async def scoring(framework: Growing[Framework], answers: VisionBrief) -> Scores:
    """A call for each section as soon as that holds, side by side; for one that changes later, once more.

    A card that is there is kept when another call fails, and not asked for again.
    """
    async with Latest[ScoreCard]() as calls:
        async for name, value in framework.parts():
            if is_section(name):
                await calls.call(name, score_section(name, value, answers))
        cards = await calls.results()
    return Scores(scores={name: cards[name] for name in SECTION_NAMES})


async def score_section(
    name: SectionName, value: JsonValue, answers: VisionBrief, *, path: str | None = None, in_lane: str | None = None
) -> ScoreCard:
    """The card of one section, which needs nothing but that section and the answers: a lane and a checkpoint of its
    own, the section's unless `path` and `in_lane` say otherwise."""
    ask = prompt("score_section", section=Fixed(name), value=value, answers=laid_out(answers))
    shape = MeasuredMarks if name in MEASURED else SectionMarks

    async def make() -> ScoreCard:
        marks = await write_json(shape, ask, tier="light", longest=LONGEST_JSON)
        return ScoreCard.model_validate(marks.model_dump())

    with lane(in_lane or name):
        return await checkpoint(path or f"/scores/{name}", [ask.system, ask.user], make, ScoreCard)
