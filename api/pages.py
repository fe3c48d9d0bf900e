"""The documentation that the API serves about itself: as OpenAPI, and as a page for people.

The page is ours, made on the server: the known viewers of OpenAPI documents come from a CDN or want inline styles and
scripts allowed, and a page without any script needs the strictest policy only.
"""

import asyncio
import json
from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse, Response

from api import _page
from api.openapi import document
from api.problems import KINDS, HttpProblem
from api.state import Request

STYLE = (Path(__file__).parent / "style.css").read_bytes()
HOUR = {"Cache-Control": "public, max-age=3600"}


async def openapi_json(request: Request) -> Response:
    """`GET /openapi.json`."""
    # Made once, off the loop: it takes some 50 ms.
    return Response(await asyncio.to_thread(_json), media_type="application/json", headers=HOUR)


async def docs(request: Request) -> HTMLResponse:
    """`GET /docs`."""
    return HTMLResponse(await asyncio.to_thread(_html), headers=HOUR)


async def style(request: Request) -> Response:
    """`GET /docs/style.css`."""
    return Response(STYLE, media_type="text/css", headers=HOUR)


async def problem(request: Request) -> HTMLResponse:
    """`GET /problems/{kind}`."""
    name = request.path_params["kind"]
    if name not in KINDS:
        raise HttpProblem("not-found", f"No kind of problem is called {name!r}.")
    return HTMLResponse(_page.problem(KINDS[name]), headers=HOUR)


@cache
def _json() -> bytes:
    return json.dumps(_document(), ensure_ascii=False, indent=1).encode()


@cache
def _html() -> str:
    return _page.reference(_document(), KINDS.values())


@cache
def _document() -> dict[str, object]:
    # The table of operations names these endpoints, so it cannot be imported before them.
    from api.operations import OPERATIONS

    return document(OPERATIONS)
