"""A proxy in front of anything that speaks over a socket, which does to the bytes what a bad network does.

    async with wire_to_port(server.port) as wire:        # or wire_to_socket(path, folder)
        wire.cut_after(1_000, "back")                    # the connection that carries byte 1,000 of the answers dies
        wire.piece = 1                                   # one byte at a time
        wire.flowing.clear()                             # held: nothing gets through, nothing dies
        wire.deaf = True                                 # dropped in silence: both sides think that all is well

tests/proxy.py is its cousin who understands PostgreSQL's messages, and loses an answer of one's choice.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

Direction = Literal["there", "back"]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 1 << 16


class Wire:
    """`port` where it was made for one. `passed` counts the bytes of each direction, over all connections."""

    def __init__(self, behind: Callable[[], Awaitable[Streams]]) -> None:
        self._behind = behind
        self._serving: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut: dict[Direction, int] = {}
        self.port = 0
        self.piece = CHUNK
        self.deaf = False
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.passed: dict[Direction, int] = {"there": 0, "back": 0}
        self.cuts = 0
        self.hurt = asyncio.Event()
        """Set when a connection was cut."""

    def cut_after(self, count: int, direction: Direction) -> None:
        """So many bytes from now on still get through in this direction; then their connection is reset. Once."""
        self._cut[direction] = self.passed[direction] + count
        self.hurt = asyncio.Event()

    def reset(self) -> None:
        """Every connection is thrown away now."""
        for writer in [*self._writers]:
            _throw_away(writer)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        self.flowing.set()
        self.reset()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            to_server = await self._behind()
            self._writers.add(to_server[1])
        except OSError:
            return _throw_away(writer)
        ways = [
            asyncio.create_task(self._carry(reader, to_server[1], "there")),
            asyncio.create_task(self._carry(to_server[0], writer, "back")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, to_server[1]):
                each.transport.abort()
                self._writers.discard(each)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self.flowing.wait()
                while data and not self.deaf:
                    part, data = data[: self.piece], data[self.piece :]
                    if await self._pass(part, writer, way):
                        return self._hurt(writer)
                    await asyncio.sleep(0)
            await self.flowing.wait()
            if not self.deaf:
                return
            await asyncio.Event().wait()  # who hangs up on a dead wire is not heard either

    async def _pass(self, part: bytes, writer: asyncio.StreamWriter, way: Direction) -> bool:
        """Whether the connection is to be cut behind this."""
        end = self._cut.get(way)
        over = end is not None and self.passed[way] + len(part) >= end
        if over and end is not None:
            part = part[: max(0, end - self.passed[way])]
            del self._cut[way]
        self.passed[way] += len(part)
        writer.write(part)
        await writer.drain()
        return over

    def _hurt(self, writer: asyncio.StreamWriter) -> None:
        self.cuts += 1
        self.hurt.set()
        # What was written before must still arrive: the cut is behind it.
        writer.close()


def _throw_away(writer: asyncio.StreamWriter) -> None:
    """As when the other machine is gone: a reset where the transport knows of one."""
    plain: socket.socket | None = writer.get_extra_info("socket")
    if plain is not None and plain.family == socket.AF_INET:
        with suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def wire_to_port(port: int) -> AsyncGenerator[Wire]:
    """In front of what listens on a port of this machine."""
    wire = Wire(lambda: asyncio.open_connection("127.0.0.1", port))
    server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()


@asynccontextmanager
async def wire_to_socket(path: Path, front: Path) -> AsyncGenerator[Wire]:
    """In front of the Unix socket at `path`; it is to be found at `front`."""
    wire = Wire(lambda: asyncio.open_unix_connection(str(path)))
    server = await asyncio.start_unix_server(wire.connected, front)
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
