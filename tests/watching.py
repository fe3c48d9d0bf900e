"""A viewer for tests: watches through a hub, keeps what it sees, and can be waited for."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

from events.hub import Hub
from events.sse import NDJSON, SSE
from events.store import Store
from tests.check_history import Reader
from tests.sse_parser import Frame, SseParser

Json = dict[str, Any]


class Watcher:
    """`frames` in order; `log` are those that move the cursor, `control` the others; `writes` the bytes as given."""

    def __init__(self, hub: Hub, store: Store, run_id: UUID, after: int | None = None, **options: Any) -> None:
        self.run_id, self.after, self.done = run_id, after or 0, False
        self.writes: list[bytes] = []
        self.frames: list[Json] = []
        self._hub, self._store, self._options = hub, store, options
        self._cursor = after
        self._parse = _lines if options.get("fmt", SSE) is NDJSON else SseParser().feed
        self._news = asyncio.Event()

    @property
    def log(self) -> list[Json]:
        return [frame for frame in self.frames if "seq" in frame]

    @property
    def control(self) -> list[Json]:
        return [frame for frame in self.frames if "seq" not in frame]

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.control]

    @property
    def reader(self) -> Reader:
        return Reader(self.run_id, self.log, after=self.after, ended=self.done)

    async def watch(self) -> "Watcher":
        """Until the stream ends."""
        view = await self._store.runs.view(self.run_id, "default")
        async with aclosing(self._hub.watch(self.run_id, view, self._cursor, **self._options)) as stream:
            async for data in stream:
                self._saw(data)
        self.done = True
        self._saw(b"")
        return self

    async def until(self, condition: Callable[["Watcher"], object]) -> "Watcher":
        """Wait until what was seen fulfils `condition`."""
        while not condition(self):
            await self._news.wait()
        return self

    def _saw(self, data: bytes) -> None:
        self.writes.append(data)
        self.frames += [frame.json for frame in self._parse(data)]
        self._news.set()
        self._news = asyncio.Event()


def _lines(data: bytes) -> list[Frame]:
    lines = data.split(b"\n")
    assert lines.pop() == b"", "a write ends with a line"
    return [Frame("message", line.decode(), str(json.loads(line).get("seq", ""))) for line in lines]


@asynccontextmanager
async def watching(
    hub: Hub, store: Store, run_id: UUID, after: int | None = None, **options: Any
) -> AsyncGenerator[Watcher, None]:
    """A viewer in a task of its own, which leaves at the end of the block and has seen `stream_open` at its start."""
    watcher = Watcher(hub, store, run_id, after, **options)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watcher.watch())
        await watcher.until(lambda seen: seen.frames or seen.done)
        yield watcher
        task.cancel()
