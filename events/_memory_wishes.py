"""What people want of a run in memory, whoever holds it: that it ends, that it pauses, that it goes on."""

import math

from pydantic import JsonValue

from events._record import Record
from events.contract import (
    ByData,
    Cancelled,
    CancelRequested,
    Event,
    InputReceived,
    InputReceivedData,
    ReasonData,
    RunPaused,
    RunUnpaused,
)
from events.errors import RunEnded
from events.fold import closing
from events.questions import not_asked
from events.wishes import CANCELLED


def park(record: Record, now: float, seconds: float | None) -> bool:
    """Give the run up; whether it may be claimed at once, because of what was said since the claim."""
    record.holder, record.parked_at = None, now
    if record.wake_at is None:
        record.wake_at = math.inf if seconds is None else now + seconds
    if record.view.cancel_requested:
        record.wake_at = now
    return record.awake(now)


def cancel(record: Record, by: str | None, *, held: bool) -> None:
    _not_ended(record)
    said: list[Event] = [] if record.view.cancel_requested else [CancelRequested(data=ByData(by=by))]
    if not held:
        said += closing(record.view, CANCELLED)
        said.append(Cancelled(data=ReasonData(reason=CANCELLED.detail)))
    if said:
        record.commit(said)


def pause(record: Record, now: float, by: str | None) -> bool:
    """Whether there is a holder to be told of it."""
    _not_ended(record)
    if record.view.status == "paused":
        return False
    record.commit([RunPaused(message="Paused", data=ByData(by=by))])
    if record.holder is None:
        record.wake_at = math.inf
        record.parked_at = now if record.parked_at is None else record.parked_at
    else:
        record.wake_at = None
    return record.held(now)


def unpause(record: Record, now: float, by: str | None) -> bool:
    """Whether it goes on by this."""
    _not_ended(record)
    if record.view.status != "paused":
        return False
    record.commit([RunUnpaused(message="Goes on", data=ByData(by=by))])
    record.wake_at = now
    return True


def answer(record: Record, now: float, input_id: str, value: JsonValue, by: str | None) -> bool:
    """Whether it goes on by this."""
    _not_ended(record)
    if input_id not in {each.input_id for each in record.view.asked or ()}:
        raise not_asked(input_id, [entry for entry in record.entries if entry.type == "input_received"])
    record.commit([InputReceived(message="Answered", data=InputReceivedData(input_id=input_id, value=value, by=by))])
    if record.view.status == "paused":
        return False
    record.wake_at = now
    return True


def _not_ended(record: Record) -> None:
    if record.ended:
        raise RunEnded(f"Run {record.run_id} has its last word ({record.view.status}); nothing can be wanted of it.")
