"""The whole state of a run at one position: its view, the texts so far, the parts that hold, and the results."""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from uuid import UUID

from pydantic import JsonValue

from events._drafts import Drafts, Known as Known
from events.contract import Complete, StepComplete
from events.log import Entry
from events.view import RunView

PAGE = 1000


class Readable(Protocol):
    """What a snapshot needs of a log."""

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]: ...


async def snapshot(log: Readable, view: RunView, known: Known | None = None) -> dict[str, Any]:
    """`view` as JSON with what it leaves to the log, all of it as of `view.tail_seq`. `known` makes the next one cheap.

    A step that is not finished has its `text` so far, `lanes` (text by lane, where there are any), `drafts` (text by
    lane and round, where there are rounds), `partials` (value by JSON Pointer, those that still hold) and `checkpoints`
    (which of them outlive the attempt); one that is complete has its `result`, and so has the run.
    """
    run_id = UUID(view.run_id)
    run: dict[str, Any] = {**view.model_dump(mode="json", exclude_none=True), "cost_usd": view.cost_usd}
    if view.result_seq is not None:
        run["result"] = await _result(log, run_id, view.result_seq)
    drafts = await _drafts(log, view, Known() if known is None else known)
    for step, out in zip(view.steps, run["steps"], strict=True):
        if step.result_seq is not None:
            out["result"] = await _result(log, run_id, step.result_seq)
        if (draft := drafts.of(step.step)) is not None:
            out.update(draft.json())
    return run


async def _result(log: Readable, run_id: UUID, seq: int) -> JsonValue:
    entries = await log.read(run_id, seq - 1, limit=1)
    event = entries[0].event if entries else None
    return event.data.result if isinstance(event, StepComplete | Complete) else None


async def _drafts(log: Readable, view: RunView, known: Known) -> Drafts:
    """What the unfinished steps have made so far, from what is known of that on."""
    run_id = UUID(view.run_id)
    drafts = known.take(view.run_id)
    if not drafts.goes_on_to(view) or not await _still_there(log, run_id, drafts.last):
        drafts = Drafts()
        drafts.goes_on_to(view)
    if drafts:
        async for page in _pages(log, run_id, drafts.after(), view.tail_seq):
            drafts.add(page)
        known.keep(view.run_id, drafts)
    return drafts


async def _still_there(log: Readable, run_id: UUID, last: Entry | None) -> bool:
    """A database that was restored from a backup may have gone on in another way since."""
    return last is None or await log.read(run_id, last.seq - 1, limit=1) == [last]


async def _pages(log: Readable, run_id: UUID, after: int, upto: int) -> AsyncIterator[list[Entry]]:
    while after < upto and (entries := await log.read(run_id, after, limit=min(PAGE, upto - after))):
        yield entries
        after = entries[-1].seq
