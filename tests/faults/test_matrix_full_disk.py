"""The database takes no writes: nobody is told 202 for nothing, what runs waits, then stops; nothing is half-written.

Read-only is real: PostgreSQL's own `default_transaction_read_only`, for new and for old connections. A full disk is
simulated: a trigger raises what PostgreSQL raises then (53100), from the first statement that would need room.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from api.app import create_app
from events import _appender
from tests import vision
from tests.api.conftest import in_process, problem, settings_with
from tests.faults.crossing import Crossing, crossing
from tests.scripted_replies import Gate

pytestmark = pytest.mark.timeout(120)

Admin = Callable[[str], Awaitable[object]]
START = {"pipeline": "vision_framework", "input": vision.BRIEF}
FULL = """
    CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION USING ERRCODE = '53100',
            MESSAGE = 'could not extend file "base/5/16397": No space left on device';
    END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON stepglass.events FOR EACH STATEMENT EXECUTE FUNCTION public.no_room();
"""
ROOM = "DROP TRIGGER no_room ON stepglass.events; DROP FUNCTION public.no_room()"


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[Admin]:
    """Somebody who may write whatever the database is set to."""
    connection = await asyncpg.connect(database_url, server_settings={"default_transaction_read_only": "off"})
    yield connection.execute
    await connection.close()


async def stop_writes(admin: Admin, how: str, database_url: str) -> None:
    if how == "full":
        await admin(FULL)
        return
    await admin(f"ALTER DATABASE {name_of(database_url)} SET default_transaction_read_only = on")
    await hang_up(admin)


async def take_writes(admin: Admin, how: str, database_url: str) -> None:
    if how == "full":
        await admin(ROOM)
        return
    await admin(f"ALTER DATABASE {name_of(database_url)} SET default_transaction_read_only = off")
    await hang_up(admin)


async def hang_up(admin: Admin) -> None:
    """Connections that are open keep the setting that they began with."""
    await admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def name_of(database_url: str) -> str:
    return database_url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
async def crossed(database_url: str) -> AsyncIterator[Crossing]:
    async with crossing(database_url) as crossed:
        yield crossed


@pytest.mark.parametrize("how", ["full", "read-only"])
async def test_nothing_is_accepted_that_cannot_be_kept(crossed: Crossing, admin: Admin, database_url: str, how: str):
    async with in_process(create_app(settings_with(), crossed.near)) as client:
        await stop_writes(admin, how, database_url)

        refused = await client.post("/api/runs", json=START, headers={"Idempotency-Key": "one"})

        assert problem(refused) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/api/runs")).json()["runs"] == [], "what is there can still be read"
        await take_writes(admin, how, database_url)
        accepted = await client.post("/api/runs", json=START, headers={"Idempotency-Key": "one"})
        assert accepted.status_code == 202
        assert len((await client.get("/api/runs")).json()["runs"]) == 1


@pytest.mark.parametrize("how", ["full", "read-only"])
async def test_a_run_at_work_waits_for_room_and_goes_on(
    admin: Admin, database_url: str, how: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_appender, "PATIENCE", 60.0)
    async with crossing(database_url, lease=60.0) as crossed:
        gate = Gate()
        crossed.server.answers("framework", vision.framework().holding(gate, after=5))
        run_id = await crossed.accept()
        crossed.work()
        watching = asyncio.create_task(crossed.watch(run_id))
        async with asyncio.timeout(30):
            await gate.reached.wait()

        await stop_writes(admin, how, database_url)
        gate.open()
        await (await crossed.server.called("framework")).over.wait()
        await take_writes(admin, how, database_url)

        entries = await crossed.check(run_id, await watching)
        assert entries[-1].type == "complete"
        assert not {"run_resumed", "step_retry"} & {entry.type for entry in entries}


@pytest.mark.parametrize("how", ["full", "read-only"])
async def test_a_run_that_finds_no_room_is_stopped_and_goes_on_when_there_is_some(
    admin: Admin, database_url: str, how: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_appender, "PATIENCE", 0.5)
    async with crossing(database_url, lease=1.0) as crossed:
        gate = Gate()
        # The first one would go on for ever: it ends when its worker stops.
        crossed.server.answers("framework", vision.framework().holding(gate, after=5), vision.framework())
        run_id = await crossed.accept()
        watching = asyncio.create_task(crossed.watch(run_id))
        crossed.work()
        async with asyncio.timeout(30):
            await gate.reached.wait()
        await crossed.near.log.read(run_id, 6, wait=10)
        await stop_writes(admin, how, database_url)
        before = [entry.line for entry in await crossed.near.log.read(run_id)]

        # What is submitted and not stored ends the work: the others' calls first, and that of the framework with them.
        await (await crossed.server.called("framework")).over.wait()
        assert [entry.line for entry in await crossed.near.log.read(run_id)] == before, "nothing half-written"
        await take_writes(admin, how, database_url)

        entries = await crossed.check(run_id, await watching)
        assert entries[-1].type == "complete"
        assert "run_resumed" in [entry.type for entry in entries]
