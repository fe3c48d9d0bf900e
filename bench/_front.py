"""The API alone in front of a store, a run that is written by hand, and viewers by the thousand in front of the API."""

import asyncio
import json
import resource
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench._flood import Flood, markdown
from bench._lab import Lab
from events.store import Store, open_store
from tests.e2e.stack import ROOT, open_stack, until

MB = 1024 * 1024
AT_ONCE = 500
"""Events of one append."""
ROOM = 20_000
"""Files that a process may have open, where the machine lets it."""


@dataclass(frozen=True, slots=True)
class Served:
    """A process that answers at `port`."""

    port: int
    process: psutil.Process

    @property
    def memory(self) -> float:
        """Bytes that are its own, and its part of what it shares."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("Pss:"))

    @property
    def worked(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return times.user + times.system


@asynccontextmanager
async def front(lab: Lab) -> AsyncGenerator[tuple[Store, Served]]:
    """PostgreSQL, and one API process that lets one tenant have as many streams as it has itself."""
    give_room()
    async with lab.postgres() as postgres, open_store(postgres.url) as store:
        async with open_stack(postgres.folder, postgres.url, "") as stack:
            stack.env |= {"STEPGLASS_STREAMS": str(ROOM)}
            url = await stack.api()
            yield store, Served(urlsplit(url).port or 0, psutil.Process(stack.parts[-1].process.pid))


def give_room() -> None:
    """Every viewer is an open file, here and in what we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ROOM if hard == resource.RLIM_INFINITY else min(ROOM, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


async def write(run: Flood, events: int) -> None:
    """So many chunks of its step, each a word."""
    about = {"type": "model_chunk", "step": run.step, "attempt": 1}
    for start in range(0, events, AT_ONCE):
        numbers = range(start, min(events, start + AT_ONCE))
        await run.say(*({**about, "data": {"text": markdown(number)}} for number in numbers))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Viewers in a process of their own. See `bench._readers`."""

    process: asyncio.subprocess.Process

    async def said(self, seconds: float = 120.0) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("The viewers ended before they had seen what they were to see.")
        return json.loads(line)


@asynccontextmanager
async def crowd(served: Served, path: str, viewers: int, *options: str) -> AsyncGenerator[Crowd]:
    """So many, each of whom has had the first bytes of its stream; gone, also for the server, when left."""
    before = served.process.num_fds()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench._readers", str(served.port), path, str(viewers), *options),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        watching = Crowd(process)
        await watching.said()
        yield watching
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        # A few that the server opens for itself, such as connections to its database, stay.
        await until(lambda: served.process.num_fds() < before + 20, "its viewers are gone for the server", 60)
