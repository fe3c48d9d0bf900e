"""Asking a store that may be away for a while: again and again, until it answers or the streams are to end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from events.errors import StoreUnavailable

T = TypeVar("T")


class Stopped(Exception):
    """The hub closes: streams end where they are, and their viewers come back elsewhere."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between two tries while the store does not answer: doubled from `first` up to `most`."""

    first: float = 0.05
    most: float = 2.0

    def after(self, failures: int) -> float:
        return min(self.most, self.first * 2**failures)


@dataclass(frozen=True, slots=True)
class Patience:
    """Shared by all who wait for one hub."""

    stopping: asyncio.Event
    backoff: Backoff

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives once the store answers. Raises `Stopped` when the hub closes."""
        failures = 0
        while not self.stopping.is_set():
            try:
                return await ask()
            except StoreUnavailable:
                try:
                    async with asyncio.timeout(self.backoff.after(failures)):
                        await self.stopping.wait()
                except TimeoutError:
                    failures += 1
        raise Stopped
