"""Looking at a run's document, editing it, going back and forth, and its history."""

from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response

from api.body import read_json
from api.document import NO_STORE, Present, VersionBody, change, etag, facts, present, shown
from api.headers import author, none_match
from api.problems import HttpProblem
from api.runs import PAGE, page_size
from api.state import Request
from api.validation import refusal
from api.views import run_id_in
from events.errors import Outrun
from events.versions import Version, changed, redone, undone

PATCHES = ("application/merge-patch+json", "application/json")
# What a number of a version may look like; there are never more of them.
DIGITS, HIGHEST = 9, 10**9


class HistoryItem(VersionBody):
    """`shows` is the version whose content it shows: its own number, or that which somebody went back or forth to."""

    shows: int


class History(BaseModel):
    """Versions, newest first; `next_before` is the `before` of the next page, and is left out on the last."""

    versions: list[HistoryItem]
    next_before: int | None = None


async def show_framework(request: Request) -> Response:
    """`GET /api/runs/{run_id}/framework`. Who has this version already is told so."""
    run_id = run_id_in(request)
    last = (await present(request, run_id)).last
    if str(last.number) in none_match(request):
        return Response(status_code=304, headers={**NO_STORE, "ETag": etag(last)})
    return shown(run_id, last)


async def edit_framework(request: Request) -> JSONResponse:
    """`PATCH /api/runs/{run_id}/framework`: a merge patch. What changes nothing makes no version."""
    by = author(request)
    # The run first: what is wrong with a patch of nothing is that there is nothing.
    await present(request, run_id_in(request))
    patch = await read_json(request, PATCHES)

    async def edit(now: Present) -> Version | None:
        before = now.form
        try:
            after = before.edited(patch)
        except ValidationError as error:
            raise refusal(error, patch) from None
        sections = after.changed_since(before)
        return changed(now.last, after.content, sections, by) if sections else None

    return await change(request, edit)


async def undo(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/framework/undo`."""
    by = author(request)

    async def back(now: Present) -> Version:
        if now.last.back is None:
            raise HttpProblem("nothing-to-undo", "This is the document as the run wrote it.")
        before = await behind(request, now, now.last.back)
        return undone(now.last, await behind(request, now, now.last.shows), before, by)

    return await change(request, back)


async def redo(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/framework/redo`."""
    by = author(request)

    async def forth(now: Present) -> Version:
        if not now.last.ahead:
            raise HttpProblem("nothing-to-redo", "Nothing was undone since the last change.")
        return redone(now.last, await behind(request, now, now.last.ahead[0]), by)

    return await change(request, forth)


async def list_versions(request: Request) -> JSONResponse:
    """`GET /api/runs/{run_id}/framework/versions?before=&limit=`."""
    run_id, query = run_id_in(request), request.query_params
    before, limit = before_in(query.get("before")), page_size(query.get("limit", str(PAGE)))
    now = await present(request, run_id)
    if now.kept:
        page = await request.state["store"].versions.page(run_id, request.state["tenant"], before, limit)
    else:
        page = [now.last] if before is None or before > 1 else []
    body = {"versions": [{**facts(version), "shows": version.shows} for version in page]}
    # The first is never dropped, and below it there is nothing.
    more = {"next_before": page[-1].number} if page and page[-1].number > 1 else {}
    return JSONResponse(body | more, headers=NO_STORE)


async def show_version(request: Request) -> JSONResponse:
    """`GET /api/runs/{run_id}/framework/versions/{version}`."""
    run_id, named = run_id_in(request), request.path_params["version"]
    now = await present(request, run_id)
    number = int(named) if named.isascii() and named.isdecimal() and len(named) <= DIGITS else 0
    if number == now.last.number:
        return shown(run_id, now.last, present=False)
    return shown(run_id, await version_of(request, run_id, number), present=False)


async def version_of(request: Request, run_id: UUID, number: int) -> Version:
    """Raises `HttpProblem` 404."""
    found = await request.state["store"].versions.find(run_id, request.state["tenant"], number)
    if found is None:
        raise HttpProblem(
            "unknown-version", f"The document has no version {request.path_params.get('version', number)}."
        )
    return found


async def behind(request: Request, now: Present, number: int) -> Version:
    """A version to which the present one leads. It is gone only where others have made many since: raises `Outrun`."""
    found = await request.state["store"].versions.find(now.run_id, request.state["tenant"], number)
    if found is None:
        raise Outrun(f"Version {number} was dropped since version {now.last.number} was looked at.")
    return found


def before_in(value: str | None) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= DIGITS and int(value) > 0):
        raise HttpProblem("bad-request", f"before is not the number of a version: a whole number up to {HIGHEST - 1}.")
    return int(value)
