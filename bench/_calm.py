"""Waiting until nobody else is at work on the machine: what is measured beside others is theirs as well."""

import asyncio
import time

import psutil

CALM = 30.0
"""Percent of all cores that may be busy."""
LOOK = 1.5
"""Seconds that are looked at."""


class Calm:
    """`patience` is how many seconds each measure may wait for; `busy` the percents at which they began."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.busy: list[float] = []

    async def __call__(self) -> None:
        until = time.monotonic() + self._patience
        while True:
            psutil.cpu_percent()
            await asyncio.sleep(LOOK)
            busy = psutil.cpu_percent()
            if busy <= CALM or time.monotonic() >= until:
                self.busy.append(busy)
                return
