"""The steps as a durable DBOS workflow on PostgreSQL: each step's result is stored, and a workflow goes on from there.

Tokens go to their viewer through this process's memory: the fast way, beside `DBOS.write_stream`, which would keep
each of them with a transaction of its own. Not done, and done by ours: no log of what the model wrote, so nobody comes
back to it; nobody else goes on with a run while this process is away; nothing is said of how far the steps are.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from starlette.applications import Starlette

from bench.rivals import _steps as steps
from bench.rivals._server import say_of, serve
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.brief import Brief
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.one_pager import OnePager
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.scoring import Scores


def saying() -> steps.Say:
    run_id = DBOS.workflow_id
    assert run_id is not None
    return say_of(run_id)


@DBOS.step(retries_allowed=True)
async def brief(answers: VisionBrief) -> Brief:
    return await steps.brief(answers, saying())


@DBOS.step(retries_allowed=True)
async def framework(answers: VisionBrief) -> FrameworkDraft:
    return await steps.framework(answers, saying())


@DBOS.step()
async def validation(draft: FrameworkDraft, answers: VisionBrief) -> Framework:
    return await steps.validation(draft, answers)


@DBOS.step(retries_allowed=True)
async def one_pager(valid: Framework, answers: VisionBrief) -> OnePager:
    return await steps.one_pager(valid, answers, saying())


@DBOS.step(retries_allowed=True)
async def qa(valid: Framework, answers: VisionBrief) -> QualityReport:
    return await steps.qa(valid, answers, saying())


@DBOS.step(retries_allowed=True)
async def scoring(valid: Framework, answers: VisionBrief) -> Scores:
    return await steps.scoring(valid, answers, saying())


@DBOS.workflow()
async def vision(answers: VisionBrief) -> dict[str, Any]:
    texts = asyncio.create_task(brief(answers))
    valid = await validation(await framework(answers), answers)
    page, report, cards = await asyncio.gather(one_pager(valid, answers), qa(valid, answers), scoring(valid, answers))
    return {"brief": await texts, "one_pager": page, "qa": report, "scores": cards}


async def start(run_id: str, answers: VisionBrief) -> Awaitable[Any]:
    with SetWorkflowID(run_id):
        handle = await DBOS.start_workflow_async(vision, answers)
    return handle.get_result()


@asynccontextmanager
async def launched(app: Starlette) -> AsyncGenerator[None]:
    DBOS(config=DBOSConfig(name="vision", system_database_url=os.environ["DBOS_URL"], run_admin_server=False))
    DBOS.launch()
    yield
    DBOS.destroy()


if __name__ == "__main__":
    serve(start, launched)
