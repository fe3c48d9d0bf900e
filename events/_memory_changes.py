"""The feed of changed runs in memory: a dict keeps the order in which its keys were put in."""

import asyncio
from collections import defaultdict
from itertools import islice
from uuid import UUID

from events._record import Record
from events.changes import Change


class MemoryChanges:
    def __init__(self) -> None:
        self._number = 0
        self._last: defaultdict[str, dict[UUID, tuple[int, Record]]] = defaultdict(dict)
        self._news: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def note(self, record: Record) -> None:
        """`record` has changed just now."""
        self._number += 1
        tenant = record.new.tenant
        self._last[tenant].pop(record.run_id, None)
        self._last[tenant][record.run_id] = self._number, record
        self._news.pop(tenant, asyncio.Event()).set()

    async def read(self, tenant: str, after: int = 0, *, limit: int = 100, wait: float = 0) -> list[Change]:
        if wait > 0 and await self.mark(tenant) <= after:
            try:
                async with asyncio.timeout(wait):
                    await self._news[tenant].wait()
            except TimeoutError:
                return []
        behind = ((number, record) for number, record in self._last[tenant].values() if number > after)
        return [Change(number, record.view) for number, record in islice(behind, limit)]

    async def mark(self, tenant: str, back: int = 0) -> int:
        newest_first = reversed(self._last[tenant].values())
        return next((number for number, _ in islice(newest_first, back, None)), 0)
