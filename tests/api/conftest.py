"""The API over a store in memory: in this process for single answers, behind a real uvicorn for streams."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2  # noqa: F401 # pyright: ignore[reportUnusedImport]
import httpx2
import pytest
import structlog
import uvicorn
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from api._idle import Idle
from api.app import create_app
from api.serve import Server, config
from events.store import Store, open_store
from settings import Settings

NOBODY = "http://127.0.0.1:9"


def settings_with(**more: Any) -> Settings:
    """Settings that no environment changes, and that point at a Prefect server and a page which are not there."""
    plain: dict[str, Any] = {"api_tokens": {}, "cors_origins": [], "database_url": None, "log_level": "INFO"}
    nowhere = {"prefect_api_url": f"{NOBODY}/api", "web_dir": "/no/page/here"}
    return Settings.model_validate({**plain, **nowhere, **more})


@pytest.fixture(autouse=True, scope="session")
def plain_log() -> None:
    """structlog's own default reads source files to adorn a traceback, which would block."""
    processors: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
    structlog.configure(processors=processors)


@pytest.fixture
def settings() -> Settings:
    return settings_with()


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """In memory, unless a test says otherwise: what stores must do is tested with them."""
    async with open_store("memory://") as opened:
        yield opened


@asynccontextmanager
async def in_process(app: Starlette, **more: Any) -> AsyncGenerator[AsyncClient]:
    """A client that calls the application itself, its lifespan around it. Answers come whole, streams at their end."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with AsyncClient(transport=ASGITransport(with_state), base_url="http://localhost", **more) as client:
            yield client


@pytest.fixture
async def client(settings: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with in_process(create_app(settings, store)) as opened:
        yield opened


class Quiet(Server):
    """In a test, the signals are pytest's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A running one; `stop` does what SIGTERM does, and returns when it is over."""

    url: str
    port: int
    server: uvicorn.Server
    task: asyncio.Task[None]

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.task

    def client(self, **more: Any) -> AsyncClient:
        # Without certificates: everything is on this machine, and they are a file to read. So is what httpx2 imports
        # when it first needs it, which is why it is imported above.
        return AsyncClient(base_url=self.url, timeout=10, verify=False, trust_env=False, **more)


@asynccontextmanager
async def running(
    settings: Settings, store: Store, port: int = 0, idle: Idle | None = None
) -> AsyncGenerator[ApiServer]:
    """The application behind uvicorn as `api.serve` sets it up, on a free port of this machine or the one given."""
    async with serving(config(settings, create_app(settings, store, idle)), port) as api:
        yield api


@asynccontextmanager
async def serving(given: uvicorn.Config, port: int = 0) -> AsyncGenerator[ApiServer]:
    """A server until the end of the block."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        port = listening.getsockname()[1]
        server = Quiet(given)
        task = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started or task.done())
        assert server.started, "the server did not start"
        api = ApiServer(f"http://127.0.0.1:{port}", port, server, task)
        try:
            yield api
        finally:
            await api.stop()


@pytest.fixture
async def api_server(settings: Settings, store: Store) -> AsyncIterator[ApiServer]:
    async with running(settings, store) as api:
        yield api


def problem(response: httpx2.Response) -> tuple[int, str]:
    """What kind of problem it is, and that it is one in form."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert body["title"] and body["detail"]
    return response.status_code, body["type"].removeprefix("/problems/")


async def until(condition: Callable[[], object]) -> None:
    """Wait for what has no event of its own; fails after some seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
