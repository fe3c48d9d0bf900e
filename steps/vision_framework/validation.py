"""From a draft to a framework within all its bounds."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from events.contract import ProblemError
from steps._step import step
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.repair import repaired


class Validation(BaseModel):
    """The framework, and what it took: `violations` are those found in the draft, then those left after each repair
    that left any; `repairs` counts the calls."""

    model_config = ConfigDict(frozen=True)

    framework: Framework
    repairs: int
    violations: list[list[ProblemError]]


@step("Validate structure", retries=2, timeout=240, expected=1)
async def validation(draft: FrameworkDraft, answers: VisionBrief) -> Validation:
    """Only here does a draft become a framework. A draft within its bounds costs no model call."""
    done = await repaired(draft.root, answers)
    whole = {**done.sections, "company_id": answers.company_id, "updated_at": datetime.now(UTC)}
    return Validation(framework=Framework.model_validate(whole), repairs=done.calls, violations=done.found)
