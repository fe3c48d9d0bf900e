"""Opening a store by its URL: PostgreSQL, or memory for tests."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from events._appender import open_appender
from events._listener import open_listener
from events._looks import open_looks
from events._pg import open_database, shown
from events._pg_alerts import PostgresAlerts
from events._pg_batches import PostgresBatches
from events._pg_changes import PostgresChanges
from events._pg_keys import PostgresKeys
from events._pg_outcomes import PostgresOutcomes
from events._pg_retention import PostgresRetention
from events._pg_runs import PostgresRuns
from events._pg_stats import PostgresStats
from events._pg_versions import PostgresVersions
from events.alerts import Alerts
from events.batches import Batches
from events.changes import Changes
from events.errors import UnsupportedStore
from events.keys import Keys
from events.log import EventLog
from events.memory import open_memory
from events.outcomes import Outcomes
from events.postgres import PostgresLog
from events.retention import Retention
from events.runs import Runs
from events.stats import Stats
from events.versions import Versions

STARTING = 8.0
"""Seconds that a database is given to come back while somebody starts, whom SIGTERM would end only after them."""

_POSTGRES = ("postgresql", "postgres", "postgresql+asyncpg")


@dataclass(frozen=True, slots=True)
class Store:
    """What happened (`log`), who holds what (`runs`), which runs changed (`changes`), what became of their documents
    since (`versions`), how it all has been going (`stats`), for how long it is kept (`retention`), what should not be
    as it is (`alerts`), what is signed with (`keys`), what came of many runs (`outcomes`), and what a batch must know
    of its own (`batches`), over the same data."""

    log: EventLog
    runs: Runs
    changes: Changes
    versions: Versions
    stats: Stats
    retention: Retention
    alerts: Alerts
    keys: Keys
    outcomes: Outcomes
    batches: Batches
    _ready: Callable[[], Awaitable[None]]

    async def ready(self) -> None:
        """Returns when the store answers and can write; raises `StoreUnavailable`."""
        await self._ready()


@asynccontextmanager
async def open_store(url: str, patience: float = 0.0) -> AsyncGenerator[Store, None]:
    """The store at `url`: `postgresql://user@host/name`, `postgresql:///name?host=/socket/directory`, `memory://`.

    Raises `UnsupportedStore` for a URL that cannot work, `StoreUnavailable` when the server does not answer within
    `patience` seconds: who serves begins as well while a database starts anew (`STARTING`).
    Leaving stores what was submitted and closes every connection.
    """
    scheme = url.partition("://")[0]
    if scheme == "memory":
        async with open_memory() as memory:
            parts = (memory.log, memory.runs, memory.changes, memory.versions, memory.stats, memory.retention)
            yield Store(*parts, memory.alerts, memory.keys, memory.outcomes, memory.batches, memory.ready)
    elif scheme in _POSTGRES:
        async with open_database(url, patience) as database, open_listener(database) as listener:
            async with open_looks(database) as looks, open_appender(database.appends) as appender:
                log = PostgresLog(appender, listener, looks)
                runs = PostgresRuns(database, listener)
                changes, versions = PostgresChanges(database, listener), PostgresVersions(database)
                stats, retention = PostgresStats(database), PostgresRetention(database)
                alerts = PostgresAlerts(database)
                keys, outcomes = PostgresKeys(database), PostgresOutcomes(database)
                batches = PostgresBatches(database, listener)
                parts = (log, runs, changes, versions, stats, retention, alerts, keys, outcomes, batches)
                yield Store(*parts, runs.ready)
    else:
        raise UnsupportedStore(f"No event store for '{shown(url)}': the scheme is one of memory, postgresql.")
