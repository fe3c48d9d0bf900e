"""The results of a batch, a line of JSON for each item that has ended: read some at a time while they are sent."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from pydantic import JsonValue
from starlette.responses import Response

from api._jsonl import NDJSON_TYPE
from api.batch_items import BatchItemView, Items
from api.batches import batch_in
from api.headers import chosen_type
from api.state import Request
from api.watch import response
from events.contract import Complete, Problem
from events.log import Entry
from events.outcomes import Outcomes

# Results that are held at once: some hundred KB.
AT_ONCE = 50
GONE = Problem(
    type="/problems/unknown-run", title="The run is gone", detail="It was removed, and its result with it.", status=404
)


class BatchResult(BatchItemView):
    """A line of the results: the item, and its `result` where it is complete. One whose run was removed has none, and
    its `problem` says so."""

    result: JsonValue = None


async def show_results(request: Request) -> Response:
    """`GET /api/batches/{batch_id}/results`: those that have ended by now."""
    chosen_type(request, [NDJSON_TYPE])
    batch_id = UUID((await batch_in(request)).run_id)
    outcomes, tenant = request.state["store"].outcomes, request.state["tenant"]
    lines = results(outcomes, Items(outcomes, batch_id, tenant), tenant)
    name = f'attachment; filename="batch-{batch_id}.jsonl"'
    return response(request, lines, media_type=NDJSON_TYPE, headers={"Content-Disposition": name})


async def results(outcomes: Outcomes, items: Items, tenant: str) -> AsyncGenerator[bytes, None]:
    """Some lines at a time. Raises what the store raises: then the body is cut off, and whoever reads it knows."""
    some: list[BatchItemView] = []
    async for _, item in items.behind():
        some.append(item)
        if len(some) == AT_ONCE:
            yield await lines_of(outcomes, some, tenant)
            some = []
    if some:
        yield await lines_of(outcomes, some, tenant)


async def lines_of(outcomes: Outcomes, items: Sequence[BatchItemView], tenant: str) -> bytes:
    runs = {item.run_id for item in items if item.run_id is not None and item.status == "complete"}
    words = await outcomes.last_words(runs, tenant) if runs else {}
    return b"".join(line_of(item, words.get(item.run_id) if item.run_id else None) for item in items)


def line_of(item: BatchItemView, word: Entry | None) -> bytes:
    event, known = word.event if word else None, item.model_dump()
    if isinstance(event, Complete):
        known["result"] = event.data.result
    elif item.status == "complete":
        known["problem"] = GONE
    return BatchResult.model_validate(known).model_dump_json(exclude_none=True).encode() + b"\n"
