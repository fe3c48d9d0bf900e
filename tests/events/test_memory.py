"""What the store in memory has of its own: a clock that tests set, and nothing shared."""

import asyncio
import gc

import pytest

from events.errors import Fenced
from events.memory import open_memory
from tests.events.words import chunk, new, opened


async def test_a_lease_runs_out_by_the_clock_that_was_given() -> None:
    now = [0.0]
    async with open_memory(clock=lambda: now[0]) as store:
        run_id = (await store.runs.accept(new(deadline=100))).run_id
        first = await store.runs.claim("first", lease=10)
        assert first is not None and first.seconds_left == 100
        now[0] = 9.9
        assert await store.runs.claim("second") is None
        assert await store.runs.renew(run_id, first.epoch, lease=10) is None
        now[0] = 19.8
        assert await store.runs.claim("second") is None
        now[0] = 19.9
        second = await store.runs.claim("second")
        assert second is not None
        assert (second.epoch, second.losses, second.taken_over, second.seconds_left) == (
            2,
            1,
            True,
            pytest.approx(80.1),
        )
        with pytest.raises(Fenced, match="the current one is 2"):
            await store.log.append(run_id, [opened()], epoch=first.epoch)


async def test_two_stores_know_nothing_of_each_other() -> None:
    async with open_memory() as one, open_memory() as other:
        run_id = (await one.runs.accept(new(key="k"))).run_id
        assert await other.log.read(run_id) == []
        assert (await other.runs.accept(new(key="k"))).created


async def test_a_chunk_that_nobody_waits_for_may_be_refused_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    async with open_memory() as store:
        run_id = (await store.runs.accept(new())).run_id
        store.log.submit(run_id, [chunk("too late")], epoch=7)
        await asyncio.sleep(0)
        gc.collect()
    assert caplog.records == []


async def test_a_reader_who_gives_up_waiting_leaves_nothing_behind() -> None:
    async with open_memory() as store:
        run_id = (await store.runs.accept(new())).run_id
        reader = asyncio.create_task(store.log.read(run_id, 1, wait=60))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert [entry.seq for entry in await store.log.read(run_id)] == [1]
