"""Small programs to supervise, and conditions to wait for."""

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio.to_thread
import psutil

from cli._part import Backoff, Part, Probe
from cli._supervisor import Supervisor

QUICK = Backoff(first=0.01, cap=0.04, healthy=60)
# Every program speaks over its lifeline the way that ours do.
READY = "import os, signal, sys, subprocess, time\nfrom cli._lifeline import hold, tell_ready\nhold()\n"
STAY = "tell_ready('here')\nprint('pid', os.getpid(), flush=True)\nsignal.pause()\n"


@dataclass
class Heard:
    """What the supervisor said, and what the processes wrote."""

    said: list[str] = field(default_factory=list[str])
    lines: list[str] = field(default_factory=list[str])

    def say(self, name: str, text: str) -> None:
        self.said.append(f"{name} {text}")

    def output(self, name: str, line: bytes) -> None:
        self.lines.append(f"{name} {line.decode()}")

    def number(self, word: str) -> int:
        """The number that a process wrote behind `word`."""
        return next(int(line.split()[-1]) for line in self.lines if f" {word} " in f"{line} ")


def part(name: str, program: str, probe: Probe | None = None) -> Part:
    return Part(name, (sys.executable, "-c", READY + program), probe=probe)


@asynccontextmanager
async def supervising(
    heard: Heard, *stages: tuple[str, ...], grace: float = 10, backoff: Backoff = QUICK
) -> AsyncGenerator[Supervisor]:
    async with Supervisor(stages, say=heard.say, output=heard.output, grace=grace, backoff=backoff) as supervisor:
        yield supervisor


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Look until it is true: what happens in another process has no event to wait for."""
    with anyio.fail_after(seconds):
        # In a thread: a look at a process reads files.
        while not await anyio.to_thread.run_sync(condition):  # noqa: ASYNC110 it is another process
            await anyio.sleep(0.01)


def gone(pid: int) -> bool:
    """No such process any more, but for a remainder that its parent has not looked at yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
