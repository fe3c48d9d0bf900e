"""A server of one run's stream that breaks connections as a test says: after so many lines, in mid-line, with a 503."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from events.log import Entry

HEAD = "HTTP/1.1 {status} X\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
OPEN = b'{"type":"stream_open","mode":"replay","oldest_seq":1,"tail_seq":9}\n'


@dataclass
class Cutting:
    """Each connection takes one of `cuts`: so many bytes of lines, or a status. When none is left it gets all of it."""

    entries: Sequence[Entry]
    cuts: list[int | str]
    port: int = 0
    cursors: list[int] = field(default_factory=list[int])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        found = re.search(r"last-event-id: (\d+)", head)
        after = int(found[1]) if found else 0
        self.cursors.append(after)
        cut = self.cuts.pop(0) if self.cuts else 10**9
        rest = [entry for entry in self.entries if entry.seq > after]
        status = cut if isinstance(cut, str) else "200" if rest else "204"
        writer.write(HEAD.format(status=status).encode())
        if status == "200" and isinstance(cut, int):
            writer.write((OPEN + b"".join(entry.line + b"\n" for entry in rest))[:cut])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def cutting(entries: Sequence[Entry], *cuts: int | str) -> AsyncGenerator[Cutting]:
    server = Cutting(entries, list(cuts))
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
