"""A worker: what it takes, what it carries on with, and what cannot stop it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from events.errors import StoreUnavailable
from events.log import tail
from events.runs import Claim
from flows._carry import Carry, Tools
from flows._closing import CRASH_LOOP
from flows.worker import Worker
from llm.client import Call
from tests.check_history import check_history
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Topic, one_haiku
from tests.scripted_llm import Answer, ScriptedModel
from tests.scripted_replies import Gate

PIPELINES = {one_haiku.name: one_haiku}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage


async def last_word(stage: Stage) -> str:
    async with asyncio.timeout(5):
        return [entry.type async for entry in tail(stage.store.log, stage.run_id)][-1]


async def test_a_worker_carries_no_more_runs_at_once_than_it_was_told(stage: Stage):
    gate = Gate()
    stage.model.answers("haiku", [gate, "An old pond"])
    for _ in range(3):
        await stage.accept(one_haiku, Topic(name="frogs"))
    worker = Worker(stage.tools, PIPELINES, most=2)
    working = asyncio.create_task(worker.work())
    await gate.reached.wait()

    assert len(worker._live) == 2  # pyright: ignore[reportPrivateUsage] - what it carries now
    gate.open()
    assert await last_word(stage) == "complete"
    worker.drain()
    await working


async def test_a_claim_that_fails_in_a_way_that_nobody_foresaw_ends_no_worker(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stage.model.answers("haiku", ["An old pond"])
    await stage.accept(one_haiku, Topic(name="frogs"))
    claim, faults = stage.store.runs.claim, [KeyError("a bug")]

    async def once_bad(*args: Any, **named: Any) -> Claim | None:
        if faults:
            raise faults.pop()
        return await claim(*args, **named)

    monkeypatch.setattr(stage.store.runs, "claim", once_bad)
    worker = Worker(stage.tools, PIPELINES)
    working = asyncio.create_task(worker.work(look_every=0.01))

    assert await last_word(stage) == "complete"
    assert "a bug" in caplog.text
    worker.drain()
    await working


async def test_a_run_that_is_given_up_because_the_store_was_away_goes_on_when_it_is_back_and_counts_as_no_loss(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    gate = Gate()
    stage.model.answers("haiku", ["An old ", gate])
    await stage.accept(one_haiku, Topic(name="frogs"))
    claim = await stage.store.runs.claim("a worker")
    assert claim is not None
    tools = Tools(stage.store.log, stage.store.runs, stage.model, lease=0.05, renew_every=0.01)
    going = asyncio.create_task(Carry(claim, one_haiku, tools).go())
    await gate.reached.wait()
    release, faults = stage.store.runs.release, [StoreUnavailable("still away")]

    async def away(*args: Any, **named: Any) -> None:
        raise StoreUnavailable("away")

    async def late(run_id: UUID, epoch: int) -> None:
        if faults:
            raise faults.pop()
        await release(run_id, epoch)

    monkeypatch.setattr(stage.store.runs, "renew", away)
    monkeypatch.setattr(stage.store.runs, "release", late)

    async with asyncio.timeout(20):
        assert (await going).kind == "lost"
    again = await stage.store.runs.claim("another")
    assert again is not None
    assert (again.losses, again.taken_over) == (0, True)


async def test_a_worker_whose_listening_fails_listens_again(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    gate = Gate()
    stage.model.answers("haiku", ["An old ", gate])
    await stage.accept(one_haiku, Topic(name="frogs"))
    wakeups, faults = stage.store.runs.wakeups, [KeyError("a bug")]

    def once_bad() -> Any:
        if faults:
            raise faults.pop()
        return wakeups()

    monkeypatch.setattr(stage.store.runs, "wakeups", once_bad)
    monkeypatch.setattr("flows.worker.PAUSE", 0.0)
    worker = Worker(stage.tools, PIPELINES)
    working = asyncio.create_task(worker.work())
    await gate.reached.wait()

    assert not faults
    await stage.store.runs.request_cancel(stage.run_id, "default")

    # Renewed every three seconds, the lease would tell of it, too; but not to one that listens.
    async with asyncio.timeout(2.5):
        assert await last_word(stage) == "cancelled"
    worker.drain()
    await working


async def test_a_run_that_a_worker_lost_and_took_again_is_still_in_its_hands(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    first, second = Gate(), Gate()
    stage.model.answers("haiku", ["An old ", first], ["An old ", second])
    await stage.accept(one_haiku, Topic(name="frogs"))
    worker = Worker(stage.tools, PIPELINES)
    working = asyncio.create_task(worker.work())
    await first.reached.wait()

    stage.clock.now += 60
    await worker._claim_all()  # pyright: ignore[reportPrivateUsage] - before the worker has heard that it lost the run
    await second.reached.wait()
    first.open()
    async with asyncio.timeout(5):
        while len(worker._tasks) > 1:  # pyright: ignore[reportPrivateUsage]
            await asyncio.wait(worker._tasks, return_when=asyncio.FIRST_COMPLETED)  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0)
    worker.drain()
    async with asyncio.timeout(5):
        await working

    assert (await stage.store.runs.header(stage.run_id, "default")).holder is None, "released"


class Deadly(ScriptedModel):
    """Nobody gets an answer from the first two workers, and one run from none. The others' third waits for a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.never, self.late = Gate(), Gate()
        self.killer = ""

    async def so_many(self, calls: int) -> None:
        """Wait for so many calls in all."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.calls) >= calls)

    def _answer_to(self, call: Call) -> Answer:
        if int(call.labels["attempt"]) <= 2 or call.labels["run"] == self.killer:
            return [self.never]
        return [self.late, "An old pond"]


async def test_a_run_that_kills_every_worker_is_given_up_and_those_beside_it_are_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    model = Deadly()
    tools = replace(stage.tools, model=model)
    first = await stage.accept(one_haiku, Topic(name="frogs"))
    killer = await stage.accept(one_haiku, Topic(name="a mamushi"))
    third = await stage.accept(one_haiku, Topic(name="herons"))
    model.killer = str(killer)
    workers: list[tuple[Worker, asyncio.Task[None]]] = []
    claim, looks = stage.store.runs.claim, asyncio.Semaphore(0)

    async def counted(*args: Any, **named: Any) -> Claim | None:
        looks.release()
        return await claim(*args, **named)

    def another_worker() -> None:
        worker = Worker(tools, PIPELINES)
        worker.name = f"worker {len(workers)}"
        workers.append((worker, asyncio.create_task(worker.work(look_every=0.001))))

    def lost() -> None:
        """It takes nothing more, and says nothing more."""
        workers[-1][0]._draining = True  # pyright: ignore[reportPrivateUsage] - without releasing what it holds
        stage.clock.now += 60

    async with asyncio.timeout(10):
        for calls in (3, 6):
            another_worker()
            await model.so_many(calls)
            lost()
        another_worker()
        await model.so_many(7)
        monkeypatch.setattr(stage.store.runs, "claim", counted)
        for _ in range(5):
            await looks.acquire()
        assert len(model.calls) == 7, "each goes alone on its last chance"
        model.late.open()
        await model.so_many(8)
        assert model.calls[-1].labels["run"] == str(killer)
        lost()
        another_worker()
        ends = {run_id: [entry async for entry in tail(stage.store.log, run_id)] for run_id in (first, killer, third)}

    assert [entries[-1].type for entries in ends.values()] == ["complete", "error", "complete"]
    assert (await stage.store.runs.view(killer, "default")).problem == CRASH_LOOP
    check_history(ends, max_attempts=1)
    model.never.open()
    for worker, working in workers:
        worker.drain()
        await working
