"""Watching all runs: which of them changed, as server-sent events or lines of JSON, from a cursor on and for ever."""

from typing import Literal

from pydantic import BaseModel
from starlette.responses import Response

from api.cursor import cursor
from api.headers import chosen_type
from api.runs import filters
from api.state import Request
from api.watch import NDJSON_TYPE, SSE_TYPE, response
from events.feeds import Wanted
from events.sse import NDJSON, SSE, Lines
from events.view import RunView

FORMATS: dict[str, Lines] = {SSE_TYPE: SSE, NDJSON_TYPE: NDJSON}


class RunChanged(BaseModel):
    """A run as it is since the change that `cursor` counts: what an element of `GET /api/runs` is. A message of another
    `type` is about the stream itself (the event contract), or says that a run left the status that was asked for."""

    type: Literal["run_changed"]
    cursor: int
    run: RunView


async def watch_runs(request: Request) -> Response:
    """`GET /api/runs/events?status=&pipeline=`. It ends with the server, or when its viewer leaves."""
    media_type = chosen_type(request, list(FORMATS))
    after, (status, pipeline) = cursor(request), filters(request)
    tenant, feeds = request.state["tenant"], request.state["feeds"]
    # Asked here as well: a store that does not answer is a 503 as long as there is no stream.
    await request.state["store"].changes.mark(tenant)
    wanted = Wanted(status=status, pipeline=pipeline)
    frames = feeds.watch(tenant, after, wanted=wanted, fmt=FORMATS[media_type])
    return response(request, frames, media_type=media_type, resumed=bool(after))
