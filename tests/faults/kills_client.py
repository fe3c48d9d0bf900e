"""How the load and the viewers reach an API that is one of several, any of which may be away just now."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

HERE = "127.0.0.1"
GIVE_UP = 180.0
"""Seconds without a single answer after which the stack is taken for dead."""
PAUSE = 0.25


@dataclass
class Api:
    """Asks any of the APIs, and another one when that does not answer."""

    ports: list[int]
    rng: Random
    client: httpx2.AsyncClient
    refused: dict[int, int] = field(default_factory=dict[int, int])
    """Answers that told to come again, by status, and under 0 the connections that were lost."""

    async def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """The first answer that is one: what is lost or refused for now is asked for again, as clients do."""
        async with asyncio.timeout(GIVE_UP):
            while True:
                url = f"http://{HERE}:{self.rng.choice(self.ports)}{path}"
                try:
                    answer = await self.client.request(method, url, json=body, headers=dict(headers or {}))
                except httpx2.TransportError:
                    status = 0
                else:
                    status = answer.status_code
                    if status not in (429, 502, 503, 504):
                        return answer
                self.refused[status] = self.refused.get(status, 0) + 1
                await asyncio.sleep(PAUSE)


@asynccontextmanager
async def open_api(ports: list[int], rng: Random) -> AsyncGenerator[Api]:
    # A connection each time: of a server that was killed the kept ones are dead.
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=15.0, limits=limits) as client:
        yield Api(ports, rng, client)


class Refused(Exception):
    """There is no stream, but an answer with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def stream(port: int, run_id: str, after: int | None, *, lines: bool) -> AsyncGenerator[list[bytes], None]:
    """The `data` of the events of a stream as they come, control frames included; `lines` for NDJSON.

    Over a plain socket: forty of these must not cost more than what they look at. As HTTP/1.0, whose body ends with
    the connection. What stands behind the last whole frame when it ends is no event, as the grammar says.
    Raises `OSError`, `Refused`.
    """
    reader, writer = await asyncio.open_connection(HERE, port)
    try:
        accept = "application/x-ndjson" if lines else "text/event-stream"
        cursor = f"Last-Event-ID: {after}\r\n" if after is not None else ""
        path = f"/api/runs/{run_id}/events"
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {HERE}:{port}\r\nAccept: {accept}\r\n{cursor}\r\n".encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as cut:
            raise ConnectionResetError("no answer") from cut
        status = int(head.split(None, 2)[1])
        if status != 200:
            raise Refused(status)
        rest, end = b"", b"\n" if lines else b"\n\n"
        while piece := await reader.read(65536):
            *frames, rest = (rest + piece).split(end)
            yield frames if lines else [data for frame in frames for data in _data(frame)]
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def _data(frame: bytes) -> list[bytes]:
    """Our frames have one line of data each; a comment has none."""
    return [line[6:] for line in frame.split(b"\n") if line.startswith(b"data: ")]
