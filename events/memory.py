"""The log in memory: for tests and for a look without a database. One process, one event loop, gone when it ends."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from events._memory_alerts import MemoryAlerts
from events._memory_batches import MemoryBatches
from events._memory_changes import MemoryChanges
from events._memory_outcomes import MemoryOutcomes
from events._memory_retention import MemoryRetention
from events._memory_runs import MemoryRuns
from events._memory_stats import MemoryStats
from events._memory_versions import MemoryVersions
from events._record import Record
from events.contract import Event
from events.errors import StoreError, UnknownRun
from events.keys import MemoryKeys
from events.log import Entry


class MemoryLog:
    """A list per run. A `seq` is a place in it, counted from 1, so that reading from a position is a slice."""

    def __init__(self, records: dict[UUID, Record], clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock

    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        return self._write(run_id, events, epoch)

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> asyncio.Future[int]:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            done.set_result(self._write(run_id, events, epoch))
        except (StoreError, ValueError) as error:
            done.set_exception(error)
            # Looked at here, so that a chunk nobody waits for does not complain when it is collected.
            done.exception()
        return done

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        record = self._records.get(run_id)
        if record is None:
            return []
        if wait > 0 and len(record.entries) <= after:
            try:
                async with asyncio.timeout(wait):
                    while len(record.entries) <= after:
                        await record.grown.wait()
            except TimeoutError:
                return []
        return record.entries[after : after + limit]

    def _write(self, run_id: UUID, events: Sequence[Event], epoch: int | None) -> int:
        record = self._records.get(run_id)
        if record is None:
            raise UnknownRun(f"There is no run {run_id}.")
        record.check(events, epoch, self._clock())
        return record.commit(events)


@dataclass(frozen=True, slots=True)
class Memory:
    """A store as `events.store` means it."""

    log: MemoryLog
    runs: MemoryRuns
    changes: MemoryChanges
    versions: MemoryVersions
    stats: MemoryStats
    retention: MemoryRetention
    alerts: MemoryAlerts
    keys: MemoryKeys
    outcomes: MemoryOutcomes
    batches: MemoryBatches

    async def ready(self) -> None:
        """Always."""


@asynccontextmanager
async def open_memory(clock: Callable[[], float] = time.monotonic) -> AsyncGenerator[Memory, None]:
    """A store that is empty, and alone. `clock` gives the seconds that leases and deadlines are measured in."""
    records: dict[UUID, Record] = {}
    changes = MemoryChanges()

    def changed(record: Record) -> None:
        changes.note(record)
        batches.note(record)

    runs = MemoryRuns(records, clock, changed)
    batches = MemoryBatches(records, runs.find)
    versions, stats = MemoryVersions(runs.get), MemoryStats(records)

    def forget(record: Record) -> None:
        runs.forget(record)
        versions.forget(record.run_id, record.new.tenant)
        stats.forget(record.run_id)
        changes.note(record, gone=True)

    retention = MemoryRetention(records, versions.changed_at, forget)
    log, alerts, outcomes = MemoryLog(records, clock), MemoryAlerts(records), MemoryOutcomes(records)
    yield Memory(log, runs, changes, versions, stats, retention, alerts, MemoryKeys(), outcomes, batches)
