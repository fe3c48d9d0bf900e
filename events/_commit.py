"""The three questions that the appender asks of PostgreSQL: where runs end, is this stored, store this."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from events._batch import Known, RunBatch
from events._pg import Connection
from events.contract import LAST_WORDS
from events.fold import fold
from events.log import Entry
from events.view import RunView

# Characters of a problem's title that are kept to count by.
TITLE = 200

_ENDS = "SELECT run_id, tail_seq, view FROM stepglass.runs WHERE run_id = ANY ($1)"
_BETWEEN = """
    SELECT seq, type, body FROM stepglass.events
    WHERE run_id = $1 AND seq > $2 AND seq <= $3 AND type <> 'model_chunk' ORDER BY seq
"""
_THERE = "SELECT epoch, body FROM stepglass.events WHERE run_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq"
_APPEND = "SELECT outcome, tail FROM stepglass.append({})".format(", ".join(f"${number}" for number in range(1, 19)))


async def load(connection: Connection, run_ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Tail and view of the runs that exist. A kept view that is behind is folded on from the log."""
    if not run_ids:
        return {}
    found: dict[UUID, Known] = {}
    for row in await connection.fetch(_ENDS, run_ids):
        run_id, tail = UUID(str(row["run_id"])), row["tail_seq"]
        found[run_id] = Known(tail, await caught_up(connection, run_id, row["view"], tail))
    return found


async def caught_up(connection: Connection, run_id: UUID, kept: str, tail: int) -> RunView:
    """The kept view as of `tail`."""
    view = RunView.model_validate_json(kept)
    if view.tail_seq < tail:
        for row in await connection.fetch(_BETWEEN, run_id, view.tail_seq, tail):
            view = fold(view, Entry(run_id, row["seq"], row["type"], row["body"].encode()))
    return view.model_copy(update={"tail_seq": tail})


async def stored_already(connection: Connection, batch: RunBatch) -> bool:
    """Does the log hold exactly this batch where it belongs?"""
    rows = await connection.fetch(_THERE, batch.run_id, batch.known.tail, batch.tail)
    return [(row["epoch"], row["body"]) for row in rows] == [(batch.epoch, body) for body in batch.bodies]


async def write(connection: Connection, batches: Sequence[RunBatch]) -> list[str]:
    """Commit the batches, ascending by run, in one round trip; what became of each: `stored`, `moved`, `ended`, …"""
    numbered = list(enumerate(batches, 1))
    rows = await connection.fetch(
        _APPEND,
        [batch.run_id for batch in batches],
        [batch.epoch for batch in batches],
        [batch.known.tail for batch in batches],
        [batch.view.model_dump_json(exclude_defaults=True) if batch.rewritten else None for batch in batches],
        [batch.view.status if batch.rewritten else None for batch in batches],
        [batch.checkpoint for batch in batches],
        [number for number, batch in numbered for _ in batch.bodies],
        [kind for batch in batches for kind in batch.types],
        [body for batch in batches for body in batch.bodies],
        [number for number, batch in numbered for _ in batch.done],
        [step for batch in batches for step, _ in batch.done],
        [duration for batch in batches for _, duration in batch.done],
        *_totals([batch.view if batch.rewritten else None for batch in batches]),
    )
    return [row["outcome"] for row in rows]


def _totals(written: Sequence[RunView | None]) -> list[list[Any]]:
    """What is counted of runs that end here, column by column, and what all have cost; None where there is no word."""
    ended = [view if view and view.status in LAST_WORDS else None for view in written]
    return [
        [view and view.input_tokens for view in ended],
        [view and view.output_tokens for view in ended],
        [view and view.cost_usd for view in written],
        [view and view.cost_complete for view in ended],
        [view and view.problem and _short(view.problem.title) for view in ended],
        [view and view.failed_step and _short(view.failed_step) for view in ended],
    ]


def _short(words: str) -> str:
    """As a column can hold it: no NUL character, and no more than a line."""
    return words.replace("\0", "")[:TITLE]
