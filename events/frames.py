"""Control frames: what a stream says about itself. They carry no `id`, never move a cursor and are never stored."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from events.contract import Wire

GONE = "gone"


class StreamOpen(Wire):
    """Always first. `replay`: the log so far, then live; `live`: from the tail on; `finished`: the run has ended."""

    type: Literal["stream_open"] = "stream_open"
    mode: Literal["replay", "live", "finished"]
    oldest_seq: int
    tail_seq: int


class Working(Wire):
    """Every two seconds for a step that writes nothing."""

    type: Literal["working"] = "working"
    step: str
    elapsed_ms: int
    eta_ms: int | None = None


class Ping(Wire):
    type: Literal["ping"] = "ping"
    tail_seq: int


class StreamGap(Wire):
    """The cursor is older than the log, or ahead of it (a restored database). A `snapshot` follows."""

    type: Literal["stream_gap"] = "stream_gap"
    requested_after: int
    oldest_seq: int
    tail_seq: int
    reason: str


class Snapshot(Wire):
    """The folded state at `tail_seq`: every step's status, attempt, text so far, result and cost."""

    type: Literal["snapshot"] = "snapshot"
    tail_seq: int
    run: dict[str, Any]


class RunLeft(Wire):
    """In a feed of the runs of one status: this run is of another one since change `cursor`. In any feed, with `gone`
    for a status: there is no such run any more."""

    type: Literal["run_left"] = "run_left"
    cursor: int
    run_id: str
    status: str


Control = Annotated[StreamOpen | Working | Ping | StreamGap | Snapshot, Field(discriminator="type")]
CONTROL: TypeAdapter[Control] = TypeAdapter(Control)
