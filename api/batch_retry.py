"""Doing a batch again: the same order as a new batch, in which what is complete is not done again."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from api.batch_items import Items
from api.batch_order import checked_order
from api.batches import accept, batch_in, begun
from api.body import read_json
from api.problems import HttpProblem
from api.retry import has_no_body
from api.state import Request
from api.validation import invalid, validated
from events.contract import LAST_WORDS, ProblemError
from flows.catalogue import MOST_ITEMS, BatchOrder


class BatchRetry(BaseModel):
    """What `POST /api/batches/{batch_id}/retry` takes: `keys` are the items that are to be done again; without it all
    that are not complete. Those that are neither complete nor named are not in the new batch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Annotated[list[str], Field(min_length=1, max_length=MOST_ITEMS)] | None = None


async def retry_batch(request: Request) -> JSONResponse:
    """`POST /api/batches/{batch_id}/retry`: 202 with where to watch the new batch; 409 while the old one goes on."""
    source = await batch_in(request)
    wish = BatchRetry() if has_no_body(request) else validated(BatchRetry, await read_json(request))
    if source.status not in LAST_WORDS:
        detail = f"The batch is {source.status}. It can be done again when it has ended."
        raise HttpProblem("not-finished", detail, headers={"Retry-After": "2"})
    batch_id, store, tenant = UUID(source.run_id), request.state["store"], request.state["tenant"]
    order = await checked_order(await store.runs.input(batch_id, tenant))
    if wish.keys is not None:
        items = Items(store.outcomes, batch_id, tenant)
        complete = {item.key async for _, item in items.behind() if item.status == "complete"}
        order = narrowed(order, wish.keys, complete)
    return begun(await accept(request, order, forked_from=batch_id), order)


def narrowed(order: BatchOrder, keys: list[str], complete: set[str]) -> BatchOrder:
    """The order with the named items and the complete ones. Raises `HttpProblem` 422 for keys that none of them has."""
    known = {item.key for item in order.items}
    unknown = [at for at, key in enumerate(keys) if key not in known]
    if unknown:
        raise invalid([ProblemError(pointer=f"/keys/{at}", detail="No item has this key.") for at in unknown])
    wanted = {*keys, *complete}
    return order.model_copy(update={"items": [item for item in order.items if item.key in wanted]})
