"""Tokens that were refused: counted, mentioned in the log once a minute, and answered late where there are many."""

import logging
import time
from collections import deque
from collections.abc import Callable

from prometheus_client import Counter

log = logging.getLogger("stepglass.observe")

AT_ONCE = 10
"""Refusals within `LATE` that are answered at once."""
WAITING = 100
"""The next ones, which wait for their answer, so that a connection can try one token a second. Any beyond these are
answered at once again: a flood must not hold the connections that others need."""
LATE = 1.0
"""Seconds that they wait."""
TOLD_EVERY = 60.0
"""Seconds between two warnings."""


class Refusals:
    """One per process. Keeps the times of the last few, however many there are.

    Only a refused request waits: tokens are compared first, so nobody can lock out the holder of a right one. And it is
    told that its token is wrong: a 429 would tell an honest client to try the same token again.
    """

    def __init__(self, counter: Counter | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._counter = counter
        self._now = now
        self._recent: deque[float] = deque(maxlen=AT_ONCE + WAITING)
        self._untold = 0
        self._told_at = float("-inf")

    def add(self, client: str) -> float:
        """Count one, from the address `client`; gives the seconds to wait before it is answered."""
        now = self._now()
        # A copy: the port of a worker's figures has a thread for each request.
        late = AT_ONCE <= sum(now - at < LATE for at in tuple(self._recent)) < AT_ONCE + WAITING
        self._recent.append(now)
        if self._counter is not None:
            self._counter.inc()
        self._untold += 1
        if now - self._told_at >= TOLD_EVERY:
            log.warning("requests with an unknown token: %d, the last one from %s", self._untold, client)
            self._untold, self._told_at = 0, now
        return LATE if late else 0.0
