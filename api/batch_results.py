"""The results of a batch, a line for each item that has ended, as JSON or as CSV: read some at a time while they are
sent."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from starlette.responses import Response

from api._csv import BOM, CSV_TYPE, Cell, rows
from api._jsonl import NDJSON_TYPE
from api.batch_items import BatchItemView, Items
from api.batches import batch_in
from api.headers import attachment, chosen_type
from api.state import Request
from api.watch import response
from events.contract import Complete, Problem
from events.log import Entry
from events.outcomes import Outcomes
from events.view import RunView
from flows.catalogue import CATALOGUE

# Results that are held at once: some hundred KB.
AT_ONCE = 50
GONE = Problem(
    type="/problems/unknown-run", title="The run is gone", detail="It was removed, and its result with it.", status=404
)
COLUMNS = (
    *("key", "run_id", "status", "skipped", "title", "headline", "cost_usd", "duration_s"),
    *("failed_step", "error", "error_detail"),
)

Format = Callable[[Outcomes, Sequence[BatchItemView], str], Awaitable[bytes]]


class BatchResult(BatchItemView):
    """A line of the results: the item, and its `result` where it is complete. One whose run was removed has none, and
    its `problem` says so."""

    result: JsonValue = None


async def show_results(request: Request) -> Response:
    """`GET /api/batches/{batch_id}/results`: those that have ended by now."""
    media_type = chosen_type(request, [NDJSON_TYPE, CSV_TYPE])
    batch = await batch_in(request)
    outcomes, tenant = request.state["store"].outcomes, request.state["tenant"]
    items = Items(outcomes, UUID(batch.run_id), tenant)
    if media_type == CSV_TYPE:
        lines, ending = results(outcomes, items, tenant, rows_of, BOM.encode() + rows([COLUMNS])), ".csv"
    else:
        lines, ending = results(outcomes, items, tenant, lines_of), ".jsonl"
    headers = attachment(batch.title, f"batch-{batch.run_id}", ending)
    return response(request, lines, media_type=media_type, headers=headers)


async def results(
    outcomes: Outcomes, items: Items, tenant: str, written: Format, head: bytes = b""
) -> AsyncGenerator[bytes, None]:
    """Some lines at a time. Raises what the store raises: then the body is cut off, and whoever reads it knows."""
    if head:
        yield head
    some: list[BatchItemView] = []
    async for _, item in items.behind():
        some.append(item)
        if len(some) == AT_ONCE:
            yield await written(outcomes, some, tenant)
            some = []
    if some:
        yield await written(outcomes, some, tenant)


async def lines_of(outcomes: Outcomes, items: Sequence[BatchItemView], tenant: str) -> bytes:
    words = await last_words(outcomes, items, tenant)
    return b"".join(line_of(item, words.get(item.run_id) if item.run_id else None) for item in items)


async def last_words(outcomes: Outcomes, items: Sequence[BatchItemView], tenant: str) -> Mapping[UUID, Entry]:
    """Those of the complete items, by run."""
    runs = {item.run_id for item in items if item.run_id is not None and item.status == "complete"}
    return await outcomes.last_words(runs, tenant) if runs else {}


def line_of(item: BatchItemView, word: Entry | None) -> bytes:
    event, known = word.event if word else None, item.model_dump()
    if isinstance(event, Complete):
        known["result"] = event.data.result
    elif item.status == "complete":
        known["problem"] = GONE
    return BatchResult.model_validate(known).model_dump_json(exclude_none=True).encode() + b"\n"


async def rows_of(outcomes: Outcomes, items: Sequence[BatchItemView], tenant: str) -> bytes:
    words = await last_words(outcomes, items, tenant)
    views = await outcomes.views({item.run_id for item in items if item.run_id is not None}, tenant)
    # In a thread: a headline is made of a whole result, which is checked first.
    return await asyncio.to_thread(lambda: rows(row_of(item, views, words) for item in items))


def row_of(item: BatchItemView, views: Mapping[UUID, RunView], words: Mapping[UUID, Entry]) -> Sequence[Cell]:
    """In the order of `COLUMNS`. Without its run an item has no more than its key and how it ended."""
    view = views.get(item.run_id) if item.run_id else None
    word = words.get(item.run_id) if item.run_id else None
    problem = item.problem or (GONE if item.status == "complete" and word is None else None)
    told = (problem.title, problem.detail) if problem else ("", "")
    known: tuple[Cell, ...] = (item.key, str(item.run_id or ""), item.status, item.skipped)
    if view is None:
        return *known, "", "", None, None, "", *told
    cost = None if view.cost_usd is None else round(view.cost_usd, 6)
    took = None if view.duration is None else view.duration / 1000
    return *known, view.title, headline(view, word), cost, took, view.failed_step, *told


def headline(view: RunView, word: Entry | None) -> str:
    """The pipeline's own line on a complete run; empty for any other."""
    pipeline, event = CATALOGUE.get(view.pipeline), word.event if word else None
    return pipeline.headline(event.data.result) if pipeline and isinstance(event, Complete) else ""
