"""Who leaves a run while it goes on: told by the page as it goes away, and taken back when it is there again."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StrictInt, StringConstraints
from starlette.responses import Response

from api._operation import JSON, TEXT
from api.body import is_json, parse, read
from api.problems import HttpProblem
from api.state import Request
from api.validation import validated
from api.views import run_id_in

LONGEST = 1024
# A page that goes away may send a text alone, where it may not ask first whether it may send anything else.
TYPES = (JSON, TEXT)


class Leaving(BaseModel):
    """`viewer` is an id that the page has made up for itself: each counts once. `back`: it is there again. `at` is when
    it says so by its own clock, in Unix ms: the later of two words holds, whichever arrives first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    viewer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "-"
    back: StrictBool = False
    at: Annotated[StrictInt, Field(ge=0, le=2**53)] | None = None


async def leave_run(request: Request) -> Response:
    """`POST /api/runs/{run_id}/abandoned`: 204, whether it counts or not; a run that has ended cannot be left."""
    run_id, tenant, stats = run_id_in(request), request.state["tenant"], request.state["store"].stats
    leaving = validated(Leaving, await said(request))
    await (stats.came_back if leaving.back else stats.left)(run_id, tenant, leaving.viewer, leaving.at)
    return Response(status_code=204)


async def said(request: Request) -> JsonValue:
    """The body: JSON, whatever it calls itself, or nothing. Raises `HttpProblem`."""
    body = (await read(request, LONGEST)).strip()
    if body and not is_json(request.headers.get("content-type"), TYPES):
        raise HttpProblem("unsupported-media-type", f"The body's Content-Type is not {' or '.join(TYPES)}.")
    return parse(body) if body else {}
