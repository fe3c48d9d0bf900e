"""Batches as documents: starting one, a page of them, one of them; watching and stopping it are those of its run."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.batch_order import BATCH, order_in, stored
from api.headers import idempotency_key
from api.limits import Admitted, admit
from api.problems import HttpProblem
from api.retry import step_of_batch
from api.runs import NO_STORE, PAGE, answer, filters, page_size
from api.start import deadline_of, pipeline_named
from api.state import Request
from api.views import view_of
from events.contract import Counts, Problem, RunQueued, RunQueuedData
from events.errors import UnknownRun
from events.runs import NewRun
from events.view import RunStatus, RunView
from flows.catalogue import BatchOrder

Endpoint = Callable[[Request], Awaitable[Response]]

# What a batch and its run have in common.
SAME = (
    *("status", "counts", "progress", "eta_ms", "created_at", "ended_at", "duration"),
    *("problem", "forked_from", "cancel_requested", "tail_seq"),
)


class BatchStarted(BaseModel):
    """A batch that is committed: where to look at it, where to watch it, and how many items it has."""

    batch_id: UUID
    batch_url: str
    events_url: str
    items: int


class BatchSummary(BaseModel):
    """A batch as a list shows it. `counts` is how its items stand, left out until a worker has looked at them; in
    `complete` are those that were `skipped`, which an earlier batch of this name had done. Times are Unix ms."""

    batch_id: UUID
    name: str | None = None
    status: RunStatus
    counts: Counts | None = None
    progress: float
    eta_ms: int | None = None
    created_at: int | None = None
    ended_at: int | None = None
    duration: int | None = None
    problem: Problem | None = None
    forked_from: UUID | None = None
    cancel_requested: bool = False
    tail_seq: int
    events_url: str
    results_url: str


class Batch(BatchSummary):
    """A batch. `counts` is there from the beginning. `message` is what was said of it last,
    while it goes on: how many are done, or what it waits for.

    `cost_usd` is what the runs that it began, and that have ended, have cost; left out while that of none is known, and
    not all of it unless `cost_complete`. `forks` are the batches that do it again, newest first.
    """

    pipeline: str
    concurrency: int
    max_cost_usd: float | None = None
    message: str | None = None
    cost_usd: float | None = None
    cost_complete: bool = True
    forks: list[UUID] = []


class BatchPage(BaseModel):
    """Batches, newest first; `next_after` is the `after` of the next page, and is left out on the last. What changes
    from now on is behind `cursor` in `GET /api/runs/events?pipeline=batch`."""

    batches: list[BatchSummary]
    next_after: str | None = None
    cursor: int


async def start_batch(request: Request) -> JSONResponse:
    """`POST /api/batches`: 202 with where to watch; 422 with every item that is not valid, and then nothing begins."""
    order = await order_in(request)
    return begun(await accept(request, order), order)


async def accept(request: Request, order: BatchOrder, forked_from: UUID | None = None) -> Admitted:
    """Commit the batch, or find the one that this `Idempotency-Key` started already."""
    pipeline = pipeline_named(BATCH)
    data = RunQueuedData(pipeline=BATCH, title=pipeline.titled(order))
    if forked_from is not None:
        # All of it is gone through again: which items are skipped, the step itself finds out.
        data = data.model_copy(update={"forked_from": str(forked_from), "from_step": step_of_batch(pipeline)})
    new = NewRun(
        pipeline=BATCH,
        input=stored(order),
        first=[RunQueued(message="Queued", progress=0, data=data)],
        tenant=request.state["tenant"],
        deadline=deadline_of(pipeline, request.state["settings"]),
        idempotency_key=idempotency_key(request),
    )
    return await admit(request, new)


def begun(accepted: Admitted, order: BatchOrder) -> JSONResponse:
    url = f"/api/batches/{accepted.run_id}"
    body = BatchStarted(
        batch_id=accepted.run_id, batch_url=url, events_url=f"{url}/events", items=len(order.items)
    ).model_dump(mode="json")
    return JSONResponse(body, 202, {"Location": url, **NO_STORE, **accepted.headers})


async def list_batches(request: Request) -> JSONResponse:
    """`GET /api/batches?status=&after=&limit=`."""
    store, tenant, query = request.state["store"], request.state["tenant"], request.query_params
    status, _ = filters(request)
    limit = page_size(query.get("limit", str(PAGE)))
    cursor = await store.changes.mark(tenant)
    try:
        after = query.get("after") or None
        page = await store.runs.page(tenant, status=status, pipeline=BATCH, after=after, limit=limit)
    except ValueError:
        raise HttpProblem("bad-request", "after is not the next_after of another page.") from None
    found = [BatchSummary.model_validate(summary_of(view)) for view in page.runs]
    return answer(BatchPage(batches=found, next_after=page.next_after, cursor=cursor))


def summary_of(view: RunView) -> dict[str, object]:
    url = f"/api/batches/{view.run_id}"
    known = {name: getattr(view, name) for name in SAME}
    links = {"events_url": f"{url}/events", "results_url": f"{url}/results"}
    return {"batch_id": view.run_id, "name": view.title, **known, **links}


async def show_batch(request: Request) -> JSONResponse:
    """`GET /api/batches/{batch_id}`."""
    store, tenant, view = request.state["store"], request.state["tenant"], await batch_in(request)
    batch_id = UUID(view.run_id)
    # Checked when it was accepted, and up to 16 MB: looked at as it is.
    order = cast("dict[str, Any]", await store.runs.input(batch_id, tenant))
    spent = await store.outcomes.spent_about(batch_id, tenant)
    known = {name: order.get(name) for name in ("name", "pipeline", "concurrency", "max_cost_usd")}
    found = {
        **summary_of(view),
        **known,
        "counts": view.counts or untouched(len(order["items"])),
        "message": next((step.message for step in view.steps if step.status == "in_progress"), None),
        "cost_usd": spent.usd,
        "cost_complete": spent.complete,
        "forks": await store.runs.forks(batch_id, tenant),
    }
    return answer(Batch.model_validate(found))


def untouched(total: int) -> Counts:
    """Nobody has looked at the items yet."""
    return Counts(total=total, waiting=total, running=0, complete=0, skipped=0, failed=0, cancelled=0)


async def batch_in(request: Request) -> RunView:
    """The batch that the path names. Raises `HttpProblem` 404, also for a run that is no batch."""
    named = request.path_params["batch_id"]
    try:
        view = await view_of(request, UUID(named))
    except (ValueError, UnknownRun):
        raise unknown_batch(named) from None
    if view.pipeline != BATCH:
        raise unknown_batch(named)
    return view


def unknown_batch(named: object) -> HttpProblem:
    return HttpProblem("unknown-batch", f"No batch {named}.")


def of_batch(endpoint: Endpoint) -> Endpoint:
    """What may be asked of a run, asked of the run of a batch."""

    async def asked(request: Request) -> Response:
        request.path_params["run_id"] = (await batch_in(request)).run_id
        return await endpoint(request)

    return asked
