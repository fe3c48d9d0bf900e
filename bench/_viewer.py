"""One who starts a run, ours or the bare loop's, and watches it on a bare connection: what came, and when.

As little as possible is done for each event: twenty viewers share two cores with what is measured.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tests import vision

Frame = tuple[float, bytes]
"""When it came (`time.monotonic()`), and the data of one event, without control events."""
FULL = 2**20


class Viewer:
    """One connection, kept for the POST and the stream behind it."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = urlsplit(url).netloc
        self._reader, self._writer = reader, writer
        self.posted = 0.0

    async def start(self, given: Any = None, pipeline: str = "vision_framework") -> tuple[str, AsyncGenerator[Frame]]:
        """Start one of our runs; gives its id and its events."""
        await self._send("POST", "/api/runs", {"pipeline": pipeline, "input": given or vision.BRIEF})
        head = await self._head(202)
        told = json.loads(await self._reader.readexactly(int(head["content-length"])))
        await self._send("GET", told["events_url"])
        await self._head(200)
        return told["run_id"], self._frames()

    async def cancel(self, run_id: str) -> None:
        """On a connection of its own: the stream is still on ours."""
        reader, writer = await asyncio.open_connection(*self._host.split(":"))
        writer.write(
            f"POST /api/runs/{run_id}/cancel HTTP/1.1\r\nhost: {self._host}\r\ncontent-length: 0\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def start_bare(self, run: str, steps: list[list[str]]) -> AsyncGenerator[Frame]:
        """The same of the bare loop, whose answer is the stream."""
        await self._send("POST", "/runs", {"run": run, "steps": steps})
        await self._head(200)
        return self._frames()

    async def _send(self, method: str, path: str, body: Any = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\naccept: text/event-stream\r\n{kind}\r\n"
        self.posted = self.posted or time.monotonic()
        self._writer.write(head.encode() + content)

    async def _head(self, wanted: int) -> dict[str, str]:
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        if first.split(" ")[1] != str(wanted):
            raise RuntimeError(f"Expected {wanted} of {self._host}, got: {first}")
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    async def _frames(self) -> AsyncGenerator[Frame]:
        """Whoever iterates knows the last event. Sizes of chunks stand on lines that begin with no field's name."""
        rest, named = b"", False
        while data := await self._reader.read(FULL):
            moment = time.monotonic()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"event:"):
                    named = True
                elif line.startswith(b"data:"):
                    if not named:
                        yield moment, line[5:].strip()
                    named = False


@asynccontextmanager
async def viewer(url: str) -> AsyncGenerator[Viewer]:
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=FULL)
    try:
        yield Viewer(url, reader, writer)
    finally:
        writer.close()
