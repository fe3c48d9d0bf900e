"""Whether we live, and which part of us does not."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from api import health
from api.app import create_app
from events.errors import StoreUnavailable
from events.store import Store
from tests.api.conftest import in_process, problem, settings_with


async def test_the_process_is_alive(client: AsyncClient):
    response = await client.get("/api/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["cache-control"] == "no-store"


async def test_without_prefect_we_are_ready_and_say_that_it_is_missing(client: AsyncClient):
    response = await client.get("/api/ready")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "parts": {"store": {"status": "ready"}, "prefect": {"status": "degraded", "detail": "It does not answer."}},
    }


@pytest.mark.parametrize(("status", "expected"), [(b"200 OK", "ready"), (b"503 Busy", "degraded"), (b"", "degraded")])
async def test_prefect_is_asked_for_its_health(store: Store, status: bytes, expected: str):
    asked: list[bytes] = []

    async def prefect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(
            b"HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntrue" if status else b""
        )
        writer.close()

    server = await asyncio.start_server(prefect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        in_process(create_app(settings_with(prefect_api_url=f"http://127.0.0.1:{port}/api"), store)) as client,
    ):
        answers = [(await client.get("/api/ready")).json()["parts"]["prefect"]["status"] for _ in range(3)]

    assert answers == [expected] * 3
    assert asked == [b"GET /api/health HTTP/1.1\r\n"], "asked once, and remembered"


class Ill:
    """A store that is not well."""

    def __init__(self, store: Store, ready: Any) -> None:
        self._store, self.ready = store, ready

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_without_its_store_the_api_is_not_ready_and_says_so(store: Store):
    async def unavailable() -> None:
        raise StoreUnavailable("connection to 10.0.0.7 refused")

    ill: Any = Ill(store, unavailable)
    async with in_process(create_app(settings_with(), ill)) as client:
        response = await client.get("/api/ready")
        alive = await client.get("/api/health")

    assert problem(response) == (503, "not-ready")
    assert response.json()["parts"]["store"]["status"] == "down"
    assert "10.0.0.7" not in response.text
    assert alive.status_code == 200


async def test_a_store_that_hangs_is_down(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "STORE_SECONDS", 0.01)
    ill: Any = Ill(store, asyncio.Event().wait)
    async with in_process(create_app(settings_with(), ill)) as client:
        response = await client.get("/api/ready")

    assert problem(response) == (503, "not-ready")
