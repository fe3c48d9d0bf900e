"""Whether a tenant may spend more today, for the runs that already go on.

Starts are refused when the day's limit is reached (`events.limits`). Runs that were accepted before go on to a tenth
above it, and then make no paid call any more.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from events.contract import Problem
from events.errors import StoreUnavailable
from events.runs import Runs
from steps._budget import dollars
from steps.errors import DAY_SPENT

log = logging.getLogger("stepglass.spending")

FRESH = 2.0
"""Seconds for which a process trusts what it knows: one query per tenant in this time, however many calls are made."""
OVER = 1.1


@dataclass(slots=True)
class _Day:
    """A tenant's spending when the store was last asked; `asking` lets one of many callers ask."""

    spent: float = 0.0
    stale_at: float = float("-inf")
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Spending:
    """`most` is in US dollars a day (UTC) for each tenant."""

    def __init__(self, runs: Runs, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._runs = runs
        self._most = most
        self._clock = clock
        self._days: defaultdict[str, _Day] = defaultdict(_Day)

    async def problem(self, tenant: str) -> Problem | None:
        """Why no run of this tenant may make another paid call today, if none may."""
        day = self._days[tenant]
        async with day.asking:
            if self._clock() >= day.stale_at:
                await self._ask(tenant, day)
        if day.spent < OVER * self._most:
            return None
        detail = (
            f"Today's runs of this tenant have cost {dollars(day.spent)}, and may cost {dollars(self._most)} a day "
            "(UTC). What is finished is kept: do it again tomorrow, and only the rest is to be paid."
        )
        return Problem(type=DAY_SPENT, title="The day's money is spent", detail=detail)

    async def _ask(self, tenant: str, day: _Day) -> None:
        try:
            day.spent = (await self._runs.standing(tenant)).spent
        except StoreUnavailable as error:
            # The last known figure stands in: without the store no run gets far anyway.
            log.warning("what tenant %s has spent today is not known: %s", tenant, error)
        day.stale_at = self._clock() + FRESH
