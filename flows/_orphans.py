"""What is left over of a batch that was ended before its items were: nobody waits for their runs, so they end, too."""

import logging

from events.batches import Batches
from events.errors import RunEnded, UnknownRun
from events.runs import Runs
from flows._upkeep import Duty
from flows.batch import batch

log = logging.getLogger("stepglass.batch")

EVERY = 1.0
"""Seconds between two looks."""


def ending_orphans(batches: Batches, runs: Runs) -> Duty:
    """Wherever the batch was cancelled, and whoever held it: each worker looks, and a run is cancelled once."""

    async def end_all() -> None:
        while await end_orphans(batches, runs):
            pass

    return Duty("orphans", end_all, EVERY, EVERY)


async def end_orphans(batches: Batches, runs: Runs) -> int:
    """Ask the end of those that are left; how many there were, a hundred at most."""
    left = await batches.orphans(batch.name)
    for run_id, tenant in left:
        try:
            await runs.request_cancel(run_id, tenant, by="batch")
        except (RunEnded, UnknownRun):
            continue
    if left:
        log.info("%d runs of batches that have ended are to end", len(left))
    return len(left)
