"""The network between a browser and the API, to be cut by a story. A browser that is told to be offline keeps the
streams that it has; this takes them away too."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Forwards every connection to a port of this machine, until it is cut."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0
        self.away = False

    def cut(self) -> None:
        """Every connection dies now, and new ones do until it is mended."""
        self.away = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self.away = False

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._talk(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        self.cut()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            if self.away:
                return
            with suppress(OSError):
                back, there = await asyncio.open_connection("127.0.0.1", self._to)
                writers.add(there)
                self._writers |= writers
                await asyncio.gather(_carry(reader, there), _carry(back, writer))
        finally:
            self._writers -= writers
            for each in writers:
                each.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@asynccontextmanager
async def wire(to: int) -> AsyncGenerator[Wire]:
    wire = Wire(to)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
