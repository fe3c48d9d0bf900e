"""The tasks that read for viewers: one for each thing that is watched, none left behind when their owner ends."""

import asyncio
from collections.abc import Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class Tail(Hashable, Protocol):
    """Something that reads until it is over, and can be told that it is."""

    async def run(self) -> None: ...

    def close(self) -> None: ...


T = TypeVar("T", bound=Tail)


class Tails(Generic[T]):
    """What is being read now."""

    def __init__(self) -> None:
        self._tasks: dict[T, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._tasks))

    def begin(self, tail: T, name: str) -> None:
        self._tasks[tail] = asyncio.create_task(tail.run(), name=name)

    def give_up(self, tail: T) -> None:
        """Let it end. One in the middle of a reading needs a moment for that."""
        task = self._tasks.pop(tail, None)
        if task is not None and not task.done():
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def end(self) -> None:
        """All of them, and those that were given up before: what they read with is back when this returns."""
        for tail in self:
            self.give_up(tail)
        await asyncio.gather(*self._leaving, return_exceptions=True)
