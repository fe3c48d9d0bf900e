"""What people want of a run on PostgreSQL, whoever holds it: that it ends, that it pauses, that it goes on.

Each is one transaction, behind a lock on the run's row, so that nobody can come between. What is said stands last in
it: saying it locks the list of the tenant's changes, for which everybody else waits until the commit.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from events._batch import Item, Known, plan
from events._commit import caught_up, write
from events._pg import Connection, Row
from events.contract import (
    LAST_WORDS,
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
from events.errors import RunEnded, UnknownRun
from events.fold import closing
from events.log import Entry, encode
from events.questions import not_asked
from events.wishes import CANCELLED

_LOCK = """
    SELECT status, tail_seq, view, cancel_requested, holder IS NOT NULL AS taken,
        holder IS NOT NULL AND lease_until > clock_timestamp() AS held
    FROM stepglass.runs WHERE run_id = $1 AND tenant = $2 FOR UPDATE
"""
# Whoever holds the run parks it by itself; of a holder that was lost, the next one does.
_STOP = """
    UPDATE stepglass.runs SET
        wake_at = CASE WHEN holder IS NULL THEN 'infinity'::timestamptz END,
        parked_at = CASE WHEN holder IS NULL THEN coalesce(parked_at, clock_timestamp()) END
    WHERE run_id = $1
"""
_ANSWERS = "SELECT body FROM stepglass.events WHERE run_id = $1 AND type = 'input_received'"
_WAKE = "UPDATE stepglass.runs SET wake_at = clock_timestamp() WHERE run_id = $1"


async def cancel(connection: Connection, run_id: UUID, tenant: str, by: str | None) -> bool:
    """As `Runs.request_cancel` says."""
    row, known = await _locked(connection, run_id, tenant)
    said: list[Event] = [] if row["cancel_requested"] else [CancelRequested(data=ByData(by=by))]
    if not row["held"]:
        said += closing(known.view, CANCELLED)
        said.append(Cancelled(data=ReasonData(reason=CANCELLED.detail)))
    if row["held"]:
        await _tell_holder(connection, run_id)
    if said:
        await _say(connection, run_id, said, known)
    return not row["held"]


async def pause(connection: Connection, run_id: UUID, tenant: str, by: str | None) -> None:
    """As `Runs.pause` says."""
    row, known = await _locked(connection, run_id, tenant)
    if known.view.status == "paused":
        return
    await connection.execute(_STOP, run_id)
    if row["held"]:
        await _tell_holder(connection, run_id)
    await _say(connection, run_id, [RunPaused(message="Paused", data=ByData(by=by))], known)


async def unpause(connection: Connection, run_id: UUID, tenant: str, by: str | None) -> None:
    """As `Runs.unpause` says."""
    row, known = await _locked(connection, run_id, tenant)
    if known.view.status != "paused":
        return
    await _wake(connection, run_id, row)
    await _say(connection, run_id, [RunUnpaused(message="Goes on", data=ByData(by=by))], known)


async def answer(
    connection: Connection, run_id: UUID, tenant: str, input_id: str, value: JsonValue, by: str | None
) -> None:
    """As `Runs.answer` says."""
    row, known = await _locked(connection, run_id, tenant)
    if input_id not in {each.input_id for each in known.view.asked or ()}:
        rows = await connection.fetch(_ANSWERS, run_id)
        raise not_asked(input_id, [Entry(run_id, 1, "input_received", row["body"].encode()) for row in rows])
    if known.view.status != "paused":
        await _wake(connection, run_id, row)
    data = InputReceivedData(input_id=input_id, value=value, by=by)
    await _say(connection, run_id, [InputReceived(message="Answered", data=data)], known)


async def _locked(connection: Connection, run_id: UUID, tenant: str) -> tuple[Row, Known]:
    row = await connection.fetchrow(_LOCK, run_id, tenant)
    if row is None:
        raise UnknownRun(f"There is no run {run_id}.")
    view = await caught_up(connection, run_id, row["view"], row["tail_seq"])
    if view.status in LAST_WORDS:
        raise RunEnded(f"Run {run_id} has its last word ({view.status}); nothing can be wanted of it.")
    return row, Known(row["tail_seq"], view)


async def _wake(connection: Connection, run_id: UUID, row: Row) -> None:
    """There is something to go on with: for a worker, or for the one that is about to park the run."""
    await connection.execute(_WAKE, run_id)
    if row["taken"]:
        await _tell_holder(connection, run_id)
    else:
        await connection.execute("SELECT pg_notify('stepglass_queued', '')")


async def _tell_holder(connection: Connection, run_id: UUID) -> None:
    await connection.execute("SELECT pg_notify('stepglass_control', $1)", str(run_id))


async def _say(connection: Connection, run_id: UUID, events: Sequence[Event], known: Known) -> None:
    """Append without an epoch to a run whose row we have locked."""
    item = Item(run_id, None, [(event, encode(event)) for event in events], asyncio.get_running_loop().create_future())
    outcomes = await write(connection, [plan(run_id, [item], known)])
    assert outcomes == ["stored"], outcomes
