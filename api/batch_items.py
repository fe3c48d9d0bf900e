"""What became of the items of a batch: read from the log of its run, page by page."""

from collections.abc import AsyncGenerator
from typing import Literal, cast, get_args
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import from_json
from starlette.responses import JSONResponse

from api.batches import batch_in
from api.problems import HttpProblem
from api.runs import PAGE, answer, page_size
from api.state import Request
from events.contract import Problem
from events.log import Entry
from events.outcomes import Outcomes

ItemStatus = Literal["complete", "error", "cancelled"]
STATUSES: tuple[str, ...] = get_args(ItemStatus)
# Where the step that runs them shows them in its result.
PREFIX = "/items/"
HIGHEST = 2**53


class BatchItemView(BaseModel):
    """An item that has its last word. `run_id` is the run that made it, left out where none was begun; it was `skipped`
    when an earlier batch of this name had done it."""

    key: str
    run_id: UUID | None = None
    status: ItemStatus
    skipped: bool = False
    problem: Problem | None = None


class BatchItemPage(BaseModel):
    """Items in the order in which they ended; `next_after` is the `after` of the next page, and is left out on the
    last. What ends later is behind the last page: ask for it again."""

    items: list[BatchItemView]
    next_after: str | None = None


class Items:
    """The items of a batch that have their last word. Told again, an item is what it was told to be last; what is kept
    meanwhile is where that was."""

    def __init__(self, outcomes: Outcomes, batch_id: UUID, tenant: str) -> None:
        self._outcomes = outcomes
        self._batch = batch_id, tenant

    async def behind(self, after: int = 0) -> AsyncGenerator[tuple[int, BatchItemView]]:
        """Those that were told behind a position as of now, each with where, in that order."""
        last: dict[str, int] = {}
        async for entry in self._parts(after):
            last[path_in(entry)] = entry.seq
        # What is told from now on is not looked at: it might tell again what was passed already.
        upto = max(last.values(), default=after)
        async for entry in self._parts(after, upto):
            if last.get(path_in(entry)) == entry.seq and (item := item_in(entry)) is not None:
                yield entry.seq, item

    async def _parts(self, after: int, upto: int = HIGHEST) -> AsyncGenerator[Entry]:
        while after < upto and (entries := await self._outcomes.parts(*self._batch, after)):
            for entry in entries:
                if entry.seq <= upto:
                    yield entry
            after = entries[-1].seq


def path_in(entry: Entry) -> str:
    match from_json(entry.body):
        case {"data": {"path": str(path)}}:
            return path
        case _:
            return ""


def item_in(entry: Entry) -> BatchItemView | None:
    """The item that a part is; None for any other part, and for one that was withdrawn."""
    match cast(JsonValue, from_json(entry.body)):
        case {"type": "partial", "data": {"path": str(path), "value": dict(value)}} if path.startswith(PREFIX):
            try:
                return BatchItemView.model_validate(value)
            except ValidationError:
                return None
        case _:
            return None


async def list_items(request: Request) -> JSONResponse:
    """`GET /api/batches/{batch_id}/items?status=&after=&limit=`."""
    query = request.query_params
    status, after = status_in(query.get("status")), after_in(query.get("after"))
    limit = page_size(query.get("limit", str(PAGE)))
    batch = await batch_in(request)
    items = Items(request.state["store"].outcomes, UUID(batch.run_id), request.state["tenant"])
    found: list[tuple[int, BatchItemView]] = []
    async for seq, item in items.behind(after):
        if status in (None, item.status):
            found.append((seq, item))
        if len(found) > limit:
            break
    more = str(found[limit - 1][0]) if len(found) > limit else None
    return answer(BatchItemPage(items=[item for _, item in found[:limit]], next_after=more))


def status_in(value: str | None) -> str | None:
    """`?status=`; empty is none. Raises `HttpProblem` 400."""
    if value and value not in STATUSES:
        raise HttpProblem("bad-request", f"status is none of {', '.join(STATUSES)}.")
    return value or None


def after_in(value: str | None) -> int:
    """`?after=`; empty is the beginning. Raises `HttpProblem` 400."""
    if value and not (value.isascii() and value.isdecimal() and len(value) <= 16 and int(value) <= HIGHEST):
        raise HttpProblem("bad-request", "after is not the next_after of another page.")
    return int(value or 0)
