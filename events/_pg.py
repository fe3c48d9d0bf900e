"""Connections to PostgreSQL: three small pools, so that readers cannot starve a writer, and its errors as ours."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import asyncpg

from events import migrations
from events._pg_pooler import check_session
from events.errors import Fenced, NotAllowed, RunEnded, StoreError, StoreUnavailable, UnknownRun, UnsupportedStore

if TYPE_CHECKING:
    # Generic in the stubs only.
    from asyncpg.pool import PoolConnectionProxy

log = logging.getLogger("stepglass.store")

Row: TypeAlias = asyncpg.Record
Session: TypeAlias = "asyncpg.Connection[Row]"
Connection: TypeAlias = "Session | PoolConnectionProxy[Row]"
Pool: TypeAlias = "asyncpg.Pool[Row]"
T = TypeVar("T")

COMMAND_TIMEOUT = 8.0
"""Seconds after which a statement is given up: less than the lease of a run."""

CLOSE_WITHIN = 1.0
"""Seconds for taking leave of the server: one that does not answer at all must hold up no process that is to end."""

_NAME = {"application_name": "stepglass"}
# Set once connected: a pooler in session mode refuses them as startup parameters.
_SESSION = """
    SET statement_timeout = 8000;
    -- Whoever stands still in a transaction holds locks that others wait for; what it did is undone, and tried again.
    SET idle_in_transaction_session_timeout = 5000;
    -- A client that got its answer must find it again, whatever the server's default is.
    SET synchronous_commit = on;
    SET jit = off;
"""
_GUARD: dict[str, type[StoreError]] = {"SG002": Fenced, "SG003": RunEnded, "SG004": NotAllowed, "SG005": UnknownRun}
# Full disk, too many connections, shutting down, read-only, timeouts, deadlocks: to be tried again, not our mistake.
_PASSING = ("08", "40", "53", "55P03", "57", "58", "25006")


@contextmanager
def translated() -> Generator[None, None, None]:
    """Every exception of the wire and of PostgreSQL that is not a mistake of ours, as one of `events.errors`."""
    try:
        yield
    except asyncpg.PostgresError as error:
        code = error.sqlstate or ""
        if code in _GUARD:
            raise _GUARD[code](str(error)) from error
        if code.startswith(_PASSING):
            raise StoreUnavailable(f"The database cannot do this now: {error}") from error
        raise
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if isinstance(error, ValueError):
            raise  # An argument that does not fit its column: a mistake of ours.
        raise StoreUnavailable(f"The database does not answer: {str(error) or type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class Database:
    """`appends` has one connection, the appender's; `calls` are the short transactions on runs; `reads` the rest."""

    dsn: str
    appends: Pool
    calls: Pool
    reads: Pool

    async def call(self, work: Callable[[Connection], Awaitable[T]], *, patience: float = 2.0) -> T:
        """One statement, again on a new connection while the database is away. `work` must bear being repeated."""
        return await _persist(self.calls, work, patience)

    async def transact(self, work: Callable[[Connection], Awaitable[T]], *, patience: float = 2.0) -> T:
        """The same for several statements in one transaction."""

        async def transaction(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await _persist(self.calls, transaction, patience)

    async def read(self, work: Callable[[Connection], Awaitable[T]], *, patience: float = 2.0) -> T:
        """The same for looking something up, on the readers' connections."""
        return await _persist(self.reads, work, patience)


@asynccontextmanager
async def borrowed(pool: Pool) -> AsyncGenerator[Connection, None]:
    """A connection of the pool. One that was left in the middle of something is not given to the next."""
    async with pool.acquire(timeout=COMMAND_TIMEOUT) as connection:
        try:
            yield connection
        except (asyncio.CancelledError, TimeoutError, OSError):
            # Asking a server that does not answer to stop what it does would take as long again.
            connection.terminate()
            raise


async def _persist(pool: Pool, work: Callable[[Connection], Awaitable[T]], patience: float) -> T:
    async def once() -> T:
        async with borrowed(pool) as connection:
            return await work(connection)

    return await _again(once, patience)


async def _again(
    ask: Callable[[], Awaitable[T]], patience: float, tell: Callable[[StoreUnavailable], object] = lambda error: None
) -> T:
    """`tell` hears why the first try has failed, when there is to be another."""
    end, pause, told = time.monotonic() + patience, 0.02, False
    while True:
        try:
            with translated():
                return await ask()
        except StoreUnavailable as error:
            if time.monotonic() + pause > end:
                raise
            if not told:
                tell(error)
            told = True
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.5)


def libpq_url(url: str) -> str:
    """The URL as asyncpg takes it: `postgres://` and `postgresql+asyncpg://` are the same store."""
    rest = url.partition("://")[2]
    return f"postgresql://{rest}"


def shown(url: str) -> str:
    """The URL without what is secret in it, for messages; it need not be a good one."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


@asynccontextmanager
async def open_database(url: str, patience: float = 0.0) -> AsyncGenerator[Database, None]:
    """Check that the server can be our store, bring the tables up to date, and open the pools.

    A server that is away is waited for, `patience` seconds long. Raises `StoreUnavailable` and `UnsupportedStore`.
    """
    dsn = libpq_url(url)
    waiting = "%s is asked again for %g s: %s"
    await _again(lambda: _made_ready(dsn, url), patience, lambda e: log.warning(waiting, shown(url), patience, e))
    async with AsyncExitStack() as stack:
        with translated():
            pools = [await stack.enter_async_context(_opened(_pool(dsn, size))) for size in (1, 4, 6)]
        # Outside of it: what goes wrong with whoever uses the database is not the database's.
        yield Database(dsn, *pools)


async def _made_ready(dsn: str, url: str) -> None:
    connection = await connect(dsn, url)
    try:
        await check_session(connection, lambda: connect(dsn, url), shown(url))
        current = await migrations.is_current(connection)
    finally:
        await connection.close(timeout=2)
    if not current:
        await migrations.migrate(dsn)


@asynccontextmanager
async def _opened(pool: Pool) -> AsyncGenerator[Pool, None]:
    """Leaving says goodbye to a server that hears it, and hangs up on one that does not."""
    await pool
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await pool.close()
        except TimeoutError:
            pool.terminate()


def _pool(dsn: str, size: int) -> Pool:
    return asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=COMMAND_TIMEOUT,
        timeout=5,
        max_inactive_connection_lifetime=0,
        server_settings=_NAME,
        init=_set_up,
        # Nothing here changes a session, so giving a connection back costs no round trip.
        reset=_as_it_is,
    )


async def _set_up(connection: Session) -> None:
    await connection.execute(_SESSION)


async def _as_it_is(connection: Session) -> None:
    pass


async def connect(dsn: str, url: str = "") -> Session:
    """A connection outside the pools, with the same settings."""
    try:
        connection = await asyncpg.connect(dsn, command_timeout=COMMAND_TIMEOUT, timeout=5, server_settings=_NAME)
        try:
            await _set_up(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise UnsupportedStore(f"{shown(url or dsn)} does not let us in: {error}") from error
    except (ValueError, OverflowError) as error:
        raise UnsupportedStore(f"{shown(url or dsn)} is no URL of a PostgreSQL server.") from error
