"""Five checks of the finished framework, by a reader who did not write it."""

from pydantic import BaseModel, ConfigDict

from steps._step import step
from steps._write import write_json
from steps.vision_framework._grade import GivenGrade
from steps.vision_framework._lengths import LONGEST_JSON
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework._texts import Texts
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import Framework


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Report):
    """Passed or not, and what was found."""

    passed: bool
    issues: Texts


class TensionCheck(_Report):
    """Are the tensions named, and are they real?"""

    passed: bool
    score: GivenGrade
    feedback: str


class CompletenessCheck(_Report):
    """Is anything missing that the answers call for?"""

    passed: bool
    gaps: Texts


class QualityReport(_Report):
    """The five checks, one score over all, and what to do about it."""

    consistency: Check
    measurability: Check
    actionability: Check
    tensions: TensionCheck
    completeness: CompletenessCheck
    overall_score: GivenGrade
    recommendations: Texts


@step("Run QA checks", retries=2, timeout=120, expected=6)
async def qa(framework: Framework, answers: VisionBrief) -> QualityReport:
    """One call. When it fails, the step fails: there is no neutral report to put in its place."""
    ask = prompt(
        "qa",
        framework=framework.model_dump(mode="json", exclude={"company_id", "updated_at"}),
        answers=laid_out(answers),
    )
    return await write_json(QualityReport, ask, tier="light", longest=LONGEST_JSON)
