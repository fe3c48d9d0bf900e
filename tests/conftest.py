"""What every test may rely on: a real PostgreSQL with a fresh database each, and an event loop that nobody blocks."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

from events import migrations
from events.embedded import embedded_postgres
from events.store import Store, open_store
from tests.clusters import TEMPLATE, administer, open_folder, own_database

# A lease that ran out as the server started is one that nobody could renew (`events._pg_runs`): no test is about that
# without saying so, whenever it has its turn.
SETTLED = "SELECT pg_sleep_until(pg_postmaster_start_time() + interval '2.1 seconds')"

# How long an example takes tells of the machine and who else is on it, not of our code.
settings.register_profile("stepglass", deadline=None)
settings.load_profile("stepglass")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio alone: asyncpg and Prefect know no other."""
    return "asyncio"


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """A call that blocks the event loop is an error."""
    with blockbuster_ctx() as bb:
        for function in bb.functions.values():
            # Alembic reads its files; it has a thread and a loop of its own (`migrate`), so nobody waits for it.
            function.can_block_in("events/migrations/_upgrade.py", {"_upgrade"})
            # asyncpg looks for ~/.pgpass and client certificates whenever it connects: a look at local files, rarely.
            function.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_dsn_and_args"})
        yield bb


@pytest.fixture(autouse=True)
def no_model_costs_money(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key is in somebody's environment: only model servers on this machine are asked."""
    monkeypatch.setattr("llm.config.ALLOW_REMOTE_MODELS", False)


@pytest.fixture(autouse=True)
def ids_begin_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids never go back: a test whose clock was ahead would leave them ahead for all that come after it."""
    monkeypatch.setattr("events.ids._last", 0)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real server for the whole session, whose data need not survive it."""
    with open_folder("stepglass-tests-") as folder:
        fast = {"fsync": "off", "full_page_writes": "off"}
        with embedded_postgres(folder, settings=fast, databases=(TEMPLATE,)) as url:
            asyncio.run(migrations.migrate(url))
            asyncio.run(administer(url, SETTLED))
            yield url


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """A database of this test's own, migrated already, as its owner."""
    async with own_database(postgres) as url:
        yield url


@pytest.fixture
async def postgres_store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture(params=["memory", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("database_url")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """Every promise of a store is tested on every store."""
    async with open_store(store_url) as opened:
        yield opened
