"""A latch: however many ways lead to a call, it is made exactly once, and all of them get its result.

A step's function may be reached by Prefect's engine or, when that does not come in time, without it. An engine that
wakes up late awaits the result that is already coming.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Call it as often as you like: the first call starts the work, every call awaits it.

    The work runs in the context in which the latch was made, so that it sees the same run whoever comes first.
    """

    def __init__(self, call: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._call = call
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[T] | None = None
        self.begun = asyncio.Event()

    @property
    def cancelled(self) -> bool:
        """The work was ended before it had a result."""
        return self._task is not None and self._task.cancelled()

    async def __call__(self) -> T:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._call(), context=self._context)
            self.begun.set()
        # Shielded: of several awaiting, one may be cancelled (an engine that gives up) without ending the work.
        return await asyncio.shield(self._task)

    async def cancel(self) -> None:
        """End the work, if it has begun, and return when it has let go of what it held. Nothing begins after this."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(_never())
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # seen, so that nobody warns of it


async def _never() -> Any:
    """What a latch is left with that was closed before anybody called it: whoever comes now is cancelled."""
    await asyncio.get_running_loop().create_future()
