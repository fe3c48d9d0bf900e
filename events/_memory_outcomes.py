"""What came of many runs, in memory."""

from collections.abc import Collection, Iterator
from itertools import islice
from uuid import UUID

from events._record import Record
from events.log import Entry
from events.outcomes import Spent
from events.view import RunView

PARTS = ("partial", "partial_withdrawn")


class MemoryOutcomes:
    def __init__(self, records: dict[UUID, Record]) -> None:
        self._records = records

    async def parts(self, run_id: UUID, tenant: str, after: int = 0, *, limit: int = 1000) -> list[Entry]:
        entries = (entry for record in self._of([run_id], tenant) for entry in islice(record.entries, after, None))
        return list(islice((entry for entry in entries if entry.type in PARTS), limit))

    async def last_words(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, Entry]:
        return {record.run_id: record.entries[-1] for record in self._of(run_ids, tenant) if record.ended}

    async def views(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, RunView]:
        return {record.run_id: record.view for record in self._of(run_ids, tenant)}

    async def spent_about(self, run_id: UUID, tenant: str) -> Spent:
        about = [r.view for r in self._records.values() if r.new.about == run_id and r.new.tenant == tenant and r.ended]
        costs = [view.cost_usd for view in about if view.cost_usd is not None]
        return Spent(sum(costs) if costs else None, all(view.cost_complete for view in about))

    def _of(self, run_ids: Collection[UUID], tenant: str) -> Iterator[Record]:
        for run_id in run_ids:
            record = self._records.get(run_id)
            if record is not None and record.new.tenant == tenant:
                yield record
