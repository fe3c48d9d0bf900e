"""The steps as a LangGraph graph, with tokens out of `astream`'s stream of what its nodes write.

No checkpointer: the graph lives in memory. Not done, and done by ours: no log, so nothing survives a restart and
nobody comes back to a run; nothing for operators to look at; no step's result is kept when another fails.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from bench.rivals import _steps as steps
from bench.rivals._server import say_of, serve
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.brief import Brief
from steps.vision_framework.document import Framework, FrameworkDraft
from steps.vision_framework.one_pager import OnePager
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.scoring import Scores


class Given(TypedDict):
    answers: VisionBrief


class Vision(Given, total=False):
    brief: Brief
    draft: FrameworkDraft
    framework: Framework
    one_pager: OnePager
    qa: QualityReport
    scores: Scores


async def brief(state: Vision) -> dict[str, Any]:
    return {"brief": await steps.brief(state["answers"], get_stream_writer())}


async def framework(state: Vision) -> dict[str, Any]:
    return {"draft": await steps.framework(state["answers"], get_stream_writer())}


async def validation(state: Vision) -> dict[str, Any]:
    return {"framework": await steps.validation(state["draft"], state["answers"])}


async def one_pager(state: Vision) -> dict[str, Any]:
    return {"one_pager": await steps.one_pager(state["framework"], state["answers"], get_stream_writer())}


async def qa(state: Vision) -> dict[str, Any]:
    return {"qa": await steps.qa(state["framework"], state["answers"], get_stream_writer())}


async def scoring(state: Vision) -> dict[str, Any]:
    return {"scores": await steps.scoring(state["framework"], state["answers"], get_stream_writer())}


def compiled() -> Any:
    graph = StateGraph(Vision)
    for node in (brief, framework, validation, one_pager, qa, scoring):
        graph.add_node(f"{node.__name__}_step", node)
    for before, after in (
        (START, "brief_step"),
        (START, "framework_step"),
        ("framework_step", "validation_step"),
        ("validation_step", "one_pager_step"),
        ("validation_step", "qa_step"),
        ("validation_step", "scoring_step"),
    ):
        graph.add_edge(before, after)
    for last in ("brief_step", "one_pager_step", "qa_step", "scoring_step"):
        graph.add_edge(last, END)
    return graph.compile()


GRAPH = compiled()


async def vision(run_id: str, answers: VisionBrief) -> None:
    say = say_of(run_id)
    async for text in GRAPH.astream({"answers": answers}, stream_mode="custom"):
        say(text)


async def start(run_id: str, answers: VisionBrief) -> Awaitable[Any]:
    return asyncio.create_task(vision(run_id, answers))


if __name__ == "__main__":
    serve(start)
