"""A founder's eight answers become a brief, a framework, a one-pager, QA checks and scores."""

from asyncio import TaskGroup

from flows._document import Document
from flows._metadata import metadata
from flows._pipeline import Example, Shown, pipeline
from steps._ask import ask
from steps._growing import Growing
from steps._place import turn
from steps.vision_framework.brief import brief
from steps.vision_framework.decision import DECISION, GiveUp, Repair, choices, question
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.examples import EXAMPLES
from steps.vision_framework.framework import framework
from steps.vision_framework.one_pager import one_pager
from steps.vision_framework.qa import qa
from steps.vision_framework.repair import MOST_REPAIRS
from steps.vision_framework.request import VisionRequest
from steps.vision_framework.result import VisionResult
from steps.vision_framework.scored import ScoredFramework
from steps.vision_framework.scoring import scoring
from steps.vision_framework.validation import Unsettled, Validation, validation


def shown(result: VisionResult) -> Shown:
    """The one-pager, and a row per score card."""
    cards = result.scores
    average = sum(card.overall for card in cards.values()) / len(cards)
    rows = [
        {
            "section": name.replace("_", " "),
            "overall": card.overall,
            "badge": card.badge.replace("_", " "),
            "specificity": card.specificity,
            "actionability": card.actionability,
            "alignment": card.alignment,
            "measurability": card.measurability,
        }
        for name, card in cards.items()
    ]
    seconds = result.metadata.duration_ms / 1000
    return Shown(
        headline=f"Score {average:.1f} of 10, QA {result.qa.overall_score} of 10, in {seconds:.0f} s",
        texts={"one-pager": result.one_pager.markdown},
        tables={"scores": rows},
    )


@pipeline(
    "Vision Framework",
    plan={
        brief: (),
        framework: (),
        validation: (framework,),
        one_pager: (validation,),
        qa: (validation,),
        scoring: (validation,),
    },
    examples=[Example(name, answers.model_dump(mode="json")) for name, answers in EXAMPLES.items()],
    shown=shown,
    title=lambda answers: answers.company_name,
    document=Document(ScoredFramework, refiner="refine"),
)
async def vision_framework(request: VisionRequest) -> VisionResult:
    """A founder's eight answers become a brief, a framework, a one-pager, QA checks and scores."""
    answers = request.answers
    async with TaskGroup() as group:
        texts = group.create_task(brief(answers))
        whole = group.create_task(settled(request))
        cards = group.create_task(scoring(Growing(whole, framework, validation), answers))
        valid = await whole
        page = group.create_task(one_pager(valid, answers))
        report = group.create_task(qa(valid, answers))
    return VisionResult(
        brief=texts.result(),
        framework=valid,
        one_pager=page.result(),
        qa=report.result(),
        scores=cards.result().scores,
        metadata=metadata(),
    )


async def settled(request: VisionRequest) -> Framework:
    return (await validated(await framework(request.answers), request)).framework


async def validated(draft: FrameworkDraft, request: VisionRequest) -> Validation:
    """Where the run is to ask, each repair is a turn of its own: after those that the model makes by itself, a person
    says before each what it is to be."""
    answers = request.answers
    if request.on_invalid == "fail":
        done = await validation(draft, answers)
        assert isinstance(done, Validation), "without a decision it holds, or the step has failed"
        return done
    done, decision, number = draft, Repair(), 0
    while not isinstance(done, Validation):
        number += 1
        if isinstance(done, Unsettled) and number > MOST_REPAIRS:
            words, form = question(done.left, done.repairs), choices(done.sections, done.left, done.repairs)
            decision = await ask(DECISION, words, schema=form, name="framework", default=GiveUp())
        with turn(number):
            done = await validation(done, answers, decision)
    return done
