"""The signing key on PostgreSQL: a row, made by whoever needs it first."""

import secrets

from events._pg import Connection, Database
from events.keys import LENGTH

_MADE = "INSERT INTO stepglass.keys (purpose, key) VALUES ('signing', $1) ON CONFLICT DO NOTHING"
_KEY = "SELECT key FROM stepglass.keys WHERE purpose = 'signing'"


class PostgresKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def signing(self) -> bytes:
        return await self._database.call(_signing)


async def _signing(connection: Connection) -> bytes:
    if (key := await connection.fetchval(_KEY)) is None:
        # Of two who come first at once, one makes it, and both read that one.
        await connection.execute(_MADE, secrets.token_bytes(LENGTH))
        key = await connection.fetchval(_KEY)
    return bytes(key)
