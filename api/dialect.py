"""The older, smaller dialect of `generate-stream`: `{type, step?, message?, data?, progress?, duration?}`.

A pure function of the log, entry by entry, so that a viewer who comes back anywhere sees the rest of the same. It has
six types. What happens between the steps is `progress`; text, partial results and usage are not in it.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from events.contract import (
    Cancelled,
    CancelRequested,
    Complete,
    Error,
    Event,
    InputReceived,
    InputRequired,
    Problem,
    Progress,
    RunPaused,
    RunQueued,
    RunResumed,
    RunStart,
    RunUnpaused,
    StepComplete,
    StepError,
    StepEvent,
    StepRetry,
    StepSkipped,
    StepStart,
)
from events.frames import Control, Ping
from events.log import Entry


class SmallEvent(BaseModel):
    """One event of the small dialect. `data` is the result for `step_complete` and `complete`, a problem for errors;
    `progress` is of the whole run, 0 to 100; `duration` is in milliseconds."""

    type: Literal["step_start", "step_complete", "step_error", "progress", "complete", "error"]
    step: str | None = None
    message: str
    data: JsonValue = None
    progress: float | None = None
    duration: int | None = None


UNTOLD = frozenset({"model_chunk", "partial", "partial_withdrawn", "usage"})
Told = tuple[str, str, Any]
"""Type, message for want of a better one, and data (None for none)."""


class SmallDialect:
    """The dialect as a format of the hub. An id is that of the log's event, so that `Last-Event-ID` works."""

    def entry(self, entry: Entry) -> bytes:
        event = None if entry.type in UNTOLD else entry.event
        if event is None:
            return b""
        told = json.dumps(translate(event), ensure_ascii=False, separators=(",", ":"))
        return b"id: %d\ndata: %b\n\n" % (entry.seq, told.encode())

    def control(self, frame: Control) -> bytes:
        """Not in this dialect. A ping is a comment, which finds the dead connection and reaches no reader."""
        return b": ping\n\n" if isinstance(frame, Ping) else b""


SMALL_DIALECT = SmallDialect()


def translate(event: Event) -> dict[str, JsonValue]:
    """An event in this dialect."""
    type_, message, data = told_by(event)
    words: dict[str, Any] = {
        "type": type_,
        "step": event.step if isinstance(event, StepEvent) else None,
        "message": event.message or message,
        "data": data,
        "progress": event.progress,
        "duration": event.duration,
    }
    return {name: value for name, value in words.items() if value is not None}


def told_by(event: Event) -> Told:
    match event:
        case StepStart(step=step, attempt=attempt):
            return "step_start", f"{step} has started" + (f" (attempt {attempt})" if attempt > 1 else ""), None
        case StepComplete(step=step, data=data):
            return "step_complete", f"{step} is complete", data.result
        case StepError(data=data):
            return "step_error", data.problem.detail, plain(data.problem)
        case Complete(data=data):
            return "complete", "Complete", data.result
        case Error(data=data):
            return "error", data.problem.detail, plain(data.problem)
        case Cancelled(data=data):
            return "error", f"Cancelled: {data.reason}", plain(Problem(title="cancelled", detail=data.reason))
        case _:
            return "progress", between(event), None


def between(event: Event) -> str:
    """What to say of an event that neither begins nor ends a step, where the writer said nothing."""
    match event:
        case RunQueued():
            return "Queued"
        case RunStart():
            return "Started"
        case RunResumed(data=data):
            return f"Resumed: {data.reason}"
        case Progress(step=step, data=data):
            done = data.step_progress
            return f"{step} is going on" if done is None else f"{step}: {done:.0f} %"
        case StepRetry(step=step, data=data):
            return f"{step} tries again in {data.next_attempt_in_ms / 1000:.1f} s: {data.problem.detail}"
        case StepSkipped(step=step, data=data):
            return f"{step} is skipped: {data.reason}"
        case InputRequired(data=data):
            return data.prompt
        case InputReceived():
            return "Answer received"
        case RunPaused():
            return "Paused"
        case RunUnpaused():
            return "Going on"
        case CancelRequested():
            return "Cancel requested"
        case _:
            return event.type.replace("_", " ").capitalize()


def plain(problem: Problem) -> dict[str, Any]:
    return problem.model_dump(mode="json", exclude_none=True)
