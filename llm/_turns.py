"""The loop's time, shared between what models write and everything else that a worker does.

Of a hundred streams each has something to read whenever the loop comes around. Were each read to its end, a turn would
take a second, and whatever takes ten turns, such as to claim a run and to begin it, ten.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

SLICE = 0.03
"""Seconds of each turn of the loop in which texts are taken in, one piece of each stream at least."""
ALONE = 0.002
"""Seconds without any text after which a piece is one alone, and nobody has to be held back for it."""
TOGETHER = 16
"""Streams that go on at a time, when they have waited: more than a slice has room for."""


class Turns:
    """Ask after each piece whether the slice is `over`, and if it is wait for the `next`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = 0.0
        self._until: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    def over(self) -> bool:
        """The texts of this turn have taken as long as they may."""
        now = self._clock()
        if self._until is not None:
            return now >= self._until
        if now - self._last < ALONE:
            self._begin(now)
        self._last = now
        return False

    async def next(self) -> None:
        """Behind all who wait already."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn  # of one that is cancelled nothing is left but a place in the queue, which is passed over

    def _begin(self, now: float) -> None:
        self._until = now + SLICE
        # Called in the next turn, before whoever hears of the network in it.
        asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._until, self._last = None, self._clock()
        # Who goes on first may take the whole slice; the next time it is another.
        self._waiting.rotate(-1)
        for _ in range(min(TOGETHER, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            self._begin(self._last)
