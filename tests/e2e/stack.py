"""The parts of Stepglass as real processes, each started, killed and stopped by a test as it likes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from cli._prefect import server_env

ROOT = Path(__file__).parent.parent.parent
PREFECT_LOGIN = ("stepglass", "a-login-for-tests")
"""User and password of every Prefect server here."""
LOGIN = ":".join(PREFECT_LOGIN)
PREFECT_START = 90.0
"""Seconds that its server may take on a busy machine; on an idle one they are five."""


def prefect_env(url: str) -> dict[str, str]:
    """Where Prefect's API is and how to get in, as its clients read it."""
    return {"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": LOGIN}


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Part:
    """One process of the stack. Its output goes to a file, to be read when something is wrong."""

    name: str
    process: asyncio.subprocess.Process
    output: Path

    async def kill(self) -> None:
        """As when the power goes."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """As an operator does it; gives the exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(15):
            return await self.process.wait()

    def hang(self) -> None:
        """It is there, and does not answer."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Stack:
    """Starts parts that know each other by their environment; all that still run are killed in the end."""

    folder: Path
    database_url: str
    model_url: str = ""
    prefect_port: int | None = None
    parts: list[Part] = field(default_factory=list[Part])
    env: dict[str, str] = field(default_factory=dict[str, str])

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "OPENAI_"))}
        ours = {
            "DATABASE_URL": self.database_url,
            "OPENAI_BASE_URL": self.model_url,
            "STEPGLASS_MODEL_HEAVY": "scripted",
            "STEPGLASS_MODEL_LIGHT": "scripted",
            "STEPGLASS_DATA_DIR": str(self.folder),
            "STEPGLASS_LEASE": "3",
            "PREFECT_HOME": str(self.folder / "prefect"),
        }
        if self.prefect_port:
            ours |= prefect_env(self.prefect_url)
        return clean | ours | self.env

    @property
    def prefect_url(self) -> str:
        return f"http://127.0.0.1:{self.prefect_port}/api"

    async def start(self, name: str, env: Mapping[str, str] | None = None, command: Sequence[str] = ()) -> Part:
        """`command` is the module to run and its arguments, where it is not the child of that name."""
        output = self.folder / f"{name}-{len(self.parts)}.log"
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *(command or ("cli._children", name)),
                cwd=ROOT,
                env=self.environment() | dict(env or {}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        part = Part(name, process, output)
        self.parts.append(part)
        return part

    async def worker(self) -> Part:
        """A worker that is ready to take runs."""
        part = await self.start("worker")
        await until(lambda: "is ready" in part.output.read_text(), f"{part.output} says that the worker is ready")
        return part

    async def api(self, port: int | None = None) -> str:
        """An API that answers; gives its URL."""
        port = port or free_port()
        await self.start("api", {"STEPGLASS_PORT": str(port)})
        url = f"http://127.0.0.1:{port}"
        await answers(f"{url}/api/health")
        return url

    async def prefect(self) -> Part:
        """A Prefect server that answers, on the same port each time."""
        self.prefect_port = self.prefect_port or free_port()
        env = server_env(self.database_url, self.folder, self.prefect_port, LOGIN)
        part = await self.start("prefect", env | {"STEPGLASS_PREFECT_PORT": str(self.prefect_port)})
        await answers(f"{self.prefect_url}/health", PREFECT_START)
        return part

    async def close(self) -> None:
        for part in self.parts:
            if part.process.returncode is None:
                part.wake()
                part.process.kill()
                await part.process.wait()


async def until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait for a condition, plain or async, looking often; fails with what it waited for."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                said = condition()
                if await said if isinstance(said, Awaitable) else said:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"Not within {seconds:g} s: {what}") from None


async def answers(url: str, seconds: float = 30.0) -> None:
    """Wait until there is an HTTP 200 at `url`."""
    async with httpx2.AsyncClient(timeout=1.0) as client:

        async def well() -> bool:
            try:
                return (await client.get(url)).is_success
            except httpx2.HTTPError:
                return False

        await until(well, f"{url} answers", seconds)


@asynccontextmanager
async def open_stack(folder: Path, database_url: str, model_url: str) -> AsyncGenerator[Stack]:
    stack = Stack(folder, database_url, model_url)
    try:
        yield stack
    finally:
        await stack.close()
