"""Running Alembic without its command line, on a connection of ours."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import AdaptedConnection, Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from events.errors import UnsupportedStore

HERE = Path(__file__).parent
# Any number, the same in every process: whoever holds this lock migrates, the others wait and find it done.
_LOCK = 7_883_700_117


async def upgrade(dsn: str, revision: str = "head") -> None:
    """Every revision that is missing, up to `revision`, in one transaction."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.execute(text("CREATE SCHEMA IF NOT EXISTS stepglass"))
            await connection.run_sync(_upgrade, revision)
    except CommandError as error:
        raise UnsupportedStore(f"The tables of the store are of another version than this program: {error}") from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def run_script(bind: Connection, name: str) -> None:
    """For revisions: run a file of `sql/`, straight on asyncpg. SQLAlchemy prepares what it runs, and a prepared
    statement is one statement."""
    script = (HERE / "sql" / name).read_text()

    async def execute(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await connection.execute(script)

    adapted = bind.connection.dbapi_connection
    assert isinstance(adapted, AdaptedConnection)
    adapted.run_async(execute)
