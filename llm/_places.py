"""Places for calls to a model, shared fairly: the next one is for who holds the fewest.

First come, first served would let eight calls of one run stand before the first of another, whose viewer has seen
nothing yet.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Places:
    """So many, for whoever asks. Among those who hold as many as each other, who came first is first."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def taken(self, by: str) -> AsyncGenerator[None]:
        """Inside, one of them is held by `by`, the run that a call is for."""
        await self._take(by)
        try:
            yield
        finally:
            self._give_back(by)

    async def _take(self, by: str) -> None:
        if self._free:
            self._free -= 1
            self._held[by] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(by, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(by, turn)
            else:  # it came in the same moment
                self._give_back(by)
            raise

    def _give_back(self, by: str) -> None:
        self._held[by] -= 1
        if not self._held[by]:
            del self._held[by]
        if not self._waiting:
            self._free += 1
            return
        following = min(self._waiting, key=self._held.__getitem__)
        turn = self._waiting[following][0]
        self._leave(following, turn)
        self._held[following] += 1
        turn.set_result(None)

    def _leave(self, by: str, turn: "asyncio.Future[None]") -> None:
        waiting = self._waiting[by]
        waiting.remove(turn)
        if not waiting:
            del self._waiting[by]
