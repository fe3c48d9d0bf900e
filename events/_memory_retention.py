"""Retention in memory: runs go as on PostgreSQL; there is nothing to be gained by packing what is soon gone anyway."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from events._record import Record
from events.retention import Swept


class MemoryRetention:
    """`changed_at` tells when somebody last changed the document of a run; `forget` is told of each run that goes."""

    def __init__(
        self,
        records: dict[UUID, Record],
        changed_at: Callable[[UUID, str], datetime | None],
        forget: Callable[[Record], None],
    ) -> None:
        self._records = records
        self._changed_at = changed_at
        self._forget = forget

    async def sweep(
        self, *, compact_after: float, keep_days: float | None = None, pause: float = 0.05, dry_run: bool = False
    ) -> Swept | None:
        if keep_days is None:
            return Swept()
        before = datetime.now(UTC) - timedelta(days=keep_days)
        old = [record for record in self._records.values() if record.ended and self._last(record) < before]
        for record in old if not dry_run else ():
            del self._records[record.run_id]
            self._forget(record)
        return Swept(forgotten=len(old))

    def _last(self, record: Record) -> datetime:
        changed = self._changed_at(record.run_id, record.new.tenant)
        return max(record.created_at, changed or record.created_at)
