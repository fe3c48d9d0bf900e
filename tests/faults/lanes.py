"""What stories are told on: a database, a scripted model and an address for alerts that stay, and an API and a worker
that are started, killed and started again."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from events._roles import SUPERUSER
from events.store import Store, open_store
from tests.clusters import own_database
from tests.e2e.stack import ROOT, free_port, open_stack, prefect_env
from tests.faults import points
from tests.scripted_model import ScriptedModelServer, scripted_model

PRICES = "[scripted]\ninput = 1000.0\noutput = 1000.0\n"
"""A call of the scripted model takes 46 tokens unless a script says otherwise: 4.6 cents."""
PATIENCE = 60.0
"""Seconds in which whatever is waited for has long happened."""
_EXPIRE = """
    WITH expired AS (
        UPDATE stepglass.runs SET lease_until = clock_timestamp()
        WHERE holder = $1 AND lease_until > clock_timestamp() RETURNING run_id
    ) SELECT pg_notify('stepglass_queued', '') FROM expired
"""


@dataclass
class Part:
    """A process: an API, a worker or a vacuum. `ended` gives its exit code, negative for a signal."""

    name: str
    pid: int
    diary: Path
    output: Path
    ended: "asyncio.Future[int]"

    @property
    def visits(self) -> dict[str, int]:
        return points.read(self.diary)

    async def kill(self) -> None:
        if not self.ended.done():
            with suppress(ProcessLookupError):  # it has died by itself, and the word of it is on its way
                os.kill(self.pid, signal.SIGKILL)
        await asyncio.shield(self.ended)


class Nursery:
    """Our side of `tests.faults.nursery`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._ordered: deque[asyncio.Future[tuple[int, asyncio.Future[int]]]] = deque()
        self._living: dict[int, asyncio.Future[int]] = {}

    async def start(self, order: Mapping[str, Any]) -> "tuple[int, asyncio.Future[int]]":
        """The id of the new process, and its end."""
        born: asyncio.Future[tuple[int, asyncio.Future[int]]] = asyncio.get_running_loop().create_future()
        self._ordered.append(born)
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await born

    async def hear(self) -> None:
        """What the nursery says, until it ends."""
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "code" in said:
                self._living.pop(said["pid"]).set_result(said["code"])
            elif self._ordered:
                ended = self._living[said["pid"]] = asyncio.get_running_loop().create_future()
                self._ordered.popleft().set_result((said["pid"], ended))


@asynccontextmanager
async def open_nursery(env: Mapping[str, str]) -> AsyncGenerator[Nursery]:
    """A warm process that makes others; all of them end with the block. `env` is what it reads when it loads things."""
    command = (sys.executable, "-m", "tests.faults.nursery")
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=dict(env), stdin=PIPE, stdout=PIPE)
    nursery = Nursery(process)
    assert process.stdin and process.stdout
    try:
        await process.stdout.readline()
        hearing = asyncio.create_task(nursery.hear())
        yield nursery
        process.stdin.close()
        await hearing
    finally:
        process.stdin.close()
        await process.wait()


@dataclass
class Hook:
    """Where alerts are sent to, and the ids that came."""

    port: int = 0
    came: list[str] = field(default_factory=list[str])

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
            await reader.readexactly(int(headers["content-length"]))
            self.came.append(headers["webhook-id"])
            writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # killed before it had said all
        finally:
            writer.close()


class Lane:
    """One place where stories are told, one after the other. Made by `open_lane`."""

    def __init__(
        self,
        folder: Path,
        url: str,
        nursery: Nursery,
        model: ScriptedModelServer,
        hook: Hook,
        store: Store,
        prefect: str,
    ) -> None:
        self.url, self.model, self.hook, self.store = url, model, hook, store
        self.port = free_port()
        self.http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE, limits=httpx2.Limits(max_connections=20)
        )
        self.parts: dict[str, Part] = {}
        self.prefect = prefect
        self._folder, self._nursery = folder, nursery
        self._count = 0
        self._starting: asyncio.Task[Part] | None = None
        folder.mkdir()
        (folder / "prices.toml").write_text(PRICES)

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "OPENAI_"))}
        return clean | {
            "DATABASE_URL": self.url,
            "OPENAI_BASE_URL": self.model.url,
            "STEPGLASS_MODEL_HEAVY": "scripted",
            "STEPGLASS_MODEL_LIGHT": "scripted",
            "STEPGLASS_PRICES": str(self._folder / "prices.toml"),
            "STEPGLASS_DATA_DIR": str(self._folder),
            "STEPGLASS_PORT": str(self.port),
            "STEPGLASS_RUNS_PER_MINUTE": "100000",
            "STEPGLASS_WEBHOOK_URL": f"http://127.0.0.1:{self.hook.port}/",
            **({**prefect_env(self.prefect), "PREFECT_HOME": str(self._folder)} if self.prefect else {}),
        }

    async def start(
        self,
        name: str,
        *,
        crash_at: str | None = None,
        env: Mapping[str, str] | None = None,
        set: Mapping[str, Any] | None = None,
        plant: str | None = None,
    ) -> Part:
        """Start a part anew; one that was there of the same name is killed before."""
        # Not ended half-way, or nobody would know of the process.
        self._starting = asyncio.create_task(self._start(name, crash_at, dict(env or {}), dict(set or {}), plant))
        return await asyncio.shield(self._starting)

    async def _start(
        self, name: str, crash_at: str | None, env: dict[str, str], set: dict[str, Any], plant: str | None
    ) -> Part:
        await self._kill(name)
        self._count += 1
        diary, output = (self._folder / f"{name}-{self._count}.{ending}" for ending in ("points", "log"))
        order = {"part": name, "env": self.environment() | env, "set": set, "plant": plant}
        files = {"diary": str(diary), "output": str(output), "crash_at": crash_at}
        pid, ended = await self._nursery.start(order | files)
        self.parts[name] = part = Part(name, pid, diary, output, ended)
        return part

    async def stop(self, name: str) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        await self._kill(name)

    async def _kill(self, name: str) -> None:
        if part := self.parts.pop(name, None):
            await part.kill()
            part.diary.unlink(missing_ok=True)

    async def going(self, name: str, **how: Any) -> Part:
        """The part of this name: the one that is there, or a new one."""
        part = self.parts.get(name)
        return await self.start(name, **how) if part is None or part.ended.done() else part

    async def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
        """What the API answers, asked again for as long as nobody answers, as a good client does it."""
        headers = {"Idempotency-Key": key} if key else {}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    said = await self.http.request(method, path, json=body, headers=headers)
                    if said.status_code < 500:
                        return said
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.02)

    async def sql(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def expire(self, part: Part) -> None:
        """Let the time pass that the leases of a worker that is dead still have."""
        await self.sql(_EXPIRE, f"{socket.gethostname()}:{part.pid}")


@asynccontextmanager
async def open_lane(
    admin: str, template: str, nursery: Nursery, folder: Path, prefect: str = ""
) -> AsyncGenerator[Lane]:
    """A lane with a database of its own, made from `template`; `admin` is the URL of a database in the same cluster."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(own_database(admin, template=template, owner=template))
        model = await stack.enter_async_context(scripted_model())
        hook = Hook()
        server = await stack.enter_async_context(await asyncio.start_server(hook.hear, "127.0.0.1", 0))
        hook.port = server.sockets[0].getsockname()[1]
        store = await stack.enter_async_context(open_store(url))
        lane = Lane(folder, url, nursery, model, hook, store, prefect)
        await stack.enter_async_context(lane.http)
        try:
            yield lane
        finally:
            for part in list(lane.parts):
                await lane.stop(part)


@asynccontextmanager
async def open_prefect(admin: str) -> AsyncGenerator[str]:
    """A Prefect server on a database of its own; gives the URL of its API."""
    async with own_database(admin, template="template1", owner=SUPERUSER) as url:
        with tempfile.TemporaryDirectory(prefix="stepglass-prefect-") as folder:
            async with open_stack(Path(folder), url, "") as stack:
                await stack.prefect()
                yield stack.prefect_url
