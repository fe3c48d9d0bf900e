"""The whole pipeline with the demo model, over a real connection."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flows._carry import Carry, Tools
from flows.refine import refine
from flows.vision_framework import vision_framework
from llm.config import ModelConfig
from llm.openai import open_model
from steps.vision_framework.document import framework_schema
from steps.vision_framework.examples import EXAMPLES
from steps.vision_framework.one_pager import faults
from steps.vision_framework.result import VisionResult
from steps.vision_framework.violations import violations
from tests.fundamentals.conftest import Stage, new_stage
from tests.llm.demo import asking
from tests.llm.demo.founders import TERSE, answers_of, brief
from tests.llm.demo.serving import Serving, serving
from tests.steps.vision_framework.documents import schema_errors
from tests.steps.vision_framework.test_steps import result_of

FOUNDERS = {**EXAMPLES, "terse": brief(TERSE)}


@pytest.fixture
async def demo() -> AsyncIterator[Serving]:
    async with serving() as running:
        yield running


async def run(stage: Stage, demo: Serving, pipeline: Any, given: Any) -> Any:
    await stage.accept(pipeline, given)
    claim = await stage.store.runs.claim("a worker", run_id=stage.run_id)
    assert claim is not None
    config = ModelConfig(demo.url, None, "stepglass-demo-heavy", "stepglass-demo-light")
    async with open_model(config) as model:
        return result_of(await Carry(claim, pipeline, Tools(stage.store.log, stage.store.runs, model)).go())


@pytest.mark.parametrize("name", FOUNDERS)
async def test_a_brief_becomes_a_result_that_holds(name: str, demo: Serving) -> None:
    async with new_stage() as stage:
        plain = await run(stage, demo, vision_framework, FOUNDERS[name])
        story = await stage.story()
    result = VisionResult.model_validate(plain)
    assert schema_errors(framework_schema(), plain["framework"]) == []
    assert faults(result.one_pager.markdown) == []
    assert result.metadata.models_used == ["stepglass-demo-heavy", "stepglass-demo-light"]
    assert not [line for line in story if line.startswith(("step_retry", "step_error"))]
    kinds = sorted(call["kind"] for call in demo.logged)
    wrong_at_first = bool(violations(asking.framework(answers_of(FOUNDERS[name]))))
    repairs = ["framework repair"] if wrong_at_first else []
    assert kinds == sorted(
        ["founder brief", "investor summary", "framework", "one-pager", "qa checks", *["section score"] * 6, *repairs]
    )
    assert all(f"run={stage.run_id}" in call["label"] for call in demo.logged)


async def test_a_section_of_the_result_can_be_refined(demo: Serving) -> None:
    answers = EXAMPLES["solar-microgrids"]
    async with new_stage() as stage:
        result = await run(stage, demo, vision_framework, answers)
    given = {"section": "metrics", "framework": result["framework"], "answers": answers, "action": "more_specific"}
    async with new_stage() as stage:
        refined = await run(stage, demo, refine, refine.input_model.model_validate(given))
    assert refined["before"] == result["framework"]["metrics"] != refined["after"]
    assert refined["score_before"] == result["scores"]["metrics"]
    assert schema_errors(framework_schema(), refined["framework"]) == []
