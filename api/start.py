"""Starting a run: the input is checked, the run committed, and only then is anybody told that it exists."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import JSONResponse

from api.batch_order import BATCH, checked_order
from api.body import read_json
from api.headers import idempotency_key, preferred_wait
from api.limits import Admitted, admit
from api.state import Request
from api.streams import NoPlace
from api.validation import escape, invalid, validated
from api.waiting import ended_within
from events.contract import ProblemError, RunQueued, RunQueuedData
from events.limits import smaller
from events.runs import NewRun
from flows.catalogue import CATALOGUE, Pipeline
from settings import Settings

# More than any run costs: a larger number is a mistake.
MOST_DOLLARS = 1_000_000


Budget = Annotated[float, Field(gt=0, le=MOST_DOLLARS, strict=True)]


class StartRun(BaseModel):
    """What `POST /api/runs` takes: the name of a pipeline, and its input as that pipeline's `input_schema` says.
    `max_cost_usd` is what the run may cost. It can lower `STEPGLASS_MAX_COST_USD`, and never raise it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipeline: str
    input: dict[str, Any]
    max_cost_usd: Budget | None = None


class Started(BaseModel):
    """A run that is committed: where to look at it and where to watch it."""

    run_id: UUID
    events_url: str


async def start_run(request: Request) -> JSONResponse:
    """`POST /api/runs`: 202 with where to watch, or, for `Prefer: wait=N`, 200 with the run when it ends in time."""
    wait = preferred_wait(request)
    wanted = validated(StartRun, await read_json(request))
    pipeline, limit = pipeline_named(wanted.pipeline), wanted.max_cost_usd
    accepted = await accept(request, pipeline, wanted.input, at="/input", max_cost_usd=limit)
    started, headers = told(accepted)
    if wait is not None:
        # Without a place there is no wait. The run is committed, so that this is no error.
        with suppress(NoPlace):
            ended = await ended_within(request, accepted.run_id, wait)
            headers["Preference-Applied"] = f"wait={wait:.0f}"
            if ended is not None:
                return JSONResponse({**started, **ended}, 200, headers)
    return JSONResponse(started, 202, headers)


def told(accepted: Admitted) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of the answer to who started it."""
    run_id = accepted.run_id
    started = Started(run_id=run_id, events_url=f"/api/runs/{run_id}/events").model_dump(mode="json")
    return started, {"Location": f"/api/runs/{run_id}", "Cache-Control": "no-store", **accepted.headers}


def pipeline_named(name: str) -> Pipeline:
    """Raises `HttpProblem` 422 with the names that there are."""
    if name not in CATALOGUE:
        detail = f"There is no pipeline {name!r}; there is {', '.join(sorted(CATALOGUE))}."
        raise invalid([ProblemError(pointer=f"/{escape('pipeline')}", detail=detail)])
    return CATALOGUE[name]


def checked(pipeline: Pipeline, document: JsonValue, at: str = "") -> JsonValue:
    """The input as it is stored: validated, in the form of its model. `at` is where it stands in the body."""
    return validated(pipeline.input_model, document, at).model_dump(mode="json")


async def given_to(pipeline: Pipeline, document: JsonValue, at: str = "") -> BaseModel:
    """What a run of `pipeline` is to be started with. Of a batch every item is looked at, whichever way it comes."""
    if pipeline.name == BATCH:
        return await checked_order(document, at)
    return validated(pipeline.input_model, document, at)


def deadline_of(pipeline: Pipeline, settings: Settings) -> float:
    return settings.batch_deadline if pipeline.name == BATCH else settings.run_deadline


async def accept(
    request: Request,
    pipeline: Pipeline,
    document: JsonValue,
    at: str = "",
    *,
    about: UUID | None = None,
    max_cost_usd: float | None = None,
) -> Admitted:
    """Commit a run of `pipeline`, or find the one that this `Idempotency-Key` started already."""
    given = await given_to(pipeline, document, at)
    settings = request.state["settings"]
    limit = smaller(max_cost_usd, settings.max_cost_usd)
    data = RunQueuedData(pipeline=pipeline.name, title=pipeline.titled(given), max_cost_usd=limit)
    queued = RunQueued(message="Queued", progress=0, data=data)
    new = NewRun(
        pipeline=pipeline.name,
        input=given.model_dump(mode="json"),
        first=[queued],
        tenant=request.state["tenant"],
        deadline=deadline_of(pipeline, settings),
        idempotency_key=idempotency_key(request),
        about=about,
        max_cost_usd=max_cost_usd,
    )
    return await admit(request, new)
