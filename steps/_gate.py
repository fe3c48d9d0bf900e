"""Whether steps may begin, and when nothing is at work any more in a run that is to be given up for a while."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from steps._place import inside_a_step

SETTLE = 0.05
"""Seconds in which a run that is to be given up may go on elsewhere: begin a step, or work on what one has shown."""


class Gate:
    """`on_idle` is called when nothing is at work any more, and nothing will be: the gate is closed, or all that is
    left waits for a person."""

    def __init__(self, on_idle: Callable[[], object]) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._at_work = 0
        self._resting = 0
        self._until: list[float] = []
        self._on_idle = on_idle
        self._idle = False
        self.seconds: float | None = None
        """Once it is idle: how long the first of those that wait for a person will; None where it rests for no time."""

    def close(self) -> None:
        """No step begins from now on; those that are at work go on to their end, with all their attempts."""
        self._open.clear()
        self._look()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def open(self) -> None:
        self._open.set()

    async def opened(self) -> None:
        await self._open.wait()

    @asynccontextmanager
    async def passed(self) -> AsyncGenerator[None]:
        """Wait until steps may begin; inside, one is at work. A step inside another is a part of it."""
        if not inside_a_step():
            await self._open.wait()
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._look()

    @asynccontextmanager
    async def resting(self) -> AsyncGenerator[None]:
        """Inside, one that is at work is not: it waits for what another step makes. Once the run is given up nobody
        gets out of here: no work is to begin that would be ended at once."""
        self._at_work, self._resting = self._at_work - 1, self._resting + 1
        self._look()
        try:
            yield
        finally:
            self._at_work, self._resting = self._at_work + 1, self._resting - 1
        if self._idle:
            await asyncio.Event().wait()

    async def given_up(self, seconds: float) -> None:
        """Never returns: whoever takes the run up again, once somebody has answered or `seconds` are over, gets by."""
        until = time.monotonic() + seconds
        self._until.append(until)
        self._look()
        try:
            await asyncio.Event().wait()
        finally:
            self._until.remove(until)

    def _look(self) -> None:
        if self._at_work:
            return
        if self._resting or (self._open.is_set() and self._until):
            asyncio.get_running_loop().call_later(SETTLE, self._settled)
        elif not self._open.is_set():
            self._rest(None)

    def _settled(self) -> None:
        if self._at_work:
            return
        if not self._open.is_set():
            self._rest(None)
        elif self._until:
            self._rest(max(1.0, min(self._until) - time.monotonic()))

    def _rest(self, seconds: float | None) -> None:
        if not self._idle:
            self._idle, self.seconds = True, seconds
            self._on_idle()
