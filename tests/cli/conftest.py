"""The command line against a real API with a store in memory, and a worker that says what a test wants."""

import io
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
import structlog

from cli._client import Api, open_api
from cli._terminal import Terminal
from events.store import Store, open_store
from tests.api.conftest import running, settings_with


@pytest.fixture(autouse=True)
def silent_api() -> Iterator[None]:
    """What the API logs is not what a command prints."""

    def drop(logger: object, name: str, event: MutableMapping[str, Any]) -> NoReturn:
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[drop])
    yield
    structlog.configure(**before)


@dataclass(frozen=True, slots=True)
class Paper:
    """A console that is no terminal, and what was printed on it."""

    console: Terminal
    file: io.StringIO

    @property
    def text(self) -> str:
        return self.file.getvalue()


def new_paper(width: int = 120) -> Paper:
    file = io.StringIO()
    return Paper(Terminal(file=file, width=width), file)


@pytest.fixture
def paper() -> Paper:
    return new_paper()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with open_store("memory://") as opened:
        yield opened


@pytest.fixture
async def api(store: Store) -> AsyncIterator[Api]:
    async with running(settings_with(), store) as server, open_api(server.url) as opened:
        yield opened
