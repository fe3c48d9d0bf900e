"""The steps as plain asyncio: what they cost without any engine.

Not done, and done by ours: no log, so nothing survives a restart; no resume, no retries or deadlines, no cancel,
nothing for operators to look at; one viewer a run, who must be there from the beginning.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from bench.rivals import _steps as steps
from bench.rivals._server import say_of, serve
from steps.vision_framework.answers import VisionBrief


async def vision(answers: VisionBrief, say: steps.Say) -> dict[str, Any]:
    async with asyncio.TaskGroup() as group:
        texts = group.create_task(steps.brief(answers, say))
        valid = await steps.validation(await steps.framework(answers, say), answers)
        page = group.create_task(steps.one_pager(valid, answers, say))
        report = group.create_task(steps.qa(valid, answers, say))
        cards = group.create_task(steps.scoring(valid, answers, say))
    return {"brief": texts.result(), "one_pager": page.result(), "qa": report.result(), "scores": cards.result()}


async def start(run_id: str, answers: VisionBrief) -> Awaitable[Any]:
    return asyncio.create_task(vision(answers, say_of(run_id)))


if __name__ == "__main__":
    serve(start)
