"""`stepglass retry`: a run done again, and seen through like any run."""

import asyncio
from typing import Any
from uuid import UUID

from rich.console import Console

from cli._client import Api
from cli._session import see_through
from cli.generate import parsed, read


async def retry(
    api: Api,
    console: Console,
    *,
    run_id: UUID,
    from_step: str | None,
    source: str | None,
    max_cost: float | None = None,
    json: bool = False,
) -> int:
    """Do a run again from a step on, or from the one that failed, perhaps on another input; gives the exit code."""
    given = None if source is None else parsed(await asyncio.to_thread(read, source), source)
    wish: dict[str, Any] = {"from_step": from_step, "input": given, "max_cost_usd": max_cost}
    new = await api.retry(run_id, {name: value for name, value in wish.items() if value is not None})
    code, _ = await see_through(api, new, console, json=json)
    return code
