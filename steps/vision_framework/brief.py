"""Two texts out of the founder's answers, written side by side: one for the founder, one for an investor."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from steps._checkpoint import checkpoint
from steps._place import lane
from steps._step import step
from steps._together import together
from steps._write import write_text
from steps.vision_framework._lengths import LONGEST_TEXT
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief

Part = Literal["founder_brief", "investor_summary"]


class Brief(BaseModel):
    """Both texts, in Markdown."""

    model_config = ConfigDict(frozen=True)

    founder_brief: str
    investor_summary: str


@step("Generate brief", retries=2, timeout=120, expected=6)
async def brief(answers: VisionBrief) -> Brief:
    """Two calls, two lanes, two checkpoints: a text that is finished is not asked for again."""
    founder, investor = await together(_written("founder_brief", answers), _written("investor_summary", answers))
    return Brief(founder_brief=founder, investor_summary=investor)


async def _written(part: Part, answers: VisionBrief) -> str:
    ask = prompt(part, company_name=answers.company_name, answers=laid_out(answers))

    async def make() -> str:
        return await write_text(ask, tier="light", longest=LONGEST_TEXT)

    with lane(part):
        return await checkpoint(f"/{part}", [ask.system, ask.user], make, str)
