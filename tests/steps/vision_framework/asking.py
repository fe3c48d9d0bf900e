"""A Vision Framework that stays invalid, and the person who is asked about it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from events.contract import InputRequiredData
from events.log import tail
from events.runs import NewRun
from flows._fork import fork
from flows.vision_framework import vision_framework
from flows.worker import Worker
from steps.vision_framework.document import SECTION_NAMES
from steps.vision_framework.request import OnInvalid, VisionRequest
from steps.vision_framework.scoring import MEASURED
from tests.fundamentals.conftest import Stage
from tests.steps.vision_framework.documents import ANSWERS, Json, marks, page, sections
from tests.steps.vision_framework.test_steps import REPORT

MODELS = "scripted"
ASKING = VisionRequest.model_validate({**ANSWERS.model_dump(), "on_invalid": "ask"})
LINES = ["Reach every mill in the valley by rail.", "Sell to none but mills."]


def request(on_invalid: OnInvalid = "ask") -> VisionRequest:
    return ASKING.model_copy(update={"on_invalid": on_invalid})


def broken() -> Json:
    """A draft with two violations, in two sections."""
    draft = sections()
    draft["metrics"][1]["cadence"] = "yearly"
    draft["vision"] = "It has but one sentence, whatever anybody says."
    return draft


def wrong() -> Json:
    return {name: broken()[name] for name in ("vision", "metrics")}


def right() -> Json:
    return {name: sections()[name] for name in ("vision", "metrics")}


def edit(**changed: JsonValue) -> Json:
    return {"action": "edit", "sections": right() | changed}


def may_answer(stage: Stage, draft: Json | None = None) -> None:
    """Every call gets a good answer, but for the draft, which no repair makes better."""
    stage.model.cost = 0.25
    stage.model.answers("brief", ["A company"])
    stage.model.answers("framework", broken() if draft is None else draft)
    stage.model.answers("validation", wrong())
    stage.model.answers("one_pager", page())
    stage.model.answers("qa", REPORT)
    for name in SECTION_NAMES:
        stage.model.answers("scoring", marks(**({"measurability": 8} if name in MEASURED else {})), lane=name)


@asynccontextmanager
async def at_work(stage: Stage, **tools: Any) -> AsyncGenerator[Worker]:
    worker = Worker(replace(stage.tools, models=MODELS, **tools), {vision_framework.name: vision_framework})
    working = asyncio.create_task(worker.work())
    try:
        yield worker
    finally:
        worker.drain()
        async with asyncio.timeout(5):
            await working


async def asked(stage: Stage, input_id: str = "framework-1") -> InputRequiredData:
    """What the run asks, as soon as it asks that and nobody holds it."""
    async with asyncio.timeout(5):
        while True:
            view = await stage.store.runs.view(stage.run_id, "default")
            for each in view.asked or ():
                header = await stage.store.runs.header(stage.run_id, "default")
                if each.input_id == input_id and header.holder is None:
                    return each
            assert view.ended_at is None, view.problem
            await asyncio.sleep(0.001)


async def answered(stage: Stage, value: Any, input_id: str = "framework-1") -> None:
    await stage.store.runs.answer(stage.run_id, "default", input_id, value, "ada")


async def last_word(stage: Stage) -> str:
    async with asyncio.timeout(5):
        return [entry.type async for entry in tail(stage.store.log, stage.run_id)][-1]


async def retried(
    stage: Stage, from_step: str | None = None, given: VisionRequest = ASKING, *, same: bool = True
) -> None:
    """Accept a run that does the stage's again: from then on the new one is the stage's."""
    source = await stage.store.runs.view(stage.run_id, "default")
    forked = await fork(
        vision_framework, stage.store.log, source, given, same_input=same, from_step=from_step, models=MODELS
    )
    stage.model.calls.clear()
    new = NewRun(vision_framework.name, given.model_dump(mode="json"), forked.first)
    stage.run_id = (await stage.store.runs.accept(new)).run_id


def calls(stage: Stage, step: str) -> int:
    return sum(call.labels["step"] == step for call in stage.model.calls)


async def reused(stage: Stage) -> set[str]:
    view = await stage.store.runs.view(stage.run_id, "default")
    return {step.step for step in view.steps if step.reused_from}
