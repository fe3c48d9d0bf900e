"""Whether a session with the database lasts: behind a transaction pooler it does not, and notifications get lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import asyncpg

from events.errors import UnsupportedStore

if TYPE_CHECKING:
    Session = asyncpg.Connection[Any]  # generic in the stubs only

_POOLER = (
    "{} is behind a transaction pooler: a session does not last, so nobody would hear of new events (LISTEN). "
    "Point DATABASE_URL at PostgreSQL itself, or at a pooler in session mode."
)


async def check_session(connection: "Session", connect: "Callable[[], Awaitable[Session]]", name: str) -> None:
    """Two statements must reach the same backend, and a NOTIFY from another session must arrive at our LISTEN.

    `connect` opens the other session; `name` is what the server is called in messages. Raises `UnsupportedStore`.
    """
    heard = asyncio.Event()
    channel = "stepglass_probe"

    def hear(*_: object) -> None:
        heard.set()

    try:
        before = await connection.fetchval("SELECT pg_backend_pid()")
        await connection.add_listener(channel, hear)
        other = await connect()
        try:
            await other.execute(f"NOTIFY {channel}")
        finally:
            await other.close(timeout=2)
        async with asyncio.timeout(2):
            await heard.wait()
        if await connection.fetchval("SELECT pg_backend_pid()") != before:
            raise UnsupportedStore(_POOLER.format(name))
    except TimeoutError:
        raise UnsupportedStore(_POOLER.format(name)) from None
    except asyncpg.InvalidSQLStatementNameError as error:
        raise UnsupportedStore(f"{_POOLER.format(name)} It answered: {error}") from error
