"""Whether steps may begin, and when nothing is at work any more in a run that is to be given up for a while."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from steps._place import inside_a_step


class Gate:
    """`on_idle` is called when the gate is closed and the last step behind it has ended."""

    def __init__(self, on_idle: Callable[[], object]) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._at_work = 0
        self._on_idle = on_idle

    def close(self) -> None:
        """No step begins from now on; those that are at work go on to their end, with all their attempts."""
        self._open.clear()
        self._look()

    def open(self) -> None:
        self._open.set()

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

    def _look(self) -> None:
        if not self._at_work and not self._open.is_set():
            self._on_idle()
