"""Pipelines of one step each, to see what a step does by itself."""

from pydantic import BaseModel

from flows._pipeline import pipeline
from steps._growing import grown
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.brief import Brief, brief
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.framework import framework
from steps.vision_framework.one_pager import OnePager, one_pager
from steps.vision_framework.qa import QualityReport, qa
from steps.vision_framework.scoring import Scores, scoring
from steps.vision_framework.validation import Unsettled, Validation, validation
from tests.steps.vision_framework.documents import ANSWERS, Json, framework as good_framework


class Drafted(BaseModel):
    """A draft, as `validation` gets it."""

    draft: FrameworkDraft
    answers: VisionBrief = ANSWERS


class Framed(BaseModel):
    """A framework, as the steps behind `validation` get it."""

    framework: Framework = good_framework()
    answers: VisionBrief = ANSWERS


def drafted(document: Json) -> Drafted:
    return Drafted(draft=FrameworkDraft.model_validate(document))


@pipeline("Brief alone", plan={brief: ()})
async def brief_alone(answers: VisionBrief) -> Brief:
    return await brief(answers)


@pipeline("Framework alone", plan={framework: ()})
async def framework_alone(answers: VisionBrief) -> FrameworkDraft:
    return await framework(answers)


@pipeline("Validation alone", plan={validation: ()})
async def validation_alone(given: Drafted) -> Validation | Unsettled:
    return await validation(given.draft, given.answers)


@pipeline("One-pager alone", plan={one_pager: ()})
async def one_pager_alone(given: Framed) -> OnePager:
    return await one_pager(given.framework, given.answers)


@pipeline("QA alone", plan={qa: ()})
async def qa_alone(given: Framed) -> QualityReport:
    return await qa(given.framework, given.answers)


@pipeline("Scoring alone", plan={scoring: ()})
async def scoring_alone(given: Framed) -> Scores:
    return await scoring(grown(given.framework), given.answers)
