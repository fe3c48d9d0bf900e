"""Doing a run again: a new run that takes over what is still good of it, from a failed step or from any other."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.responses import JSONResponse

from api.batch_order import BATCH
from api.body import read_json
from api.headers import idempotency_key
from api.limits import Admitted, admit
from api.problems import HttpProblem
from api.start import Budget, deadline_of, given_to, pipeline_named, told
from api.state import Request
from api.validation import invalid, validated
from api.views import run_id_in, view_of
from events.contract import LAST_WORDS, ProblemError
from events.limits import smaller
from events.runs import NewRun
from flows.catalogue import NoSuchStep, NothingToRetry, Pipeline, fork


class Retry(BaseModel):
    """What `POST /api/runs/{run_id}/retry` takes. `from_step` is done again with all that depends on it; without it the
    first step that is not complete. `input` is a whole one, where it is to be another. `max_cost_usd` is what the new
    run may cost; without it, what the old one might. Neither raises `STEPGLASS_MAX_COST_USD`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_step: str | None = None
    input: dict[str, Any] | None = None
    max_cost_usd: Budget | None = None


async def retry_run(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/retry`: 202 with where to watch the new run; 409 while the old one goes on."""
    run_id = run_id_in(request)
    wish = Retry() if has_no_body(request) else validated(Retry, await read_json(request))
    new = await again(request, run_id, wish)
    body, headers = told(new)
    return JSONResponse(body, 202, headers)


def has_no_body(request: Request) -> bool:
    """Nothing to say is a wish, too."""
    headers = request.headers
    return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"


async def again(request: Request, run_id: UUID, wish: Retry) -> Admitted:
    """Commit the new run, or find the one that this `Idempotency-Key` started already."""
    store, tenant, settings = request.state["store"], request.state["tenant"], request.state["settings"]
    source = await view_of(request, run_id)
    if source.status not in LAST_WORDS:
        detail = f"The run is {source.status}. It can be done again when it has ended."
        raise HttpProblem("not-finished", detail, headers={"Retry-After": "2"})
    pipeline = pipeline_named(source.pipeline)
    before = await store.runs.input(run_id, tenant)
    given = await given_to(pipeline, before if wish.input is None else wish.input, "/input")
    same = wish.input is None or given.model_dump(mode="json") == in_this_version(pipeline, before)
    try:
        forked = await fork(
            pipeline,
            store.log,
            source,
            given,
            same_input=same,
            from_step=wish.from_step or step_of_batch(pipeline),
            models=settings.models,
            max_cost_usd=smaller(wish.max_cost_usd or source.max_cost_usd, settings.max_cost_usd),
        )
    except (NoSuchStep, NothingToRetry) as error:
        raise invalid([ProblemError(pointer="/from_step", detail=str(error))]) from None
    new = NewRun(
        pipeline=pipeline.name,
        input=given.model_dump(mode="json"),
        first=forked.first,
        tenant=tenant,
        deadline=deadline_of(pipeline, settings),
        idempotency_key=idempotency_key(request),
        about=(await store.runs.header(run_id, tenant)).about,
        max_cost_usd=wish.max_cost_usd,
    )
    return await admit(request, new)


def step_of_batch(pipeline: Pipeline) -> str | None:
    """A batch is complete with failures, too: done again, it goes through all of its items."""
    return pipeline.plan[0].step if pipeline.name == BATCH else None


def in_this_version(pipeline: Pipeline, before: JsonValue) -> JsonValue:
    """What a run was started with, in the form that its input has now; None where it fits no more."""
    try:
        return pipeline.input_model.model_validate(before).model_dump(mode="json")
    except ValidationError:
        return None
