"""Which pipelines there are, what they take, and what they look like at work."""

from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.state import Request
from events.contract import PlannedStep
from flows.catalogue import CATALOGUE, Pipeline


class ExampleInput(BaseModel):
    """A complete input that works."""

    name: str
    input: dict[str, Any]


class PipelineInfo(BaseModel):
    """A pipeline: `name` for `POST /api/runs`, `label` for people, `input_schema` a JSON Schema of its input."""

    name: str
    label: str
    plan: list[PlannedStep]
    input_schema: dict[str, Any]
    examples: list[ExampleInput]


def info(pipeline: Pipeline) -> PipelineInfo:
    return PipelineInfo(
        name=pipeline.name,
        label=pipeline.label,
        plan=list(pipeline.plan),
        input_schema=dict(pipeline.input_schema),
        examples=[ExampleInput(name=each.name, input=each.input) for each in pipeline.examples],
    )


async def list_pipelines(request: Request) -> JSONResponse:
    """`GET /api/pipelines`."""
    return JSONResponse([info(each).model_dump(mode="json", exclude_none=True) for each in CATALOGUE.values()])
