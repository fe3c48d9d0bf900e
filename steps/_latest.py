"""Work on things that may change while it is done: one call for each, on its latest value."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from steps._place import current_run
from steps._together import together

T = TypeVar("T")


class Latest(Generic[T]):
    """`async with`, inside a step: leaving ends what still goes on."""

    def __init__(self) -> None:
        self._calls: dict[str, asyncio.Task[T]] = {}

    async def call(self, path: str, call: Coroutine[Any, Any, T]) -> None:
        """Begin it beside the others. An earlier one for the same path is ended first."""
        await self._end([path])
        self._calls[path] = asyncio.create_task(_at_work(call))

    async def results(self) -> dict[str, T]:
        """All of them, by path. A failure is raised when all have ended, as by `together`."""
        return dict(zip(self._calls, await together(*self._calls.values()), strict=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end(list(self._calls))

    async def _end(self, paths: list[str]) -> None:
        calls = [call for path in paths if (call := self._calls.pop(path, None))]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def _at_work(call: Coroutine[Any, Any, T]) -> T:
    """A run that somebody pauses waits for it, also while the step itself rests."""
    async with current_run().gate.passed():
        return await call
