"""The Vision Framework as a whole: what waits for what, and what does not."""

import asyncio
import json

from flows.vision_framework import vision_framework
from steps.vision_framework.request import VisionRequest
from tests.fundamentals.conftest import Stage
from tests.scripted_replies import Gate
from tests.steps.vision_framework.documents import ANSWERS, page, sections
from tests.steps.vision_framework.test_steps import REPORT, score

REQUEST = VisionRequest.model_validate(ANSWERS.model_dump())


async def test_the_first_card_is_there_before_the_framework_is(stage: Stage) -> None:
    gate = Gate()
    written = json.dumps(sections())
    behind_the_vision = written.index(', "strategy"') + 1
    stage.model.answers("brief", ["The company in short."])
    stage.model.answers("framework", [written[:behind_the_vision], gate, written[behind_the_vision:]])
    stage.model.answers("one_pager", [page()])
    stage.model.answers("qa", REPORT)
    score(stage)
    await stage.accept(vision_framework, REQUEST)
    going = asyncio.create_task(stage.run_on(vision_framework))

    async with asyncio.timeout(5):
        await gate.reached.wait()
        await stage.shown("scoring")
    gate.open()

    assert (await going).kind == "complete"
    story = await stage.story()
    assert story.index("partial scoring") < story.index("step_complete framework")
    assert "partial_withdrawn scoring" not in story
    assert [call.labels["step"] for call in stage.model.calls].count("scoring") == 6
    await stage.check()
