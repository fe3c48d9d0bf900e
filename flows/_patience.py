"""Asking the store again while it is away, where giving up at once would cost more than waiting."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from events.errors import StoreUnavailable

log = logging.getLogger("stepglass.store")

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds: a database that is started anew is back by then."""
PAUSE = 0.5
"""Seconds before it is asked again, at first; then ever longer."""


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` gives, asked again while the store is away. Raises `StoreUnavailable` when that was too long."""
    until, pause = time.monotonic() + PATIENCE, PAUSE
    while True:
        try:
            return await ask()
        except StoreUnavailable as error:
            if time.monotonic() + pause > until:
                raise
            log.warning("the store does not answer; asking again in %.1f s: %s", pause, error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, 5.0)
