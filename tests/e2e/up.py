"""`stepglass up` on ports and a data directory of its own, and the processes below it."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli._ports import any_free, complaint
from cli._stack import wanted_ports
from settings import Settings
from tests.e2e.stack import until

NAMES = {f"stepglass {name}" for name in ("postgres", "demo", "prefect", "api", "worker", "deployments")}


@dataclass
class Up:
    """A stack on ports and a data directory of its own."""

    data_dir: Path
    port: int = field(default_factory=any_free)
    prefect_port: int = field(default_factory=any_free)
    speed: float = 0.0
    """Of the demo model; 0 for no waiting."""
    more: dict[str, str] = field(default_factory=dict[str, str])
    """Settings beside these."""

    @property
    def env(self) -> dict[str, str]:
        foreign = ("STEPGLASS_", "PREFECT_", "OPENAI_", "DATABASE_URL")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return clean | {
            "STEPGLASS_DATA_DIR": str(self.data_dir),
            "STEPGLASS_PORT": str(self.port),
            "STEPGLASS_PREFECT_PORT": str(self.prefect_port),
            "STEPGLASS_DEMO_SPEED": str(self.speed),
            **self.more,
        }

    async def run(self, *command: str) -> tuple[int, str]:
        """A command to its end: exit code and all that it printed."""
        async with self.started(*command) as process:
            said = await process.stdout.read() if process.stdout else b""
            return await process.wait(), said.decode()

    @asynccontextmanager
    async def started(self, *command: str) -> AsyncGenerator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", *command),
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    @asynccontextmanager
    async def up(self) -> AsyncGenerator[tuple[asyncio.subprocess.Process, list[str]]]:
        """The stack from its URL on, and what it has said so far."""
        async with self.started("up") as process:
            said: list[str] = []
            reading = asyncio.create_task(lines_of(process, said))
            await until(lambda: f"Open  http://127.0.0.1:{self.port}" in said or reading.done(), "the URL is said", 120)
            assert not reading.done(), "\n".join(said)
            yield process, said
            await reading

    def free(self) -> bool:
        ports = wanted_ports(Settings(port=self.port, prefect_port=self.prefect_port))
        return all(complaint(port) is None for port in ports)


async def lines_of(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stdout
    async for line in process.stdout:
        said.append(line.decode().rstrip())


def below(process: asyncio.subprocess.Process, data_dir: Path) -> list[psutil.Process]:
    """All that was started, PostgreSQL included, which is nobody's child."""
    server = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    roots = [psutil.Process(process.pid), psutil.Process(server)]
    return [found for root in roots for found in (root, *root.children(recursive=True))]


def titles(processes: list[psutil.Process]) -> set[str]:
    """As `ps` shows them."""
    found: set[str] = set()
    for each in processes:
        with suppress(psutil.NoSuchProcess):  # Ended since we looked, a zombie included.
            found.add(" ".join(each.cmdline()).strip())
    return found


def named(processes: list[psutil.Process], name: str) -> psutil.Process:
    return next(each for each in processes if titles([each]) == {name})
