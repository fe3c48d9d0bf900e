"""Keeping a run ours: the lease is renewed while we carry it, and we stop before it can be somebody else's."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from events.errors import Fenced, StoreUnavailable, UnknownRun
from events.runs import Runs
from events.wishes import Wish

log = logging.getLogger("stepglass.lease")


GRACE = 1.0
"""Seconds that a renewal under way still gets when it is not wanted any more."""


async def _whole(renewal: Coroutine[Any, Any, Wish | None]) -> Wish | None:
    """Not broken off: the database would go on with it, and whoever claims the run then passes over its locked row."""
    renewing = asyncio.ensure_future(renewal)
    try:
        return await asyncio.shield(renewing)
    except asyncio.CancelledError:
        await asyncio.wait([renewing], timeout=GRACE)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        raise


async def keep(
    runs: Runs,
    run_id: UUID,
    epoch: int,
    *,
    heard: Callable[[Wish | None], object],
    lost: Callable[[BaseException], object],
    lease: float = 10.0,
    every: float = 3.0,
    nudge: asyncio.Event | None = None,
) -> None:
    """Renew every `every` seconds, and when `nudge` is set, until cancelled. Calls `heard` with what is wanted of the
    run each time, `lost` once when the run is not ours any more, or when the store has not answered for a whole lease.

    Not at once: the lease of a claim is new, and what was wanted before it is in the log, which its holder reads.
    """
    nudge = nudge or asyncio.Event()
    renewed, pause = time.monotonic(), every
    while True:
        # Not `wait_for`: in Python 3.11 it forgets that it was cancelled when the nudge comes at the same moment.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await nudge.wait()
        try:
            nudge.clear()
            heard(await _whole(runs.renew(run_id, epoch, lease=lease)))
            renewed, pause = time.monotonic(), every
        except (Fenced, UnknownRun) as error:
            lost(error)
            return
        except Exception as error:
            # Also what nobody foresaw: were this to end in silence, the run would go on with a lease that runs out.
            foreseen = isinstance(error, StoreUnavailable)
            log.warning("run %s: the lease could not be renewed: %s", run_id, error, exc_info=not foreseen)
            if time.monotonic() - renewed > lease:
                lost(error)
                return
            pause = min(1.0, every)
