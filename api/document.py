"""The document of a run: how it is found, what it looks like from outside, and the one way in which it changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.headers import if_match
from api.problems import HttpProblem
from api.state import Request
from api.views import result_of, run_id_in, view_of
from events.errors import Outrun
from events.versions import Kind, Version, written_by_run
from flows.catalogue import CATALOGUE, Document, Form

NO_STORE = {"Cache-Control": "no-store"}
# So often somebody else may be quicker. Of many at once one succeeds each time.
TRIES = 100


class VersionBody(BaseModel):
    """What somebody did to a document. `sections` are those that it changed; `by` is left null for the run itself, and
    is otherwise a name that a client gave or the tenant's; `at` is in Unix ms; `refined_by` is the run whose result was
    taken over."""

    version: int
    kind: Kind
    sections: list[str]
    by: str | None
    at: int
    refined_by: UUID | None


class DocumentBody(VersionBody):
    """A document as it is, with the act that made it so. `can_undo` and `can_redo` are left out of earlier versions."""

    run_id: UUID
    can_undo: bool | None = None
    can_redo: bool | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """A run's document at its last version; `kept` is False as long as that is only in the run's own result."""

    run_id: UUID
    document: Document
    last: Version
    kept: bool

    @property
    def form(self) -> Form:
        """Raises `HttpProblem` 404 for content that is not of this version's form."""
        if (form := self.document.form.read(self.last.content)) is None:
            raise no_document()
        return form


Act = Callable[[Present], Awaitable[Version | None]]


async def present(request: Request, run_id: UUID) -> Present:
    """The document as it is now. Raises `UnknownRun`, `HttpProblem` 409 while the run goes on, 404 for one without."""
    store, tenant = request.state["store"], request.state["tenant"]
    view = await view_of(request, run_id)
    pipeline = CATALOGUE.get(view.pipeline)
    if pipeline is None or pipeline.document is None:
        raise no_document()
    if (last := await store.versions.last(run_id, tenant)) is not None:
        return Present(run_id, pipeline.document, last, kept=True)
    form = pipeline.document.form.read(await result_of(request, run_id))
    if form is None:
        raise no_document()
    ended = datetime.fromtimestamp((view.ended_at or 0) / 1000, UTC)
    return Present(run_id, pipeline.document, written_by_run(form.content, ended), kept=False)


async def change(request: Request, act: Act) -> JSONResponse:
    """Add the version that `act` makes of the present one; None changes nothing. Gives the document as it is then.

    When somebody else was quicker, it is made anew of what they left, unless `If-Match` says that it must not be.
    """
    run_id, expected = run_id_in(request), if_match(request)
    versions, tenant = request.state["store"].versions, request.state["tenant"]
    for left in reversed(range(TRIES)):
        now = await present(request, run_id)
        try:
            following = await made_of(now, act, stale=expected is not None and str(now.last.number) not in expected)
            if following is None:
                return shown(run_id, now.last)
            # The run's own version is kept from the first change on, and in one piece with it.
            return shown(run_id, await versions.add(run_id, tenant, *([] if now.kept else [now.last]), following))
        except Outrun:
            if not left:
                raise
    raise AssertionError


async def made_of(now: Present, act: Act, *, stale: bool) -> Version | None:
    """What `act` makes of the document. For who has `stale` eyes that is nothing, or a 412: nothing where all is as it
    should become, as when they ask again because an answer was lost (RFC 9110, section 13.1.1, allows it)."""
    try:
        following = await act(now)
    except HttpProblem:
        if not stale:
            raise
    else:
        if following is None or not stale:
            return following
    detail = f"The document is at version {now.last.number} by now."
    raise HttpProblem("outrun", detail, headers={"ETag": etag(now.last)}, version=now.last.number)


def shown(run_id: UUID, version: Version, *, present: bool = True) -> JSONResponse:
    """The answer that shows a document at a version, the present one or an earlier one."""
    body = {"run_id": str(run_id), **facts(version)}
    if present:
        body |= {"can_undo": version.back is not None, "can_redo": bool(version.ahead)}
    content: Any = version.content
    return JSONResponse({**body, **content}, headers={**NO_STORE, "ETag": etag(version)})


def facts(version: Version) -> dict[str, Any]:
    at = version.at or datetime.now(UTC)
    body = VersionBody(
        version=version.number,
        kind=version.kind,
        sections=list(version.sections),
        by=version.by,
        at=round(at.timestamp() * 1000),
        refined_by=version.refined_by,
    )
    return body.model_dump(mode="json")


def etag(version: Version) -> str:
    return f'"{version.number}"'


def no_document() -> HttpProblem:
    return HttpProblem("no-result", "This run made no document that could be worked on.")
