"""From a draft to a framework within all its bounds."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, JsonValue

from events.contract import ProblemError
from steps._step import step
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.decision import Decision, Edit, GiveUp, Repair
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.repair import Repaired, changed, given_up, looked_at, once_more, repaired
from steps.vision_framework.violations import violations


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Validation(_Result):
    """The framework, and what it took: `violations` are those found in the draft, then those left after each change
    that left any; `repairs` counts the calls."""

    framework: Framework
    repairs: int
    violations: list[list[ProblemError]]


class Unsettled(_Result):
    """Sections of which some still break their bounds, for somebody to decide about; the rest as in `Validation`."""

    sections: dict[str, JsonValue]
    repairs: int
    violations: list[list[ProblemError]]

    @property
    def left(self) -> list[ProblemError]:
        """What is wrong with them now."""
        return violations(self.sections)


@step("Validate structure", retries=2, timeout=240, expected=1)
async def validation(
    draft: FrameworkDraft | Unsettled, answers: VisionBrief, decision: Decision | None = None
) -> Validation | Unsettled:
    """Only here does a draft become a framework. A draft within its bounds costs no model call.

    Without a decision it is repaired as often as may be, and the step fails with what is left. With one that is done
    which was decided, one call at most, and what is left is told, to be decided about again.
    """
    match decision:
        case None:
            assert isinstance(draft, FrameworkDraft), "what is unsettled wants a decision"
            state = await repaired(draft.root, answers)
        case GiveUp():
            raise given_up(_state(draft))
        case Edit(sections=sections):
            before = _state(draft)
            state = changed(before, {**sections}, before.calls)
        case Repair():
            before = _state(draft)
            state = await once_more(before, answers) if before.left else before
    if state.left:
        return Unsettled(sections={**state.sections}, repairs=state.calls, violations=state.found)
    whole = {**state.sections, "company_id": answers.company_id, "updated_at": datetime.now(UTC)}
    return Validation(framework=Framework.model_validate(whole), repairs=state.calls, violations=state.found)


def _state(draft: FrameworkDraft | Unsettled) -> Repaired:
    if isinstance(draft, FrameworkDraft):
        return looked_at(draft.root)
    return Repaired(draft.sections, draft.repairs, draft.violations, draft.left)
