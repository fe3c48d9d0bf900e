"""`stepglass batch`: many runs started from a file, or the failures of an earlier batch, and seen through."""

import asyncio
import json as jsonlib
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from cli._client import Api
from cli._errors import BadInput
from cli._results import CSV, LINES, save_results
from cli._session import see_through
from cli._terminal import Terminal, say

# What only an order of one's own can say.
ORDERED = ("name", "pipeline", "concurrency", "max_cost")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which inputs, by their file, or which batch again; and how."""

    source: str | None = None
    again: UUID | None = None
    name: str | None = None
    pipeline: str | None = None
    concurrency: int | None = None
    max_cost: float | None = None
    key: str | None = None


async def batch(
    api: Api,
    console: Terminal,
    wish: Wish,
    *,
    output: Path | None = None,
    detach: bool = False,
    json: bool = False,
) -> int:
    """Start the batch and watch it, unless `detach`; gives the exit code."""
    batch_id, items = await started(api, wish)
    if detach:
        say(detached(batch_id, items, json=json))
        return 0
    code, watched = await see_through(api, batch_id, console, json=json)
    if watched is not None and output is not None:
        await save_results(api, batch_id, output, CSV if output.suffix == ".csv" else LINES)
    elif watched is not None and console.is_terminal and not json:
        hint = f"Keep the results:   stepglass export {batch_id} --format jsonl -o results.jsonl"
        console.print(hint, style="dim")
    return code


async def started(api: Api, wish: Wish) -> tuple[UUID, int]:
    """The batch, and how many items it has. Raises `BadInput` unless there is a file or a batch, and not both."""
    if (wish.source is None) == (wish.again is None):
        raise BadInput("Give a file with a line of JSON for each input, `-` for stdin, or `--retry BATCH`.")
    key = wish.key or str(uuid4())
    if wish.again is not None:
        if given := [name for name in ORDERED if getattr(wish, name) is not None]:
            raise BadInput(f"A retry is of the same order as its batch: leave out --{given[0].replace('_', '-')}.")
        return await api.retry_batch(wish.again, key)
    source = str(wish.source)
    lines = await asyncio.to_thread(read, source)
    query = {
        "name": wish.name or ("stdin" if source == "-" else Path(source).stem),
        "pipeline": wish.pipeline,
        "concurrency": wish.concurrency,
        "max_cost_usd": wish.max_cost,
    }
    return await api.start_batch(lines, query, key)


def read(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error.strerror}.") from None


def detached(batch_id: UUID, items: int, *, json: bool) -> str:
    if json:
        return jsonlib.dumps({"batch_id": str(batch_id), "items": items})
    many = "1 item" if items == 1 else f"{items:,} items"
    return f"Batch {batch_id} of {many} is accepted. Watch it:  stepglass watch {batch_id}"
