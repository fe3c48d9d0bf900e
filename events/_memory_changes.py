"""The feed of changed runs in memory: a dict keeps the order in which its keys were put in."""

import asyncio
from collections import defaultdict
from itertools import islice
from uuid import UUID

from events._record import Record
from events.changes import Change
from events.fold import opening


class MemoryChanges:
    """Of each run the number of its last change, and the run; None for one that is gone."""

    def __init__(self) -> None:
        self._number = 0
        self._last: defaultdict[str, dict[UUID, tuple[int, Record | None]]] = defaultdict(dict)
        self._news: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def note(self, record: Record, *, gone: bool = False) -> None:
        """`record` has changed just now."""
        self._number += 1
        tenant = record.new.tenant
        self._last[tenant].pop(record.run_id, None)
        self._last[tenant][record.run_id] = self._number, None if gone else record
        self._news.pop(tenant, asyncio.Event()).set()

    async def read(self, tenant: str, after: int = 0, *, limit: int = 100, wait: float = 0) -> list[Change]:
        if wait > 0 and await self.mark(tenant) <= after:
            try:
                async with asyncio.timeout(wait):
                    await self._news[tenant].wait()
            except TimeoutError:
                return []
        behind = (
            Change(number, record.view if record else opening(str(run_id)), gone=record is None)
            for run_id, (number, record) in self._last[tenant].items()
            if number > after
        )
        return list(islice(behind, limit))

    async def mark(self, tenant: str, back: int = 0) -> int:
        newest_first = (n for n, record in reversed(self._last[tenant].values()) if record or not back)
        return next(islice(newest_first, back, None), 0)
