"""The tables of the store, brought up to date by Alembic before anyone uses them."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection
from sqlalchemy.ext.asyncio import create_async_engine

# The newest revision; a test holds it against the files. Known here so that an open store need not load Alembic.
HEAD = "0001"
# Any number, the same in every process: whoever holds this lock migrates, the others wait and find it done.
_LOCK = 7_883_700_117


async def is_current(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Are the tables there, and of this version?"""
    try:
        return await connection.fetchval("SELECT version_num FROM stepglass.alembic_version") == HEAD
    except asyncpg.UndefinedTableError:
        return False


async def migrate(dsn: str) -> None:
    """Bring the database at `dsn` (a libpq URL) up to date. Several processes may do so at once.

    Alembic reads its files and blocks, so this runs in a thread with a loop of its own.
    """
    await asyncio.to_thread(lambda: asyncio.run(_migrate(dsn)))


def run_script(bind: Connection, name: str) -> None:
    """For revisions: run a file of `sql/`, straight on asyncpg. SQLAlchemy prepares what it runs, and a prepared
    statement is one statement."""
    script = (Path(__file__).parent / "sql" / name).read_text()

    async def execute(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await connection.execute(script)

    adapted = bind.connection.dbapi_connection
    assert isinstance(adapted, AsyncAdapt_dbapi_connection)
    adapted.run_async(execute)


async def _migrate(dsn: str) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.execute(text("CREATE SCHEMA IF NOT EXISTS stepglass"))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
