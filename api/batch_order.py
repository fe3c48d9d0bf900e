"""What a batch is to do, from a body of JSON or of lines: every item is checked before anything is accepted."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails, to_json

from api._jsonl import NDJSON_TYPE, Line, lines_in
from api.body import MAX_BODY, content_type, json_in, read, unsafe_texts
from api.problems import HttpProblem
from api.state import Request
from api.validation import MOST, invalid, violation, violations
from events.contract import ProblemError
from flows.catalogue import CATALOGUE, MOST_ITEMS, BatchOrder, Pipeline, key_of

BATCH = "batch"
TYPES = ("application/json", NDJSON_TYPE)
MAX_BATCH, MAX_SECONDS = 16 * 1024 * 1024, 60.0
NUMBERS = {"concurrency": int, "max_cost_usd": float}


class BatchLine(BaseModel):
    """A line of a body of lines. The input alone will do as well; what has no key is known by its content."""

    key: str | None = None
    input: dict[str, Any]


async def order_in(request: Request) -> BatchOrder:
    """The order in a body, all of it checked. Raises `HttpProblem` 4xx; of lines it says which."""
    media_type = content_type(request, TYPES)
    body = await read(request, MAX_BATCH, MAX_SECONDS)
    query = asked_for(request.query_params)
    # In a thread: a large batch takes a second, in which others want to be answered.
    return await asyncio.to_thread(of_lines, body, query) if media_type == NDJSON_TYPE else await checked_order(body)


async def checked_order(document: JsonValue | bytes, at: str = "") -> BatchOrder:
    """A document, or the JSON of one, as an order, each input in the form of its pipeline's. Raises `HttpProblem` 4xx;
    `at` is where the document stands."""

    def check() -> BatchOrder:
        return order_of(json_in(document) if isinstance(document, bytes) else document, at)

    return await asyncio.to_thread(check)


def of_lines(body: bytes, query: Mapping[str, JsonValue]) -> BatchOrder:
    lines = lines_in(body, MOST_ITEMS)
    return order_of({**query, "items": [item_of(line.document) for line in lines]}, lines=lines)


def asked_for(query: Mapping[str, str]) -> dict[str, JsonValue]:
    """What stands beside the items, from the query: empty is none. Of a number that is none we say so later."""
    found: dict[str, JsonValue] = {}
    for name in ("name", "pipeline", *NUMBERS):
        if value := query.get(name):
            try:
                found[name] = NUMBERS.get(name, str)(value)
            except ValueError:
                found[name] = value
    return found


def item_of(document: JsonValue) -> JsonValue:
    """A line as an item: `{"key"?, "input"}`, or the input alone."""
    match document:
        case {"input": dict() as given, **rest} if not rest.keys() - {"key"}:
            return {"input": given} if rest.get("key") is None else {"key": rest["key"], "input": given}
        case _:
            return {"input": document}


def order_of(document: JsonValue, at: str = "", *, lines: Sequence[Line] = ()) -> BatchOrder:
    """Raises `HttpProblem` 422 with what is wrong, by item, and 413 for an item larger than the input of a run may be;
    `lines` are those that the items came in."""
    errors: list[ProblemError] = []
    if isinstance(document, dict):
        beside: JsonValue = {name: value for name, value in document.items() if name != "items"}
        bounded(beside, "What stands beside the items")
        document, errors = with_checked_items(document, keyless=bool(lines))
        errors = [*unsafe_texts(beside), *errors]
    try:
        order = BatchOrder.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        errors += [violation(each, document, "") for each in found if not told_already(each, keyless=bool(lines))]
        raise refused(at, lines, errors) from None
    if errors:
        raise refused(at, lines, errors)
    return order


def told_already(error: ErrorDetails, *, keyless: bool) -> bool:
    """Which items have the same key was told at their places; a line that got no key is wrong otherwise."""
    return error["type"] == "same_key" or (keyless and error["type"] == "missing" and error["loc"][-1] == "key")


def with_checked_items(
    order: dict[str, JsonValue], *, keyless: bool
) -> tuple[dict[str, JsonValue], list[ProblemError]]:
    """The order with its inputs as they are stored, and what is wrong with them and their keys, until that is enough.
    Where they may be `keyless` they get keys."""
    pipeline, errors = pipeline_in(order)
    items, keys = order.get("items"), dict[str, int]()
    if pipeline is None or not isinstance(items, list) or len(items) > MOST_ITEMS:
        return order, errors
    checked: list[JsonValue] = []
    for at, item in enumerate(items):
        bounded(item, f"Item {at}")
        if len(errors) <= MOST:
            errors += unsafe_texts(item, f"/items/{at}")
        if isinstance(item, dict) and "input" in item and len(errors) <= MOST:
            item, wrong = checked_item(pipeline, item, f"/items/{at}", keyless=keyless)
            errors += wrong
            if isinstance(key := item.get("key"), str) and (first := keys.setdefault(key, at)) != at:
                errors.append(ProblemError(pointer=f"/items/{at}/key", detail=f"Item {first} has the same key."))
        checked.append(item)
    return {**order, "items": checked}, errors


def bounded(document: JsonValue, what: str) -> None:
    """One item alone must not take longer to be refused than the input of one run."""
    if len(to_json(document)) > MAX_BODY:
        raise HttpProblem("body-too-large", f"{what} is larger than {MAX_BODY // 1024} KB.")


def pipeline_in(order: Mapping[str, JsonValue]) -> tuple[Pipeline | None, list[ProblemError]]:
    """The pipeline of the items. What is no name at all the order itself tells of."""
    named = order.get("pipeline", BatchOrder.model_fields["pipeline"].default)
    if not isinstance(named, str):
        return None, []
    names = sorted(name for name, each in CATALOGUE.items() if not each.aside)
    if named not in names:
        detail = f"There is no pipeline {named!r} for items; there is {', '.join(names)}."
        return None, [ProblemError(pointer="/pipeline", detail=detail)]
    return CATALOGUE[named], []


def checked_item(
    pipeline: Pipeline, item: dict[str, JsonValue], at: str, *, keyless: bool
) -> tuple[dict[str, JsonValue], list[ProblemError]]:
    given, errors = item["input"], list[ProblemError]()
    try:
        given = cast(JsonValue, pipeline.input_model.model_validate(given).model_dump(mode="json"))
    except ValidationError as error:
        errors = violations(error, given, f"{at}/input")
    if keyless and "key" not in item and isinstance(given, dict):
        item = {"key": key_of(given), **item}
    return {**item, "input": given}, errors


def refused(at: str, lines: Sequence[Line], errors: Sequence[ProblemError]) -> HttpProblem:
    """With where each stands in the whole body, in the order of the items; in lines with their numbers, too. Once each:
    what is no object is none for the order and for its pipeline."""
    found: dict[str, ProblemError] = {}
    for error in sorted(errors, key=item_at):
        number = item_at(error)
        line = f"Line {lines[number].number}: " if 0 <= number < len(lines) else ""
        told = ProblemError(pointer=at + error.pointer, detail=line + error.detail)
        found.setdefault(told.pointer, told)
    return invalid(list(found.values()))


def item_at(error: ProblemError) -> int:
    """The number of the item that it is about; -1 for the order itself."""
    match error.pointer.split("/"):
        case ["", "items", number, *_] if number.isdecimal():
            return int(number)
        case _:
            return -1


def stored(order: BatchOrder) -> JsonValue:
    """As the run of a batch is started with it."""
    return cast(JsonValue, order.model_dump(mode="json"))
