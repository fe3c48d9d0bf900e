"""What a measure starts in order to measure: PostgreSQL, the scripted model, the stack, a rival; each a process.

Everything is on free ports of this machine and in temporary directories, and is gone when its context is left.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console

from bench._calm import Calm
from bench._plot import Plot
from bench._processes import postmaster
from bench._script import Script, plain
from events import migrations
from events.embedded import beside, embedded_postgres
from tests.e2e.stack import ROOT, Part, Stack, answers, free_port, open_stack, until

PATIENCE = 120.0
"""Seconds that a part may take to start, on a machine with much to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster. `url` is that of our database, migrated; `pid` its postmaster."""

    url: str
    folder: Path
    pid: int

    def other(self, name: str) -> str:
        """The URL of another of its databases, one of those that were asked for."""
        return beside(self.url, name)


@dataclass(frozen=True, slots=True)
class Model:
    """The scripted model server. `url` is what `OPENAI_BASE_URL` is to be."""

    url: str
    part: Part
    client: httpx2.AsyncClient

    async def plays(self, script: Script) -> None:
        """Answer so from the next call on. See `bench._script`."""
        (await self.client.put("/script", json=plain(script))).raise_for_status()

    async def calls(self) -> list[dict[str, Any]]:
        """`{run, step, lane, attempt, asked, first, last}` of each call since `forget`; moments of `time.monotonic()`,
        `first` and `last` as far as they have come."""
        found: list[dict[str, Any]] = (await self.client.get("/calls")).json()
        return found

    async def calls_of(self, run: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get("/calls", params={"run": run})).json()
        return found

    async def forget(self) -> None:
        await self.client.delete("/calls")


@dataclass(frozen=True, slots=True)
class Running:
    """Our stack, as users run it. `apis` are the URLs of its API processes; `stack` starts and stops more."""

    stack: Stack
    apis: Sequence[str]
    prefect_url: str | None

    @property
    def api(self) -> str:
        return self.apis[0]

    @property
    def pids(self) -> list[int]:
        """Of all our processes; Prefect's server is among them, PostgreSQL and the model are not."""
        return [part.process.pid for part in self.stack.parts if part.process.returncode is None]


@dataclass(frozen=True, slots=True)
class Rival:
    """One file of `bench/rivals/` as a process. `url` where it was started with a port."""

    name: str
    url: str
    process: asyncio.subprocess.Process
    complaints: Path

    async def said(self, seconds: float = PATIENCE) -> Any:
        """The next line that it prints, read as JSON. Raises `RuntimeError` with its complaints when it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended: {self.complaints.read_text(errors='replace')[-2000:]}")
        return json.loads(line)


class Lab:
    """`quick`: fewer rounds, for trying things out. `patience` seconds are waited for a calm machine, per measure."""

    def __init__(self, *, quick: bool = False, patience: float = 0.0, console: Console | None = None) -> None:
        self.quick = quick
        self.calm = Calm(patience)
        self.plots: list[Plot] = []
        self._console = console or Console(stderr=True)

    def tell(self, text: str) -> None:
        """A line about what goes on, for whoever waits."""
        self._console.print(f"  [dim]{text}[/]", highlight=False)

    def rounds(self, many: int, few: int = 1) -> int:
        return few if self.quick else many

    def draw(self, plot: Plot) -> None:
        """Have a picture of it in docs/performance.md."""
        self.plots.append(plot)

    @asynccontextmanager
    async def postgres(self, *, databases: Sequence[str] = ()) -> AsyncGenerator[Postgres]:
        """The embedded server with our tables, and other `databases` for others, empty."""
        with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as name:
            folder = Path(name)
            with embedded_postgres(folder, databases=("stepglass", *databases)) as url:
                await asyncio.to_thread(lambda: asyncio.run(migrations.migrate(url)))
                yield Postgres(url, folder, postmaster(folder))

    @asynccontextmanager
    async def model(self, script: Script | None = None) -> AsyncGenerator[Model]:
        """The scripted model server; it answers nothing until it has a script."""
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as name:
            async with open_stack(Path(name), "", "") as parts:
                part = await parts.start("model", command=("bench._model", str(port)))
                await answers(f"http://127.0.0.1:{port}/v1/models", PATIENCE)
                async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                    model = Model(f"http://127.0.0.1:{port}/v1", part, client)
                    if script:
                        await model.plays(script)
                    yield model

    @asynccontextmanager
    async def stack(
        self,
        postgres: Postgres,
        model: Model,
        *,
        apis: int = 1,
        workers: int = 1,
        prefect: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Running]:
        """Our own processes over this store and model, with the settings that users get unless `env` says otherwise."""
        with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as name:
            async with open_stack(Path(name), postgres.url, model.url) as stack:
                # As users have it: the stack of the tests shortens the lease.
                stack.env |= {"STEPGLASS_LEASE": "10", "OPENAI_API_KEY": "scripted", **(env or {})}
                if prefect:
                    await stack.prefect()
                for _ in range(workers):
                    worker = await stack.worker()
                    if prefect:
                        await until(lambda part=worker: _found(part), "the worker has found Prefect", PATIENCE)
                urls = [await stack.api() for _ in range(apis)]
                yield Running(stack, urls, stack.prefect_url if prefect else None)

    @asynccontextmanager
    async def prefect(self, database_url: str) -> AsyncGenerator[tuple[str, Part]]:
        """A Prefect server alone, set up as ours is, on an empty database: its API's URL, and its process."""
        with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as name:
            async with open_stack(Path(name), database_url, "") as stack:
                part = await stack.prefect()
                yield stack.prefect_url, part

    @asynccontextmanager
    async def rival(
        self, name: str, *arguments: str, http: bool = False, env: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Rival]:
        """`python -m bench.rivals.NAME ARGUMENTS`, killed in the end. With `http` it gets `--port`, and is waited for
        until `GET /` answers with success. It may be listened to line by line (`Rival.said`)."""
        port = free_port() if http else None
        words = [*arguments, *(("--port", str(port)) if port else ())]
        with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as folder:
            stack = Stack(Path(folder), "", "")
            complaints = Path(folder) / "complaints.log"
            with complaints.open("wb") as file:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    f"bench.rivals.{name}",
                    *words,
                    cwd=ROOT,
                    env=stack.environment() | dict(env or {}),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=file,
                )
            rival = Rival(name, f"http://127.0.0.1:{port}" if port else "", process, complaints)
            try:
                if port:
                    await answers(f"{rival.url}/", PATIENCE)
                yield rival
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()


def _found(worker: Part) -> bool:
    return "Prefect answers" in worker.output.read_text()
