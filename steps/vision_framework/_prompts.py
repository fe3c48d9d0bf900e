"""The prompts of this pipeline, and how the founder's answers stand in them."""

from functools import partial
from pathlib import Path

from steps._prompt import Fixed, fence, load, read
from steps.vision_framework.answers import QUESTIONS, VisionBrief

FOLDER = Path(__file__).parent
read(FOLDER)

prompt = partial(load, FOLDER)
"""`prompt("one_pager", framework=…, answers=…)`: the Markdown file in `prompts/`, filled in."""


def laid_out(answers: VisionBrief) -> Fixed:
    """All eight answers, each in its own fence: what stands inside is data, whatever it says."""
    return Fixed("\n".join(fence("answer", getattr(answers, field), field=field) for field in QUESTIONS))
