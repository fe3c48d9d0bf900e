"""Streams that are cut where a test says, and clients that go on from what they have: in process, byte by byte.

The application is called as a server would call it; a viewer who leaves is a server's word that nobody is there.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.types import Message

from api.app import create_app
from events.store import Store
from tests.api.conftest import settings_with
from tests.sse_parser import Frame, SseParser

NDJSON = {"accept": "application/x-ndjson"}
Enough = Callable[[bytes], bool]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True)
class Asgi:
    """Whoever asks over no wire at all."""

    app: Starlette
    state: dict[str, Any]

    async def get(
        self, path: str, headers: dict[str, str] | None = None, *, enough: Enough = lambda body: False, **query: Any
    ) -> Answer:
        return await self.ask("GET", path, headers, enough=enough, **query)

    async def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        content: bytes = b"",
        *,
        enough: Enough = lambda body: False,
        **query: Any,
    ) -> Answer:
        """To the end of the answer, or until there is `enough` of it, when the viewer leaves."""
        given = {"host": "localhost", "content-length": str(len(content)), **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": urlencode(query).encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "root_path": "",
            "state": dict(self.state),
        }
        heard: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]
        left, body, status = asyncio.Event(), bytearray(), 0

        async def receive() -> Message:
            if heard:
                return heard.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            body.extend(message.get("body", b""))
            if enough(bytes(body)):
                left.set()

        await self.app(scope, receive, send)
        return Answer(status, bytes(body))


@asynccontextmanager
async def asgi(store: Store, **settings: Any) -> AsyncGenerator[Asgi]:
    app = create_app(settings_with(**settings), store)
    async with app.router.lifespan_context(app) as state:
        yield Asgi(app, dict(state or {}))


@lru_cache(maxsize=256)
def whole_messages(data: bytes) -> tuple[list[Frame], str]:
    """The messages that are whole, and the last event id that an `EventSource` would have then. Do not change them."""
    parser = SseParser()
    return parser.feed(data), parser.last_id


@lru_cache(maxsize=4096)
def told(frame: Frame) -> Any:
    return frame.json


@lru_cache(maxsize=256)
def whole_lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


@dataclass
class Sse:
    """A client that is cut off again and again, and keeps what it was given in whole messages."""

    seen: list[Frame] = field(default_factory=list[Frame])
    last_id: str = ""

    def take(self, data: bytes) -> None:
        """One connection, as far as it got."""
        frames, last_id = whole_messages(data)
        self.seen += frames
        self.last_id = last_id or self.last_id

    @classmethod
    def at_every_byte(cls, data: bytes) -> Iterator["Sse"]:
        """What a client would have if its first connection were cut behind so many bytes: none, one, two …"""
        parser, seen = SseParser(), list[Frame]()
        yield Sse()
        for byte in data:
            seen += parser.feed(bytes([byte]))
            yield Sse(list(seen), parser.last_id)

    @property
    def headers(self) -> dict[str, str]:
        """What an `EventSource` sends with its next connection."""
        return {"last-event-id": self.last_id} if self.last_id else {}

    @property
    def log(self) -> list[Any]:
        return [told(frame) for frame in self.seen if frame.event == "message"]

    def controls(self, kind: str) -> list[Any]:
        return [frame.json for frame in self.seen if frame.event == kind]


@dataclass
class Lines:
    """The same for lines of JSON: half a line is none, and the cursor is the `seq` of the last one."""

    seen: list[Any] = field(default_factory=list[Any])

    def take(self, data: bytes) -> None:
        self.seen += whole_lines(data)

    @classmethod
    def at_every_byte(cls, data: bytes) -> Iterator["Lines"]:
        """As `Sse.at_every_byte`."""
        lines = whole_lines(data)
        return (Lines(lines[: data.count(b"\n", 0, cut)]) for cut in range(len(data) + 1))

    @property
    def after(self) -> int:
        return max((line["seq"] for line in self.log), default=0)

    @property
    def log(self) -> list[Any]:
        return [line for line in self.seen if "seq" in line]
