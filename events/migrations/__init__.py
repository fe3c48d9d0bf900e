"""The tables of the store, brought up to date by Alembic before anyone uses them."""

import asyncio

import asyncpg

# The newest revision; a test holds it against the files. Known here so that an open store need not load Alembic.
HEAD = "0018"


async def is_current(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Are the tables there, and of this version?"""
    try:
        return await connection.fetchval("SELECT version_num FROM stepglass.alembic_version") == HEAD
    except asyncpg.UndefinedTableError:
        return False


async def migrate(dsn: str) -> None:
    """Bring the database at `dsn` (a libpq URL) up to date. Several processes may do so at once.

    Alembic reads its files and blocks, so this runs in a thread with a loop of its own.
    Raises `UnsupportedStore` for tables that are newer than this version.
    """
    await asyncio.to_thread(_migrate, dsn)


def _migrate(dsn: str) -> None:
    # Loaded here only: it takes a quarter of a second, and a store that is up to date never needs it.
    from events.migrations._upgrade import upgrade

    asyncio.run(upgrade(dsn))
