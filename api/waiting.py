"""Waiting for a run's last word, for those who asked with `Prefer: wait`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

from api.state import Request
from api.views import full_view, view_of
from events.contract import LAST_WORDS
from events.errors import StoreUnavailable
from events.frames import Control
from events.log import Entry


class LastWordOnly:
    """A format of the hub that tells of a run nothing but that it has ended."""

    def entry(self, entry: Entry) -> bytes:
        return b"." if entry.final else b""

    def control(self, frame: Control) -> bytes:
        return b""


ONLY_LAST_WORD = LastWordOnly()


async def ended_within(request: Request, run_id: UUID, seconds: float) -> dict[str, Any] | None:
    """The full view of the run, if it ends within `seconds`; None when it does not, or nobody can tell any more.

    The run is committed: neither a server that stops nor a store that does not answer may turn that into an error. A
    client that leaves is no longer waited for. Raises `NoPlace` where the run goes on and no other wait may be open.
    """
    try:
        async with asyncio.timeout(seconds) as limit, while_wanted(request, limit):
            if await ends(request, run_id):
                return await full_view(request, run_id)
    except (TimeoutError, StoreUnavailable):
        pass
    return None


@asynccontextmanager
async def while_wanted(request: Request, limit: asyncio.Timeout) -> AsyncGenerator[None, None]:
    """Let `limit` end at once when the client leaves: its place is then free for somebody else."""

    async def listen() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        if not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time())

    listening = asyncio.create_task(listen(), name="stepglass-wait")
    try:
        yield
    finally:
        listening.cancel()


async def ends(request: Request, run_id: UUID) -> bool:
    """Waits for the last word like any viewer, counted like one: a hundred who wait for one run cost one tail."""
    view = await view_of(request, run_id)
    if view.status in LAST_WORDS:
        return True
    with request.state["streams"].place(request.state["tenant"]):
        words = request.state["hub"].watch(run_id, view, view.tail_seq, fmt=ONLY_LAST_WORD)
        async with aclosing(words):
            return any([word async for word in words])
