"""What a worker sees to beside its runs, again and again: that old runs are packed and go, and what is added here.

Nobody waits for any of it. What fails is told in the log and tried again the next time.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from events.errors import StoreUnavailable
from events.retention import Retention, Swept

log = logging.getLogger("stepglass.upkeep")

SWEEP_EVERY, SWEEP_FIRST = 3600.0, 60.0


@dataclass(frozen=True, slots=True)
class Duty:
    """`work` is done `first` seconds after the start, then `every` seconds after it was done the last time."""

    name: str
    work: Callable[[], Awaitable[object]]
    every: float
    first: float


@asynccontextmanager
async def upkeep(*duties: Duty) -> AsyncGenerator[None, None]:
    """See to them for as long as the context is open."""
    tasks = [asyncio.create_task(_again(duty), name=f"stepglass-{duty.name}") for duty in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again(duty: Duty) -> None:
    await asyncio.sleep(duty.first)
    while True:
        try:
            await duty.work()
        except StoreUnavailable as error:
            log.warning("%s: the store does not answer; later again: %s", duty.name, error)
        except Exception:
            log.exception("%s failed; later again", duty.name)
        await asyncio.sleep(duty.every)


def sweeping(retention: Retention, compact_after: float, keep_days: float | None) -> Duty:
    """Packing and forgetting. Of several workers one does it at a time."""

    async def sweep() -> None:
        swept = await retention.sweep(compact_after=compact_after, keep_days=keep_days)
        if swept not in (None, Swept()):
            log.info("swept: %s", swept)

    return Duty("retention", sweep, SWEEP_EVERY, SWEEP_FIRST)
