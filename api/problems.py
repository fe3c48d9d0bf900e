"""Every error that the API answers with, as problem details (RFC 9457): a table of kinds, an exception, a renderer.

A `type` is a reference like `/problems/invalid-input`, which the API itself explains. Nothing internal is ever in a
problem: exceptions that nobody expected become `internal-error` with the id under which they were logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ExceptionHandler

from events.contract import Problem, ProblemError
from events.errors import Answered, KeyReused, Outrun, RunEnded, StoreError, StoreUnavailable, UnknownInput, UnknownRun

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: what `type`, `status` and `title` it has, and what a client can do about it."""

    name: str
    status: int
    title: str
    advice: str

    @property
    def uri(self) -> str:
        return f"/problems/{self.name}"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Kind("bad-request", 400, "The request is not understood", "Correct what the detail names and send it again."),
        Kind(
            "invalid-json", 400, "The body is not JSON", "Send one JSON document, in UTF-8, without anything behind it."
        ),
        Kind(
            "unauthorized", 401, "A valid token is needed", "Send `Authorization: Bearer <token>` with a known token."
        ),
        Kind("forbidden-origin", 403, "This page may not call the API", "Add its origin to STEPGLASS_CORS_ORIGINS."),
        Kind("not-found", 404, "There is nothing here", "Look at /docs for the addresses that exist."),
        Kind("unknown-run", 404, "There is no such run", "Check the id. Runs of other tenants look the same."),
        Kind("unknown-batch", 404, "There is no such batch", "Check the id. Batches of other tenants look the same."),
        Kind(
            "unknown-version",
            404,
            "There is no such version",
            "`GET /api/runs/{run_id}/framework/versions` has them all.",
        ),
        Kind("no-result", 404, "This run has no such result", "Nothing to wait for: it ended without one."),
        Kind(
            "method-not-allowed",
            405,
            "This address does not take that method",
            "The Allow header lists those it takes.",
        ),
        Kind("not-acceptable", 406, "None of the accepted types can be given", "Ask for one that the detail names."),
        Kind("request-timeout", 408, "The request took too long to arrive", "Send it again, faster."),
        Kind("not-finished", 409, "The run has not finished", "Watch its events, or ask again later."),
        Kind("unknown-input", 404, "There is no such question", "`asked` of the run has all that wait for an answer."),
        Kind("answered", 409, "The question is answered", "Nothing to do: the first answer holds."),
        Kind("run-ended", 409, "The run has already ended", "Nothing to do: an ended run stays as it is."),
        Kind("nothing-to-undo", 409, "There is nothing to undo", "Nothing to do: this is how the run left it."),
        Kind("nothing-to-redo", 409, "There is nothing to redo", "Only what was undone, with no change since, can be."),
        Kind("outrun", 412, "Somebody else was quicker", "Look at the document as it is now, then change it again."),
        Kind("body-too-large", 413, "The body is too large", "Send at most 256 KB, and of a batch 16 MB."),
        Kind("unsupported-media-type", 415, "Only JSON bodies are taken", "Send `Content-Type: application/json`."),
        Kind("unknown-host", 421, "This is not our name", "Add the name to STEPGLASS_HOSTS, or call us by address."),
        Kind("invalid-input", 422, "The input is not valid", "Correct every field that `errors` points to."),
        Kind("json-too-deep", 422, "The JSON is nested too deeply", "Send at most 200 levels of nesting."),
        Kind(
            "key-reused", 422, "The idempotency key was used for another request", "Take a new key for a new request."
        ),
        Kind("headers-too-large", 431, "The request's headers are too large", "Send at most 64 KB of them."),
        Kind("too-many-runs", 429, "Too many runs were started", "Start it after `Retry-After` seconds."),
        Kind("too-many-live-runs", 429, "Too many runs are going on", "Start it when one of them has ended."),
        Kind("day-is-spent", 429, "The day's money is spent", "Start it tomorrow; a day is one of UTC."),
        Kind("too-many-changes", 429, "Too many changes were made", "Send it again after `Retry-After` seconds."),
        Kind("too-many-viewers", 429, "Too many streams are open", "Close one of them, or try again later."),
        Kind("internal-error", 500, "Something went wrong on our side", "Report the `request_id`; it is in our log."),
        Kind("unavailable", 503, "The store does not answer", "Send it again after `Retry-After` seconds."),
        Kind("too-many-streams", 503, "Too many streams are open", "Try again after `Retry-After` seconds."),
        Kind("not-ready", 503, "Not ready to work", "`parts` says which part is not. Try again later."),
    ]
}
BY_STATUS = {
    400: "bad-request",
    401: "unauthorized",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
}


class HttpProblem(Exception):
    """Raised anywhere in a request to answer it with a problem: a name in `KINDS`, and `members` to be added as is.
    `status` only where it is another one than the kind's."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[ProblemError] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.kind = KINDS[kind]
        self.status = status or self.kind.status
        self.detail = detail
        self.errors = list(errors) if errors is not None else None
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> JSONResponse:
        kind = self.kind
        body = Problem(type=kind.uri, title=kind.title, status=self.status, detail=self.detail, errors=self.errors)
        content = {**body.model_dump(exclude_none=True), **self.members}
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(content, self.status, headers, media_type=MEDIA_TYPE)


def internal_error(request_id: str) -> HttpProblem:
    """For an exception that nobody expected: the log has it under this id, the client only the id."""
    return HttpProblem("internal-error", f"It is in our log as request {request_id}.", request_id=request_id)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HttpProblem)
    return error.response()


async def _routing(request: Request, error: Exception) -> JSONResponse:
    """What Starlette's router says by itself: no such path, no such method."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    kind = BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal-error")
    detail = {
        "not-found": f"No address {path!r}.",
        "method-not-allowed": f"{path!r} does not take {request.method}.",
    }.get(kind, error.detail)
    headers = {"Allow": ", ".join(methods_of(request))} if kind == "method-not-allowed" else error.headers
    return HttpProblem(kind, detail, headers=headers).response()


def methods_of(request: Request) -> list[str]:
    """Those of all routes of this path; Starlette names only the first one's."""
    here = [route for route in request.app.routes if route.path_regex.match(request.url.path)]
    return sorted({method for route in here for method in route.methods})


async def _store(request: Request, error: Exception) -> JSONResponse:
    """What the store raises on purpose. `Fenced` and the like never concern a client: they are our mistake."""
    match error:
        case UnknownRun():
            return unknown_run(request.path_params.get("run_id")).response()
        case UnknownInput():
            return HttpProblem("unknown-input", "The run asks, and asked, no such question.").response()
        case Answered():
            return HttpProblem("answered", "Somebody answered before, or the time was up.").response()
        case RunEnded():
            return HttpProblem("run-ended", "This run has its last word; nothing may follow it.").response()
        case KeyReused():
            detail = "This Idempotency-Key belongs to a request with another body."
            return HttpProblem("key-reused", detail).response()
        case Outrun():
            return HttpProblem("outrun", "Others keep changing this document; your change is not in it.").response()
        case StoreUnavailable():
            return unavailable(error).response()
        case _:
            raise error


async def _left(request: Request, error: Exception) -> None:
    """The client went away while we read its body: there is nobody to answer."""


def unavailable(error: StoreUnavailable) -> HttpProblem:
    detail = "The store does not answer or cannot write. Nothing of this request is known to be stored."
    return HttpProblem("unavailable", detail, headers={"Retry-After": str(error.retry_after)})


def unknown_run(run_id: object) -> HttpProblem:
    return HttpProblem("unknown-run", f"No run {run_id}." if run_id else "No such run.")


HANDLERS: dict[Any, ExceptionHandler] = {
    HttpProblem: _ours,
    HTTPException: _routing,
    StoreError: _store,
    ClientDisconnect: _left,  # pyright: ignore[reportAssignmentType] # Starlette calls nothing when a handler gives None
}
