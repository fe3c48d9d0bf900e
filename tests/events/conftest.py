"""A bad network between a store and its database."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.proxy import Proxy, proxied


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket: pytest's own may be longer than sockets allow."""
    with tempfile.TemporaryDirectory(prefix="sg-") as folder:
        yield Path(folder)


@pytest.fixture
async def proxy(database_url: str, short_path: Path) -> AsyncIterator[Proxy]:
    async with proxied(database_url, short_path) as proxy:
        yield proxy
