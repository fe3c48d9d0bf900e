"""A proxy in front of PostgreSQL's socket that breaks connections where a test says: the network on a bad day."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """`url` goes through it. Forwards everything, until told otherwise."""

    def __init__(self, behind: Path) -> None:
        self._behind = behind
        self._writers: set[asyncio.StreamWriter] = set()
        self._wires: list[_Wire] = []
        self._serving: set[asyncio.Task[Any]] = set()
        self._lose_answer: bytes | None = None
        self._lose_question: bytes | None = None
        self.url = ""
        self.away = False
        """While set, whoever connects is cut off at once."""
        self.deaf = False
        """While set, notifications do not get through, as behind a transaction pooler."""
        self.flowing = asyncio.Event()
        """While cleared, nothing gets through, and no connection dies."""
        self.flowing.set()
        self.lost = asyncio.Event()
        """Set when an answer or a question was lost."""

    def lose_answer_to(self, question: bytes) -> None:
        """The next request that contains `question` is carried out, but the connection dies before its answer."""
        self._lose_answer, self.lost = question, asyncio.Event()

    def lose(self, question: bytes) -> None:
        """The next request that contains `question` never arrives: the connection dies before it."""
        self._lose_question, self.lost = question, asyncio.Event()

    def cut(self) -> None:
        """Every connection dies now."""
        for writer in self._writers:
            writer.transport.abort()

    def hush(self) -> None:
        """The connections that said LISTEN are half open from now on: alive, but no word comes back."""
        for wire in self._wires:
            wire.mute = wire.listens

    async def close(self) -> None:
        """Cut everything and see it through: what is half closed when the loop ends complains in a later test."""
        self.flowing.set()
        self.cut()
        if self._serving:
            await asyncio.wait(self._serving)
        await asyncio.sleep(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        wire, task = _Wire(), asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self._wires.append(wire)
        with suppress(OSError):
            if not self.away:
                to_server = await asyncio.open_unix_connection(str(self._behind))
                there = asyncio.create_task(self._there(reader, to_server[1], wire))
                back = asyncio.create_task(self._back(to_server[0], writer, wire))
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
                to_server[1].transport.abort()
        writer.transport.abort()
        self._writers.discard(writer)

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: "_Wire") -> None:
        while data := await reader.read(1 << 20):
            await self.flowing.wait()
            wire.listens |= b"LISTEN" in data
            if self._lose_question and self._lose_question in data:
                self._lose_question = None
                self.lost.set()
                return
            if self._lose_answer and self._lose_answer in data:
                self._lose_answer = None
                wire.doomed = True
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: "_Wire") -> None:
        while True:
            head = await reader.readexactly(5)
            message = head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            await self.flowing.wait()
            if wire.doomed:
                # The server answers when it has committed, so this is the moment after the commit.
                self.lost.set()
                return
            if not wire.mute and not (self.deaf and head[:1] == b"A"):
                writer.write(message)
                await writer.drain()


@dataclass
class _Wire:
    """One connection: whether it listens, whether its next answer is to be lost, whether it is half open."""

    listens: bool = False
    doomed: bool = False
    mute: bool = False


@asynccontextmanager
async def proxied(url: str, folder: Path) -> AsyncGenerator[Proxy, None]:
    """A proxy in `folder` (with a short path) for the server at `url`, which names the directory of a Unix socket."""
    parts = urlsplit(url)
    proxy = Proxy(Path(parse_qs(parts.query)["host"][0]) / SOCKET)
    server = await asyncio.start_unix_server(proxy.serve, folder / SOCKET)
    proxy.url = f"{parts.scheme}://{parts.netloc}{parts.path}?host={folder}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
