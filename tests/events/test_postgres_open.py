"""Opening a store: which URLs, what is refused and with which words, and tables that are brought up to date."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from events import migrations
from events._pg import open_database, translated
from events.embedded import beside
from events.errors import StoreUnavailable, UnsupportedStore
from events.runs import DEFAULT_TENANT
from events.store import open_store
from tests.clusters import TEMPLATE, own_database
from tests.events.words import new
from tests.proxy import Proxy


@pytest.mark.parametrize("url", ["mysql://x", "mysql://user:secret@x", "sqlite:///events.db", "x", ""])
async def test_a_store_that_we_do_not_have_is_refused_by_name(url: str) -> None:
    with pytest.raises(UnsupportedStore) as refusal:
        async with open_store(url):
            pass
    words = str(refusal.value)
    assert words.endswith("the scheme is one of memory, postgresql.")
    assert "secret" not in words
    if url == "mysql://x":
        assert words == "No event store for 'mysql://x': the scheme is one of memory, postgresql."


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_the_usual_ways_to_write_the_url_are_one_store(database_url: str, scheme: str) -> None:
    async with open_store(scheme + "://" + database_url.partition("://")[2]) as store:
        run = await store.runs.accept(new())
    async with open_store(database_url) as store:
        assert (await store.runs.view(run.run_id, DEFAULT_TENANT)).status == "queued"


async def test_a_server_that_is_not_there_is_unavailable(short_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        async with open_store(f"postgresql://postgres@/stepglass?host={short_path}"):
            pass


async def test_a_server_that_comes_back_is_waited_for(proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    proxy.away = True

    async def opened() -> str:
        async with open_store(proxy.url, patience=60) as store:
            await store.ready()
        return "opened"

    opening = asyncio.create_task(opened())
    while not caplog.records:
        assert not opening.done()
        await asyncio.sleep(0.01)
    proxy.away = False
    assert await opening == "opened"
    (said,) = caplog.messages
    assert "is asked again for 60 s: The database" in said


async def test_a_transaction_pooler_is_refused_with_the_reason(proxy: Proxy) -> None:
    proxy.deaf = True
    with pytest.raises(UnsupportedStore, match="transaction pooler.*LISTEN"):
        async with open_store(proxy.url):
            pass


@pytest.mark.parametrize("rest", ["localhost:port/x", "[::1/x", "user:secret@localhost:port/x"])
async def test_what_is_no_url_is_refused(rest: str) -> None:
    with pytest.raises(UnsupportedStore, match="no URL of a PostgreSQL server") as refusal:
        async with open_store(f"postgresql://{rest}"):
            pass
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("error", [TimeoutError, OSError, ValueError])
async def test_what_goes_wrong_inside_is_not_blamed_on_the_store(store_url: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="ours"):
        async with open_store(store_url):
            raise error("ours")


async def test_a_database_that_does_not_exist_is_refused_in_the_servers_words(postgres: str) -> None:
    with pytest.raises(UnsupportedStore, match='database "nowhere" does not exist'):
        async with open_store(beside(postgres, "nowhere", TEMPLATE)):
            pass


async def test_tables_of_a_newer_version_are_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE stepglass.alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(UnsupportedStore, match="another version than this program"):
        async with open_store(database_url):
            pass


async def test_every_connection_waits_for_the_disk_and_not_for_ever(database_url: str) -> None:
    name = urlsplit(database_url).path[1:]
    admin = await asyncpg.connect(database_url)
    await admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await admin.close()
    async with open_database(database_url) as database:
        for pool in (database.appends, database.calls, database.reads):
            assert await pool.fetchval("SHOW synchronous_commit") == "on"
            assert await pool.fetchval("SHOW statement_timeout") == "8s"


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (asyncpg.DiskFullError("No space left on device"), StoreUnavailable),
        (asyncpg.TooManyConnectionsError("sorry"), StoreUnavailable),
        (asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT"), StoreUnavailable),
        (asyncpg.AdminShutdownError("terminating"), StoreUnavailable),
        (asyncpg.CannotConnectNowError("starting up"), StoreUnavailable),
        (asyncpg.DeadlockDetectedError("deadlock"), StoreUnavailable),
        (asyncpg.QueryCanceledError("statement timeout"), StoreUnavailable),
        (asyncpg.ConnectionDoesNotExistError("gone"), StoreUnavailable),
        (asyncpg.InterfaceError("connection is closed"), StoreUnavailable),
        (ConnectionResetError("reset"), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        # Mistakes of ours, which no patience mends.
        (asyncpg.UniqueViolationError("twice"), asyncpg.UniqueViolationError),
        (asyncpg.UndefinedColumnError("what"), asyncpg.UndefinedColumnError),
        (asyncpg.DataError("an int is no text"), asyncpg.DataError),
    ],
)
def test_every_foreign_error_is_one_of_ours_or_a_mistake(found: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours):
        with translated():
            raise found


async def test_our_connections_are_named_to_the_operator(database_url: str) -> None:
    async with open_store(database_url) as store:
        await store.ready()
        admin = await asyncpg.connect(database_url)
        names = await admin.fetch(
            "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1",
            admin.get_server_pid(),
        )
        await admin.close()
    assert [row["application_name"] for row in names] == ["stepglass"]


async def test_leaving_a_store_closes_every_connection(database_url: str) -> None:
    async with open_store(database_url) as store:
        await asyncio.gather(*(store.runs.page(DEFAULT_TENANT) for _ in range(20)))
    admin = await asyncpg.connect(database_url)
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    # A backend that was told to go is listed until it has gone.
    async with asyncio.timeout(5):
        while await admin.fetchval(count):
            pass
    await admin.close()


async def test_an_empty_database_gets_its_tables_however_many_ask_at_once(postgres: str) -> None:
    async with own_database(postgres, template="template0") as url:

        async def use() -> bool:
            async with open_store(url) as store:
                return (await store.runs.accept(new(key="k"))).created

        assert sorted(await asyncio.gather(*(use() for _ in range(5)))) == [False, False, False, False, True]


async def test_the_newest_revision_is_the_one_that_the_store_looks_for(database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    heads = await asyncio.to_thread(lambda: ScriptDirectory.from_config(config).get_heads())
    assert heads == [migrations.HEAD]
    connection = await asyncpg.connect(database_url)
    assert await migrations.is_current(connection)
    await connection.execute("UPDATE stepglass.alembic_version SET version_num = '0000'")
    assert not await migrations.is_current(connection)
    await connection.close()
