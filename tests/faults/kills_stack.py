"""The whole of Stepglass as real processes that are started again at once, as an operator's supervisor would."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import asyncpg
import psutil

from cli._children import lives
from cli._prefect import server_env
from cli._probe import status_of
from events._premises import socket_dir
from tests.e2e.stack import LOGIN, Part, Stack, free_port, until
from tests.scripted_model import closed_port

Kind = Literal["worker", "API", "PostgreSQL", "Prefect server"]
HERE = "127.0.0.1"
START = 180.0
"""Seconds that a part may take to start where many others want the processor, too."""
ENV = {"STEPGLASS_LEASE": "10"}
"""As it is by default. A shorter one than the 8 s that a statement may take is lost to every pause of the database."""
BREATH = 0.5
"""Seconds before a part is started again that ended by itself."""


@dataclass
class Replica:
    """One place in the stack, and the process that holds it now.

    `back` are the seconds from each end of a process until the next one was ready; `alone` what it said when it ended
    though nobody had killed it.
    """

    name: str
    kind: Kind
    start: Callable[[bool], Awaitable[Part]]
    ready: Callable[[Part], Awaitable[bool]]
    loops: Callable[[], bool] = lambda: False
    part: Part | None = None
    asked: bool = False
    on_uvloop: bool = False
    back: list[float] = field(default_factory=list[float])
    alone: list[str] = field(default_factory=list[str])

    async def up(self) -> bool:
        """Whether it can be used now."""
        part = self.part
        return part is not None and part.process.returncode is None and await self.ready(part)

    async def keep(self) -> None:
        """Run it, and again whenever it ends; until cancelled."""
        ended = None
        while True:
            self.asked, self.on_uvloop = False, self.loops()
            self.part = part = await self.start(self.on_uvloop)
            await self._until_ready(part)
            if ended is not None and part.process.returncode is None:
                self.back.append(time.monotonic() - ended)
                ended = None
            await part.process.wait()
            ended = ended or time.monotonic()
            if not self.asked:
                said = part.output.read_text(errors="replace").splitlines()
                self.alone.append(f"{self.name} ended with {part.process.returncode}: {' | '.join(said[-3:])}")
                await asyncio.sleep(BREATH)

    async def _until_ready(self, part: Part) -> None:
        async def ready() -> bool:
            return part.process.returncode is not None or await self.ready(part)

        await until(ready, f"{part.output} is ready", START)


@dataclass
class Site:
    """What is running, and where it is reached."""

    stack: Stack
    replicas: list[Replica]
    ports: list[int]
    account: Path
    model: Part

    @property
    def data(self) -> Path:
        return self.stack.folder / "postgres"

    def postmaster(self) -> int | None:
        """The process that is the database's server, by the file in which it says so."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return None

    async def all_up(self) -> None:
        for replica in self.replicas:
            await until(replica.up, f"{replica.name} is up", START)


@asynccontextmanager
async def open_site(
    folder: Path, rng: Random, *, workers: int, apis: int, every: float, length: float
) -> AsyncGenerator[Site]:
    """Everything started and ready; nothing is left of it afterwards. `every` and `length` are the model's.

    `folder` is there, and whoever the database's server runs as may go through those above it.
    """
    url = f"postgresql://stepglass@/stepglass?host={socket_dir((folder / 'postgres').resolve())}"
    model_port = closed_port()
    stack = Stack(folder, url, f"http://{HERE}:{model_port}/v1", prefect_port=free_port(), env=ENV)
    account = folder / "calls.jsonl"
    command = ("tests.faults.kills_model", str(model_port), str(account), str(every), str(length))
    site = Site(stack, [], [free_port() for _ in range(apis)], account, await stack.start("model", command=command))
    site.replicas += _replicas(site, rng, workers)
    keeping: list[asyncio.Task[None]] = []
    try:
        await until(lambda: _answers(model_port, "/v1/models"), "the model answers", START)
        for replica in site.replicas:
            keeping.append(asyncio.create_task(replica.keep(), name=replica.name))
            if replica.kind == "PostgreSQL":
                await until(replica.up, "PostgreSQL is up", START)
        await site.all_up()
        yield site
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await _close(site)


def _replicas(site: Site, rng: Random, workers: int) -> list[Replica]:
    def loops() -> bool:
        return rng.random() < 0.5

    postgres = Replica("PostgreSQL", "PostgreSQL", lambda _: _start(site.stack, "postgres"), lambda _: _connects(site))
    apis = [
        Replica(f"API {n}", "API", _starting(site.stack, "api", _api_env(port)), _answering(port, "/api/ready"), loops)
        for n, port in enumerate(site.ports, 1)
    ]
    port = site.stack.prefect_port or 0
    env = server_env(site.stack.database_url, site.stack.folder, port, LOGIN) | {"STEPGLASS_PREFECT_PORT": str(port)}
    prefect = Replica(
        "Prefect server", "Prefect server", _starting(site.stack, "prefect", env), _answering(port, "/api/health")
    )
    crew = [
        Replica(f"worker {n}", "worker", _starting(site.stack, "worker", {}), _says_ready, loops)
        for n in range(1, workers + 1)
    ]
    return [postgres, *apis, *crew, prefect]


def _api_env(port: int) -> dict[str, str]:
    return {"STEPGLASS_PORT": str(port)}


async def _start(stack: Stack, name: str, env: Mapping[str, str] | None = None, *, uvloop: bool = False) -> Part:
    return await stack.start(name, env, ("tests.faults.kills_uvloop", name) if uvloop else ())


def _starting(stack: Stack, name: str, env: Mapping[str, str]) -> Callable[[bool], Awaitable[Part]]:
    return lambda uvloop: _start(stack, name, env, uvloop=uvloop)


def _answering(port: int, path: str) -> Callable[[Part], Awaitable[bool]]:
    return lambda _: _answers(port, path)


async def _answers(port: int, path: str) -> bool:
    return await status_of(HERE, port, path) == 200


async def _says_ready(part: Part) -> bool:
    return "is ready" in part.output.read_text(errors="replace")


async def _connects(site: Site) -> bool:
    """A connection, and an answer over it: a server that recovers lets nobody in."""
    try:
        connection = await asyncpg.connect(site.stack.database_url, timeout=2)
        try:
            await connection.execute("SELECT 1", timeout=2)
        finally:
            connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def _close(site: Site) -> None:
    """Without mercy, but for the database's keeper, who alone can end its server."""
    keeper = next(replica.part for replica in site.replicas if replica.kind == "PostgreSQL")
    if keeper is not None and keeper.process.returncode is None:
        with contextlib.suppress(TimeoutError):
            await keeper.stop()
    await site.stack.close()
    server = site.postmaster()
    if server is not None and lives(server) and Path(psutil.Process(server).cwd()) == site.data.resolve():
        os.kill(server, signal.SIGKILL)
