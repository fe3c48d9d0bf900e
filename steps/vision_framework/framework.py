"""The first draft of the framework, out of the founder's answers. Its bounds are for `validation` to see to."""

from steps._step import step
from steps._write import write_json
from steps.vision_framework._lengths import LONGEST_JSON
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTIONS, FrameworkDraft


@step("Generate framework", retries=2, timeout=240, expected=14)
async def framework(answers: VisionBrief) -> FrameworkDraft:
    """One call; every section that is within its bounds is a `partial` as soon as it is written."""
    ask = prompt("framework", company_name=answers.company_name, answers=laid_out(answers))
    return await write_json(FrameworkDraft, ask, tier="heavy", sections=SECTIONS, longest=LONGEST_JSON)
