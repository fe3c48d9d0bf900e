"""Keeping a run ours: the lease is renewed while we carry it, and we stop before it can be somebody else's."""

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import UUID

from events.errors import Fenced, StoreUnavailable, UnknownRun
from events.runs import Runs

log = logging.getLogger("stepglass.lease")


async def keep(
    runs: Runs,
    run_id: UUID,
    epoch: int,
    *,
    cancel: Callable[[], object],
    lost: Callable[[BaseException], object],
    lease: float = 10.0,
    every: float = 3.0,
) -> None:
    """Renew every `every` seconds until cancelled. Calls `cancel` when a cancel was requested, `lost` once when the run
    is not ours any more, or when the store has not answered for a whole lease."""
    renewed = time.monotonic()
    while True:
        try:
            if await runs.renew(run_id, epoch, lease=lease):
                cancel()
            renewed = time.monotonic()
        except (Fenced, UnknownRun) as error:
            lost(error)
            return
        except StoreUnavailable as error:
            log.warning("run %s: the lease could not be renewed: %s", run_id, error)
            if time.monotonic() - renewed > lease:
                lost(error)
                return
            await asyncio.sleep(min(1.0, every))
            continue
        await asyncio.sleep(every)
