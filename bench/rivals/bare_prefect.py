"""The steps as a Prefect flow of tasks, called where the request comes in, with tokens to its viewer through a queue.

A Prefect server on PostgreSQL keeps the states of flow and tasks. Not done, and done by ours: no log of what the model
wrote, so nothing can be seen again or later; what a process was at is lost with it; POST does not survive a Prefect
server that is away.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from prefect import flow, task

from bench.rivals import _steps as steps
from bench.rivals._server import say_of, serve
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.brief import Brief
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.one_pager import OnePager
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.scoring import Scores


@task(retries=2)
async def brief(run_id: str, answers: VisionBrief) -> Brief:
    return await steps.brief(answers, say_of(run_id))


@task(retries=2)
async def framework(run_id: str, answers: VisionBrief) -> FrameworkDraft:
    return await steps.framework(answers, say_of(run_id))


@task(retries=2)
async def validation(draft: FrameworkDraft, answers: VisionBrief) -> Framework:
    return await steps.validation(draft, answers)


@task(retries=2)
async def one_pager(run_id: str, valid: Framework, answers: VisionBrief) -> OnePager:
    return await steps.one_pager(valid, answers, say_of(run_id))


@task(retries=2)
async def qa(run_id: str, valid: Framework, answers: VisionBrief) -> QualityReport:
    return await steps.qa(valid, answers, say_of(run_id))


@task(retries=2)
async def scoring(run_id: str, valid: Framework, answers: VisionBrief) -> Scores:
    return await steps.scoring(valid, answers, say_of(run_id))


@flow
async def vision(run_id: str, answers: VisionBrief) -> dict[str, Any]:
    async with asyncio.TaskGroup() as group:
        texts = group.create_task(brief(run_id, answers))
        valid = await validation(await framework(run_id, answers), answers)
        page = group.create_task(one_pager(run_id, valid, answers))
        report = group.create_task(qa(run_id, valid, answers))
        cards = group.create_task(scoring(run_id, valid, answers))
    return {"brief": texts.result(), "one_pager": page.result(), "qa": report.result(), "scores": cards.result()}


async def start(run_id: str, answers: VisionBrief) -> Awaitable[Any]:
    return asyncio.create_task(vision(run_id, answers))


if __name__ == "__main__":
    serve(start)
