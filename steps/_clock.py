"""How long an attempt may take, not counting what it waits for other steps."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self


class Clock:
    """`async with`: raises `TimeoutError` after so many seconds, not counting those inside `stopped`. None: never."""

    def __init__(self, seconds: float | None = None) -> None:
        self._timeout = asyncio.timeout(seconds)

    @property
    def expired(self) -> bool:
        return self._timeout.expired()

    @contextmanager
    def stopped(self) -> Generator[None]:
        loop, due = asyncio.get_running_loop(), self._timeout.when()
        since = loop.time()
        self._timeout.reschedule(None)
        yield
        # Not after an exception: then the attempt is over, and its time with it.
        if due is not None:
            self._timeout.reschedule(due + loop.time() - since)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._timeout.__aexit__(kind, error, trace)
