"""Runs as documents: a page of them, one of them, its result, its one-pager; and the wish that it should stop."""

from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.problems import HttpProblem
from api.state import Request
from api.views import full_view, result_of, run_id_in, view_of
from events.view import RunStatus, RunView

NO_STORE = {"Cache-Control": "no-store"}
STATUSES: tuple[str, ...] = get_args(RunStatus)
PAGE, LARGEST_PAGE = 50, 200


class RunPage(BaseModel):
    """Runs, newest first; `next_after` is the `after` of the next page, and is left out on the last. What changes from
    now on is behind `cursor` in `GET /api/runs/events`."""

    runs: list[RunView]
    next_after: str | None = None
    cursor: int


class CancelAccepted(BaseModel):
    """`status` is `cancelled` when the run has ended by it, else what it still is: its worker ends it at once."""

    run_id: str
    status: RunStatus


async def list_runs(request: Request) -> JSONResponse:
    """`GET /api/runs?status=&pipeline=&about=&after=&limit=`."""
    store, tenant, query = request.state["store"], request.state["tenant"], request.query_params
    status, pipeline = filters(request)
    about = about_in(query.get("about"))
    limit = page_size(query.get("limit", str(PAGE)))
    # Before the page is read: what changes in between is told once more, and not missed.
    cursor = await store.changes.mark(tenant)
    try:
        page = await store.runs.page(
            tenant, status=status, pipeline=pipeline, about=about, after=query.get("after") or None, limit=limit
        )
    except ValueError:
        raise HttpProblem("bad-request", "after is not the next_after of another page.") from None
    return answer(RunPage(runs=page.runs, next_after=page.next_after, cursor=cursor))


def filters(request: Request) -> tuple[str | None, str | None]:
    """`?status=` and `?pipeline=`; empty is none. Raises `HttpProblem` 400."""
    query = request.query_params
    if any("\0" in value for value in query.values()):
        # A database cannot even compare with it.
        raise HttpProblem("bad-request", "A parameter has a NUL character in it.")
    status = query.get("status") or None
    if status is not None and status not in STATUSES:
        raise HttpProblem("bad-request", f"status is none of {', '.join(STATUSES)}.")
    return status, query.get("pipeline") or None


def about_in(value: str | None) -> UUID | None:
    """`?about=`: the run that others work on; empty is none. Raises `HttpProblem` 400."""
    try:
        return UUID(value) if value else None
    except ValueError:
        raise HttpProblem("bad-request", "about is not the id of a run.") from None


def page_size(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 3 and 1 <= int(value) <= LARGEST_PAGE):
        raise HttpProblem("bad-request", f"limit is not a whole number from 1 to {LARGEST_PAGE}.")
    return int(value)


async def show_run(request: Request) -> JSONResponse:
    """`GET /api/runs/{run_id}`: the folded view, with the texts so far and the results."""
    return JSONResponse(await full_view(request, run_id_in(request)), headers=NO_STORE)


async def show_result(request: Request) -> JSONResponse:
    """`GET /api/runs/{run_id}/result`."""
    return JSONResponse(await result_of(request, run_id_in(request)), headers=NO_STORE)


async def show_one_pager(request: Request) -> Response:
    """`GET /api/runs/{run_id}/one-pager.md`: the part of the result that is called `one_pager`."""
    result = await result_of(request, run_id_in(request))
    page = one_pager_in(result)
    if page is None:
        raise HttpProblem("no-result", "This run's pipeline makes no one-pager.")
    return Response(page, media_type="text/markdown", headers=NO_STORE)


def one_pager_in(result: Any) -> str | None:
    """The Markdown: a string, or the `markdown` of an object."""
    match result:
        case {"one_pager": str(page)} | {"one_pager": {"markdown": str(page)}}:
            return page
        case _:
            return None


async def cancel_run(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/cancel`: 202; asked again, it says the same; 409 when the run had ended before."""
    run_id = run_id_in(request)
    await request.state["store"].runs.request_cancel(run_id, request.state["tenant"], by="api")
    view = await view_of(request, run_id)
    return answer(CancelAccepted(run_id=view.run_id, status=view.status), 202)


def answer(body: BaseModel, status: int = 200) -> JSONResponse:
    return JSONResponse(body.model_dump(mode="json", exclude_none=True), status, NO_STORE)
