"""What a batch asks of the runs of its items, in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from itertools import islice
from uuid import UUID

from events._record import Record
from events.batches import Member


class MemoryBatches:
    """`find` gives the run of a tenant's key, if there is one."""

    def __init__(self, records: Mapping[UUID, Record], find: Callable[[str, str], Awaitable[UUID | None]]) -> None:
        self._records = records
        self._find = find
        self._news = asyncio.Event()

    def note(self, record: Record) -> None:
        """`record` has changed just now."""
        if record.ended:
            self._news.set()
            self._news = asyncio.Event()

    async def keyed(self, tenant: str, keys: Collection[str]) -> dict[str, Member]:
        found = {key: await self._find(tenant, key) for key in keys}
        return {key: _member(self._records[run_id]) for key, run_id in found.items() if run_id is not None}

    async def ended(self, batch: UUID, run_ids: Collection[UUID], *, wait: float = 0) -> list[Member]:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(wait, 0.0) or None):
                while not (found := self._ended(run_ids)) and wait > 0:
                    await self._news.wait()
                return found
        return []

    async def orphans(self, pipeline: str, limit: int = 100) -> list[tuple[UUID, str]]:
        left = (record for record in self._records.values() if self._orphan(record, pipeline))
        return [(record.run_id, record.new.tenant) for record in islice(left, limit)]

    def _orphan(self, record: Record, pipeline: str) -> bool:
        about = None if record.new.about is None else self._records.get(record.new.about)
        if about is None or record.ended or record.view.cancel_requested:
            return False
        return (about.new.pipeline, about.new.tenant) == (pipeline, record.new.tenant) and about.ended

    def _ended(self, run_ids: Collection[UUID]) -> list[Member]:
        found = (self._records[run_id] for run_id in run_ids if run_id in self._records)
        return [_member(record) for record in found if record.ended]


def _member(record: Record) -> Member:
    return Member(record.run_id, record.view.status, record.new.about, record.view.problem)
