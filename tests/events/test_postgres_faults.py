"""The database restarts, the network dies, notifications are lost, clocks are wrong: what still holds."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from uuid import UUID

import anyio
import asyncpg
import psutil
import pytest

from events import _listener
from events._looks import Looks
from events.embedded import embedded_postgres
from events.errors import StoreUnavailable
from events.log import Entry, tail
from events.runs import DEFAULT_TENANT, Claim
from events.store import Store, open_store
from tests.events.words import LAST, chunk, held, new, story, text
from tests.proxy import Proxy

FAST = {"fsync": "off"}


class Server:
    """A server of this test's own, to be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.url = ""

    async def start(self) -> None:
        self.url = await asyncio.to_thread(self._stack.enter_context, embedded_postgres(self.folder, settings=FAST))

    async def stop(self) -> None:
        await asyncio.to_thread(self._stack.close)

    async def crash(self) -> None:
        """Every process of the server dies by SIGKILL, the postmaster first."""
        await asyncio.to_thread(self._crash)

    def _crash(self) -> None:
        pid_file = self.folder / "postgres" / "postmaster.pid"
        postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        for process in (postmaster, *postmaster.children(recursive=True)):
            process.kill()


@pytest.fixture
async def server(short_path: Path) -> AsyncIterator[Server]:
    server = Server(short_path)
    await server.start()
    yield server
    await server.stop()


async def write(store: Store, count: int) -> str:
    """A run with so many numbered chunks and a last word; gives what its text should be."""
    run = await held(store)
    for index in range(count):
        await store.log.append(run.run_id, [chunk(f"{index},")], epoch=run.epoch)
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    return "".join(f"{index}," for index in range(count))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", ["stop", "crash"])
async def test_a_restart_costs_no_event_and_no_reader(server: Server, how: str) -> None:
    async with open_store(server.url) as store, open_store(server.url) as elsewhere:
        run = await held(store)
        seen: list[int] = []

        async def watch() -> None:
            while True:
                try:
                    async for entry in tail(elsewhere.log, run.run_id, len(seen)):
                        seen.append(entry.seq)
                    return
                except StoreUnavailable:
                    continue  # A viewer comes back with its cursor.

        async def work() -> None:
            for index in range(300):
                await store.log.append(run.run_id, [chunk(f"{index},")], epoch=run.epoch)
            await store.log.append(run.run_id, [LAST], epoch=run.epoch)

        with anyio.fail_after(50):
            async with asyncio.TaskGroup() as group:
                group.create_task(watch())
                group.create_task(work())
                for after in (20, 150):
                    await store.log.read(run.run_id, after, wait=20)
                    await (server.stop() if how == "stop" else server.crash())
                    await server.start()
        assert await text(store.log, run.run_id) == "".join(f"{index}," for index in range(300))
        assert seen == list(range(1, 303))


@pytest.mark.timeout(60)
async def test_a_lease_that_ran_out_while_the_database_was_away_takes_no_run_from_a_worker_that_lives(
    server: Server,
) -> None:
    async with open_store(server.url) as store, open_store(server.url) as elsewhere:
        run = await held(store)
        await store.runs.renew(run.run_id, run.epoch, lease=0)
        await server.crash()
        await server.start()

        assert await elsewhere.runs.claim("other", lease=3600) is None
        assert await elsewhere.runs.claim("other", lease=3600, run_id=run.run_id) is None
        assert await store.runs.renew(run.run_id, run.epoch, lease=0) is None

        # Of a holder that does not come back, somebody takes it all the same, a lease after the start.
        claim: Claim | None = None
        with anyio.fail_after(30):
            while claim is None:
                claim = await elsewhere.runs.claim("other", lease=1)
        assert (claim.run_id, claim.losses) == (run.run_id, 1)


@pytest.mark.timeout(60)
async def test_while_the_database_is_down_everyone_is_told_so(server: Server) -> None:
    async with open_store(server.url) as store:
        run = await held(store)
        await server.stop()
        calls = [
            store.runs.accept(new()),
            store.runs.claim("me"),
            store.runs.renew(run.run_id, run.epoch),
            store.runs.page(DEFAULT_TENANT),
            store.log.read(run.run_id),
            store.ready(),
        ]
        with anyio.fail_after(20):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} == {StoreUnavailable}
        await server.start()
        await store.ready()
        assert await store.runs.renew(run.run_id, run.epoch) is None


async def test_a_waiting_reader_hears_through_a_dead_listen(proxy: Proxy, database_url: str) -> None:
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        run = await held(elsewhere)
        proxy.deaf = True
        with anyio.fail_after(5):
            waiting = asyncio.create_task(store.log.read(run.run_id, 1, wait=4))
            await elsewhere.log.append(run.run_id, [chunk("unheard")], epoch=run.epoch)
            assert [entry.type for entry in await waiting] == ["model_chunk"]


async def test_what_comes_between_the_look_and_the_wait_is_not_waited_for(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "LOOK_EVERY", 60)
    run = await held(postgres_store)
    fetch = Looks.look
    looks: list[int] = []

    async def look_and_dawdle(log: Looks, run_id: UUID, after: int, limit: int) -> list[Entry]:
        found = await fetch(log, run_id, after, limit)
        looks.append(len(found))
        if looks == [0]:
            await postgres_store.log.append(run_id, [chunk("now")], epoch=run.epoch)
            # What is notified later on the same connection is heard later.
            await postgres_store.runs.request_cancel(run_id, DEFAULT_TENANT)
            while await anext(wakeups) != run_id:
                pass
        return found

    monkeypatch.setattr(Looks, "look", look_and_dawdle)
    with anyio.fail_after(5):
        async with postgres_store.runs.wakeups() as wakeups:
            await postgres_store.log.read(run.run_id, 1, wait=30)
    assert looks == [0, 2]


async def test_a_listening_connection_that_dies_is_made_again(proxy: Proxy, database_url: str) -> None:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(proxy.url))
        elsewhere = await stack.enter_async_context(open_store(database_url))
        wakeups = await stack.enter_async_context(store.runs.wakeups())
        with anyio.fail_after(10):
            for _ in range(3):
                proxy.cut()
                run = await elsewhere.runs.accept(new(), holder="other")
                # Nothing may be claimed: this is for the new connection, which may have missed something.
                assert await anext(wakeups) is None
                await elsewhere.runs.request_cancel(run.run_id, DEFAULT_TENANT)
                while (heard := await anext(wakeups)) != run.run_id:
                    assert heard is None


async def test_a_listening_connection_that_is_half_open_is_given_up(
    proxy: Proxy, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listener, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(_listener, "ANSWER_WITHIN", 0.1)
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        run = await elsewhere.runs.accept(new(), holder="other")
        with anyio.fail_after(10):
            async with store.runs.wakeups() as wakeups:
                await elsewhere.runs.request_cancel(run.run_id, DEFAULT_TENANT)
                while await anext(wakeups) != run.run_id:
                    pass
                proxy.hush()
                # The new connection begins with a look at what the old one may have missed.
                assert await anext(wakeups) is None
                await elsewhere.runs.request_cancel(run.run_id, DEFAULT_TENANT)
                assert await anext(wakeups) == run.run_id


async def test_a_waiting_reader_gets_what_came_while_nobody_listened(proxy: Proxy, database_url: str) -> None:
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        run = await held(elsewhere)
        with anyio.fail_after(10):
            waiting = asyncio.create_task(store.log.read(run.run_id, 1, wait=9))
            proxy.away = True
            proxy.cut()
            await elsewhere.log.append(run.run_id, [chunk("meanwhile")], epoch=run.epoch)
            proxy.away = False
            assert [entry.type for entry in await waiting] == ["model_chunk"]


async def test_a_full_or_read_only_database_is_unavailable(postgres_store: Store, database_url: str) -> None:
    admin = await asyncpg.connect(database_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await admin.close()
    async with open_store(database_url) as store:
        for call in (store.ready, lambda: store.runs.accept(new())):
            with pytest.raises(StoreUnavailable):
                await call()
        assert (await store.runs.page(DEFAULT_TENANT)).runs == []


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_an_hour_off_moves_no_lease(
    database_url: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    async with open_store(database_url) as right, open_store(database_url) as wrong:
        true_time, true_ns = time.time, time.time_ns
        run = await held(right, deadline=60.0)
        monkeypatch.setattr(time, "time", lambda: true_time() + 3600 * hours)
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + 3600 * hours * 10**9)
        assert await wrong.runs.claim("other") is None
        assert await wrong.runs.renew(run.run_id, run.epoch, lease=30) is None
        mine = await wrong.runs.accept(new(deadline=60.0))
        claim = await wrong.runs.claim("other", lease=30)
        assert claim is not None
        assert claim.run_id == mine.run_id
        assert 50 < claim.seconds_left <= 60
        monkeypatch.undo()
        assert await right.runs.claim("third") is None
        header = await right.runs.header(mine.run_id, DEFAULT_TENANT)
        assert abs(header.created_at.timestamp() - true_time()) < 60


async def test_a_lost_connection_in_the_middle_of_a_cancel_is_one_cancel(proxy: Proxy) -> None:
    async with open_store(proxy.url) as store:
        run = await held(store)
        proxy.lose(b'"type":"cancel_requested"')
        with anyio.fail_after(10):
            assert await store.runs.request_cancel(run.run_id, DEFAULT_TENANT) is False
        assert proxy.lost.is_set()
        assert await story(store.log, run.run_id) == ["run_queued", "cancel_requested"]
