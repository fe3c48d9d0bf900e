"""The steps of a vision framework without an engine, for all contestants alike.

The same prompts, shapes, rules and model calls as ours, on openai's client as its documentation shows it. `say(text)`
hears every piece that the model writes.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from openai import AsyncOpenAI
from pydantic import BaseModel

from steps._prompt import Fixed, Prompt
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.brief import Brief
from steps.vision_framework.document import SECTION_NAMES, Framework, FrameworkDraft, SectionName
from steps.vision_framework.one_pager import HEADINGS, OnePager, count_words, faults, tidied
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.repair import looked_at
from steps.vision_framework.scoring import MEASURED, MeasuredMarks, ScoreCard, Scores, SectionMarks

Say = Callable[[str], object]
Shape = TypeVar("Shape", bound=BaseModel)


@cache
def client() -> AsyncOpenAI:
    """One for the process, so that connections are kept. Address and key come from the environment."""
    return AsyncOpenAI(max_retries=0)


async def written(ask: Prompt, say: Say, step: str, lane: str = "", shape: type[BaseModel] | None = None) -> str:
    """One streamed call. The header tells the scripted model which answer is wanted, as it does for ours."""
    text: list[str] = []
    form = (
        {"type": "json_schema", "json_schema": {"name": shape.__name__, "schema": shape.model_json_schema()}}
        if shape
        else None
    )
    stream = await client().chat.completions.create(
        model="scripted",
        messages=[{"role": "system", "content": ask.system}, {"role": "user", "content": ask.user}],
        stream=True,
        stream_options={"include_usage": True},
        extra_headers={"Stepglass-Call": f"step={step}; lane={lane}"},
        **({"response_format": form} if form else {}),
    )
    async for chunk in stream:
        if chunk.choices and (piece := chunk.choices[0].delta.content):
            text.append(piece)
            say(piece)
    return "".join(text)


async def shaped(shape: type[Shape], ask: Prompt, say: Say, step: str, lane: str = "") -> Shape:
    return shape.model_validate_json(await written(ask, say, step, lane, shape))


async def brief(answers: VisionBrief, say: Say) -> Brief:
    def part(name: str) -> Prompt:
        return prompt(name, company_name=answers.company_name, answers=laid_out(answers))

    founder, investor = await asyncio.gather(
        *(written(part(name), say, "brief", name) for name in ("founder_brief", "investor_summary"))
    )
    return Brief(founder_brief=founder, investor_summary=investor)


async def framework(answers: VisionBrief, say: Say) -> FrameworkDraft:
    ask = prompt("framework", company_name=answers.company_name, answers=laid_out(answers))
    return await shaped(FrameworkDraft, ask, say, "framework")


async def validation(draft: FrameworkDraft, answers: VisionBrief) -> Framework:
    """Without repairs: the scripted model writes within all bounds."""
    looked = looked_at(draft.root)
    assert not looked.left, looked.left
    whole = {**looked.sections, "company_id": answers.company_id, "updated_at": "2026-01-01T00:00:00Z"}
    return Framework.model_validate(whole)


async def one_pager(framework: Framework, answers: VisionBrief, say: Say) -> OnePager:
    ask = prompt(
        "one_pager",
        company_name=answers.company_name,
        framework=plain(framework),
        answers=laid_out(answers),
        headings=Fixed("\n".join(f"## {heading}" for heading in HEADINGS)),
        note=Fixed(""),
    )
    text = tidied(await written(ask, say, "one_pager"))
    assert not faults(text)
    return OnePager(markdown=text, words=count_words(text))


async def qa(framework: Framework, answers: VisionBrief, say: Say) -> QualityReport:
    return await shaped(QualityReport, prompt("qa", framework=plain(framework), answers=laid_out(answers)), say, "qa")


async def scoring(framework: Framework, answers: VisionBrief, say: Say) -> Scores:
    """A call for each section, side by side."""

    async def card(name: SectionName) -> ScoreCard:
        ask = prompt("score_section", section=Fixed(name), value=framework.section(name), answers=laid_out(answers))
        shape = MeasuredMarks if name in MEASURED else SectionMarks
        return ScoreCard.model_validate((await shaped(shape, ask, say, "scoring", name)).model_dump())

    cards = await asyncio.gather(*(card(name) for name in SECTION_NAMES))
    return Scores(scores=dict(zip(SECTION_NAMES, cards, strict=True)))


def plain(framework: Framework) -> dict[str, object]:
    return framework.model_dump(mode="json", exclude={"company_id", "updated_at"})
