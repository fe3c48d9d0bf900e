"""`stepglass retry`: a run done again, and seen through like any run."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from cli._client import Api
from cli._session import see_through
from cli._terminal import Terminal
from cli.generate import parsed, read


@dataclass(frozen=True, slots=True)
class Wish:
    """How to do it again: from a step on, or from the one that failed; on the input in a file, with another option."""

    from_step: str | None = None
    source: str | None = None
    max_cost: float | None = None
    on_invalid: str | None = None


async def retry(api: Api, console: Terminal, run_id: UUID, wish: Wish, *, json: bool = False) -> int:
    """Do a run again; gives the exit code."""
    source = wish.source
    given: dict[str, Any] | None = None if source is None else parsed(await asyncio.to_thread(read, source), source)
    if wish.on_invalid is not None:
        before = given if given is not None else cast("dict[str, Any]", (await api.view(run_id)).input or {})
        given = {**before, "on_invalid": wish.on_invalid}
    said: dict[str, Any] = {"from_step": wish.from_step, "input": given, "max_cost_usd": wish.max_cost}
    new = await api.retry(run_id, {name: value for name, value in said.items() if value is not None})
    code, _ = await see_through(api, new, console, json=json)
    return code
