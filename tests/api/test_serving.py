"""The API as a process: it starts on its own, and ends when it is told to, whoever is still there."""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from httpx2 import AsyncClient

from api.serve import Server
from events.store import Store, open_store
from tests.api.test_starting import START
from tests.api.test_watching import watching
from tests.api.writing import accept, hold, rest_of, started_with
from tests.histories import Story, simple_story

ROOT = Path(__file__).parents[2]
SERVE = "from api.serve import serve; from settings import Settings; serve(Settings())"


@dataclass
class Process:
    """An API of its own, and what it has logged so far."""

    process: asyncio.subprocess.Process
    url: str
    port: int
    log: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def client(self) -> AsyncClient:
        return AsyncClient(base_url=self.url, timeout=10, verify=False, trust_env=False)

    async def logged(self, event: str) -> dict[str, Any]:
        """Wait for a line that says this."""
        assert self.process.stderr is not None
        async with asyncio.timeout(15):
            while not (self.log and event in self.log[-1]["event"]):
                line = await self.process.stderr.readline()
                assert line, f"it ended before it said {event!r}: {self.log[-5:]}"
                self.log.append(json.loads(line))
        return self.log[-1]

    async def ended(self) -> int:
        """Its exit code, when it has ended; at once when it does not within what an operator waits."""
        assert self.process.stderr is not None
        async with asyncio.timeout(10):
            rest = await self.process.stderr.read()
            self.log += [json.loads(line) for line in rest.splitlines()]
            return await self.process.wait()

    def said(self, event: str) -> bool:
        return any(event in line["event"] for line in self.log)


@asynccontextmanager
async def serving(database_url: str) -> AsyncGenerator[Process]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": database_url, "STEPGLASS_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    api = Process(process, f"http://127.0.0.1:{port}", port)
    try:
        await api.logged("Uvicorn running on")
        yield api
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run_to_watch(store: Store) -> Any:
    run_id = await accept(store)
    writer = await hold(store, run_id)
    await writer.write(rest_of(simple_story())[:4])
    return run_id


async def test_sigterm_with_open_streams_ends_them_behind_a_whole_frame_and_then_the_process(database_url: str):
    async with open_store(database_url) as store, serving(database_url) as api, api.client() as client:
        run_id = await run_to_watch(store)
        waiting = asyncio.create_task(
            client.post("/api/runs", json=START, headers={"Prefer": "wait=60", "Idempotency-Key": "k"})
        )
        await started_with(store, "k")
        async with AsyncExitStack() as stack:
            viewers = [await stack.enter_async_context(watching(client, run_id)) for _ in range(5)]
            for viewer in viewers:
                while (await viewer.next_event())["seq"] < 5:
                    pass
            api.process.send_signal(signal.SIGTERM)
            # A stream that is cut off, instead of ended, is an error to the client.
            assert [await viewer.rest() for viewer in viewers] == [[]] * 5
        assert (await waiting).status_code == 202
        assert await api.ended() == -signal.SIGTERM
    assert api.said("Application shutdown complete")
    assert not [line for line in api.log if line["level"] in ("error", "critical")]


async def test_sigterm_does_not_wait_for_a_viewer_that_does_not_read(database_url: str):
    async with open_store(database_url) as store, serving(database_url) as api:
        run_id = await accept(store)
        story = Story().queued().started().start("brief")
        for _ in range(200):
            story.writes("brief", "x" * 50_000)
        await (await hold(store, run_id)).write(rest_of(story))
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1024)
        writer.write(f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await reader.readuntil(b"stream_open")

        api.process.send_signal(signal.SIGTERM)

        assert await api.ended() == -signal.SIGTERM
        writer.transport.abort()
    assert api.said("Application shutdown complete")


async def test_a_process_s_log_is_json_with_its_requests_and_without_tokens(database_url: str):
    async with serving(database_url) as api, api.client() as client:
        await client.get("/api/health?token=abcdefgh", headers={"X-Request-ID": "r-1"})
        line = await api.logged("request")
        api.process.send_signal(signal.SIGINT)
        await api.ended()
    assert (line["route"], line["status"], line["request_id"]) == ("/api/health", 200, "r-1")
    assert "abcdefgh" not in json.dumps(api.log)
    assert database_url not in json.dumps(api.log)


async def test_without_a_database_the_process_says_what_to_do_and_ends():
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(15):
        _, told = await process.communicate()

    assert process.returncode == 3
    assert b"No DATABASE_URL: set it, or use `stepglass up`" in told


async def test_the_api_does_not_load_the_engine():
    script = "import sys, api.app, api.serve; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(15):
        loaded, _ = await process.communicate()

    assert process.returncode == 0
    assert not {"prefect", "openai", "fastapi"} & set(loaded.decode().split())


async def test_what_is_there_when_it_has_started_is_never_looked_through_for_garbage(monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []

    async def startup(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        told.append("started")

    monkeypatch.setattr(uvicorn.Server, "startup", startup)
    monkeypatch.setattr(gc, "freeze", lambda: told.append("frozen"))
    await Server(uvicorn.Config("api.app:app")).startup()
    assert told == ["started", "frozen"]
