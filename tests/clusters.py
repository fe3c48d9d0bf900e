"""Databases of a test's own in a cluster for all of them, and folders in which a cluster can live."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from events._roles import SUPERUSER
from events.embedded import beside

TEMPLATE = "stepglass_template"


@contextmanager
def open_folder(prefix: str) -> Generator[Path]:
    """A temporary folder that a database's server can get to also when root runs the tests, and it is another user."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@asynccontextmanager
async def own_database(url: str, *, template: str = TEMPLATE, owner: str = TEMPLATE) -> AsyncGenerator[str]:
    """A copy of `template` in the cluster at `url`; gives its URL as its owner, who is no superuser."""
    name = f"test_{uuid4().hex}"
    await administer(url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}")
    try:
        yield beside(url, name, owner)
    finally:
        await administer(url, f"DROP DATABASE {name} WITH (FORCE)")


async def administer(url: str, statement: str, database: str = "postgres") -> None:
    """Have the superuser of the cluster at `url` do what only it may."""
    connection = await asyncpg.connect(beside(url, database, SUPERUSER))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
