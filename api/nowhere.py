"""An address at which there is nothing: the page says so to people, and a problem to everybody else."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from api.headers import quality
from api.problems import HANDLERS, MEDIA_TYPE, HttpProblem
from api.state import Request
from api.web import lost

Handler = Callable[[Request, Exception], Awaitable[Response]]


def asked_by_browser(scope: Scope) -> bool:
    """Is it for somebody to look at? Programs take anything, or JSON; and what is below `/api` is theirs alone."""
    path: str = scope["path"]
    if scope["method"] not in ("GET", "HEAD") or path == "/api" or path.startswith("/api/"):
        return False
    accepted = ",".join(Headers(scope=scope).getlist("accept"))
    return quality(accepted, "text/html") > quality(accepted, MEDIA_TYPE)


def handlers() -> dict[Any, ExceptionHandler]:
    """Those of `api.problems`, but that people who are lost are shown the page."""
    guided = {each: partial(_guided, cast(Handler, HANDLERS[each])) for each in (HttpProblem, HTTPException)}
    return HANDLERS | cast("dict[Any, ExceptionHandler]", guided)


async def _guided(otherwise: Handler, request: Request, error: Exception) -> Response:
    answer = await otherwise(request, error)
    if answer.status_code == 404 and asked_by_browser(request.scope):
        return await lost(request) or answer
    return answer
