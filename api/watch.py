"""Watching a run: its log from a position on, as server-sent events or as lines of JSON, until its last word."""

from collections.abc import AsyncGenerator, Mapping
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import Response

from api._stream import Stream
from api.cursor import cursor, wants_snapshot
from api.headers import chosen_type
from api.problems import HttpProblem
from api.state import Request
from api.streams import GRACE_SECONDS, NoPlace, Place, for_as_long
from api.views import run_id_in, view_of
from events.contract import LAST_WORDS
from events.errors import StoreUnavailable
from events.sse import NDJSON, SSE, Format
from events.view import RunView

SSE_TYPE, NDJSON_TYPE = "text/event-stream", "application/x-ndjson"
FORMATS: dict[str, Format] = {SSE_TYPE: SSE, NDJSON_TYPE: NDJSON}
# Seconds in which a viewer must take a write.
SEND_SECONDS = 30.0


class Message(BaseModel):
    """One message of a stream: an event of the log, or, without `seq`, a control frame about the stream itself.
    Their types and what is in their `data` are the event contract: `docs/contract.schema.json`."""

    model_config = ConfigDict(extra="allow")

    type: str
    v: int | None = None
    run_id: UUID | None = None
    seq: int | None = None
    ts: int | None = None
    step: str | None = None
    attempt: int | None = None
    lane: str | None = None
    round: int | None = None
    message: str | None = None
    progress: float | None = None
    duration: int | None = None
    data: dict[str, JsonValue] | None = None


async def watch_run(request: Request) -> Response:
    """`GET /api/runs/{run_id}/events`. A viewer may leave and come back: watching changes nothing."""
    media_type = chosen_type(request, list(FORMATS))
    after, snapshot = cursor(request), wants_snapshot(request)
    view = await seen(request, run_id_in(request))
    if at_the_end(view, after):
        return Response(status_code=204)
    return stream(request, view, after, FORMATS[media_type], media_type=media_type, snapshot=snapshot)


async def seen(request: Request, run_id: UUID) -> RunView:
    """A viewer who cannot be shown anything because the store is away has had a stream that failed."""
    try:
        return await view_of(request, run_id)
    except StoreUnavailable:
        streams, tenant = request.state["streams"], request.state["tenant"]
        streams.opened(tenant, resumed=False)
        streams.failed(tenant, "unavailable")
        raise


def at_the_end(view: RunView, after: int | None) -> bool:
    """Has this viewer seen the last word? A 204 is how an `EventSource` learns to stop asking."""
    return view.status in LAST_WORDS and after == view.tail_seq


def place(request: Request, *, resumed: bool = False) -> Place:
    """A place for one more stream, taken. Raises `HttpProblem`: 503, or 429 where it is the tenant's own doing."""
    streams, tenant = request.state["streams"], request.state["tenant"]
    try:
        return streams.place(tenant)
    except NoPlace as none:
        problem = HttpProblem(none.kind, none.detail, headers={"Retry-After": "5"})
    if problem.status == 503:
        streams.opened(tenant, resumed=resumed)
        streams.failed(tenant, "refused")
    raise problem


def stream(
    request: Request,
    view: RunView,
    after: int | None,
    fmt: Format,
    *,
    media_type: str = SSE_TYPE,
    snapshot: bool = False,
    headers: Mapping[str, str] | None = None,
    held: Place | None = None,
) -> Stream:
    """The response that goes on until the run's last word, the viewer's leaving, or the server's end."""
    frames = request.state["hub"].watch(UUID(view.run_id), view, after, snapshot=snapshot, fmt=fmt)
    if (reader := request.state["reader"]) is not None:
        frames = for_as_long(frames, reader.seconds_left)
    return response(request, frames, media_type=media_type, headers=headers, resumed=bool(after), held=held)


def response(
    request: Request,
    frames: AsyncGenerator[bytes, None],
    *,
    media_type: str = SSE_TYPE,
    headers: Mapping[str, str] | None = None,
    resumed: bool = False,
    held: Place | None = None,
) -> Stream:
    """`frames` as a response. They come ready, pings too: sse-starlette adds headers and looks after the connection.

    `resumed`: they go on from a cursor. `held` is the place of the stream, where it was taken before. Raises
    `HttpProblem` 503 when this process has no place left, 429 when the tenant has none.
    """
    streams = request.state["streams"]
    taken = held or place(request, resumed=resumed)
    streams.opened(taken.tenant, resumed=resumed)
    return Stream(
        streams,
        taken,
        frames,
        media_type=media_type,
        headers=headers,
        sep="\n",
        send_timeout=SEND_SECONDS,
        cleanup_timeout=GRACE_SECONDS,
    )
