"""Does an HTTP server answer? Asked often and cheaply, without a client library."""

import asyncio
from contextlib import suppress

from cli._part import Probe

PATIENCE = 2.0


def answers(host: str, port: int, path: str) -> Probe:
    """A probe that is true once `GET path` is answered with anything below 500."""

    async def probe() -> bool:
        status = await status_of(host, port, path)
        return status is not None and status < 500

    return probe


async def status_of(host: str, port: int, path: str) -> int | None:
    """The status of the answer, or None when there is none within `PATIENCE`."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(host.strip("[]"), port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
    return None
