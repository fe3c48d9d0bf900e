"""A batch out of a file: a line for each item, which is an input, or an input under a key."""

import json
from pathlib import Path

from pydantic import BaseModel, JsonValue, ValidationError

from events.text import unsafe_in_line
from flows._deployed import CannotStart, NothingToDo, refuse_unsafe
from flows._pipeline import Pipeline
from flows.catalogue import find
from steps.batch.order import MOST_ITEMS, BatchItem, BatchOrder, key_of

MOST_BYTES = 64 * 1024 * 1024
TOLD = 3
"""Lines that are named of those that are wrong."""


class _Line(BaseModel):
    key: str | None = None
    input: dict[str, JsonValue]


def order_from(folder: Path, file: str, pipeline: str, concurrency: int) -> BatchOrder:
    """The batch that a file in `folder` asks for, named like it. Raises `CannotStart`, and `NothingToDo` where there is
    no such file, or nothing in it."""
    try:
        found = find(pipeline)
    except LookupError as error:
        raise CannotStart(str(error)) from error
    items = items_of(text_of(folder, file), file, found)
    if not items:
        raise NothingToDo(f"There is nothing in {file}: a line for each item would be done.")
    try:
        return BatchOrder(name=Path(file).stem[:100], pipeline=pipeline, concurrency=concurrency, items=items)
    except ValidationError as error:
        raise CannotStart(f"{file} is no batch: {error.errors(include_input=False)[0]['msg']}.") from error


def text_of(folder: Path, file: str) -> str:
    """Of a file inside of `folder`, and of none outside of it, whatever it is called."""
    if unsafe := unsafe_in_line(file):
        raise CannotStart(f"The name of the file holds {unsafe}, which no name may hold.")
    root, path = folder.resolve(), (folder / file).resolve()
    if not file or path == root or not path.is_relative_to(root):
        raise CannotStart(f"{file!r} is no name of a file in {root}.")
    if not path.is_file():
        raise NothingToDo(f"There is no file {file}: put one into {root}, with an input as JSON on each line.")
    if path.stat().st_size > MOST_BYTES:
        raise CannotStart(f"{file} has more than {MOST_BYTES // 1024 // 1024} MB.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"{file} cannot be read: {type(error).__name__}.") from error


def items_of(text: str, file: str, pipeline: Pipeline) -> list[BatchItem]:
    """One for each line that has anything on it. Raises `CannotStart` with the lines that are none."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) > MOST_ITEMS:
        raise CannotStart(f"{file} has {len(lines):,} lines; {MOST_ITEMS:,} may be.")
    items: list[BatchItem] = []
    wrong: list[str] = []
    for number, line in lines:
        try:
            items.append(item_of(line, pipeline))
        except CannotStart as error:
            raise CannotStart(f"{file}, line {number}, {error}") from None
        except (ValueError, RecursionError):  # a ValidationError is one, and what json raises
            wrong.append(str(number))
    if wrong:
        more = "" if len(wrong) <= TOLD else f" and {len(wrong) - TOLD:,} more"
        words = f"line {wrong[0]}" if len(wrong) == 1 else f"lines {', '.join(wrong[:TOLD])}{more}"
        raise CannotStart(f'{file}, {words}: neither an input as JSON, nor {{"key": …, "input": …}}.')
    return items


def no_number(said: str) -> None:
    """JSON has no NaN and no infinity, which `json` would read."""
    raise ValueError(said)


def item_of(line: str, pipeline: Pipeline) -> BatchItem:
    """The input in the form of its model, as it comes from elsewhere, so that it is the same item. One that does not
    fit stays as it is: it fails alone, and says why. Raises `ValueError`, and `CannotStart` for an unsafe text."""
    plain: JsonValue = json.loads(line, parse_constant=no_number)
    refuse_unsafe(plain)
    json.dumps(plain, ensure_ascii=False).encode()  # half a surrogate pair is text that nobody could store
    match plain:
        case {"input": dict(), **rest} if not rest.keys() - {"key"}:
            told = _Line.model_validate(plain)
        case _:
            told = _Line.model_validate({"input": plain})
    given = told.input
    try:
        given = pipeline.input_model.model_validate(given).model_dump(mode="json")
    except ValidationError:
        pass
    return BatchItem(key=told.key or key_of(given), input=given)
