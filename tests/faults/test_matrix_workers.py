"""Workers that sleep through their lease, race for a run, or die of one: real processes, but for the race.

Rows: event loop of the worker blocked longer than its lease; two workers race for one run; a run that kills every
worker; worker killed between the last step and the last word.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from blockbuster import BlockBuster

from events.contract import Error
from events.log import Entry, tail
from events.store import Store
from tests import vision
from tests.check_history import check_history
from tests.e2e.runs import start
from tests.e2e.stack import Part, Stack, open_stack
from tests.faults.crossing import crossing
from tests.faults.scripted import made
from tests.scripted_model import LoggedCall, ScriptedModelServer, scripted_model
from tests.scripted_replies import Gate, without_end

pytestmark = pytest.mark.timeout(240)
PATIENT = 120.0
"""Seconds that only catch what hangs: processes start slowly where many want the processor."""


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModelServer]:
    async with scripted_model() as server:
        vision.script(server)
        yield server


@pytest.fixture
async def stack(
    tmp_path: Path, database_url: str, model: ScriptedModelServer, blockbuster: BlockBuster
) -> AsyncIterator[Stack]:
    blockbuster.deactivate()  # the loop is the test's alone: our processes have loops of their own
    async with open_stack(tmp_path, database_url, model.url) as stack:
        yield stack


async def whole(store: Store, run_id: UUID) -> list[Entry]:
    async with asyncio.timeout(PATIENT):
        return [entry async for entry in tail(store.log, run_id)]


async def heard(store: Store, run_id: UUID, kind: str, count: int = 1) -> None:
    async with asyncio.timeout(PATIENT):
        async for entry in tail(store.log, run_id):
            count -= entry.type == kind
            if not count:
                return


async def called(model: ScriptedModelServer, step: str, attempt: int) -> LoggedCall:
    async with asyncio.timeout(PATIENT):
        while True:
            for call in model.calls:
                if (call.step, call.attempt) == (step, attempt):
                    return call
            await asyncio.sleep(0.02)


async def epochs(database_url: str, run_id: UUID) -> list[int | None]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT epoch FROM stepglass.events WHERE run_id = $1 ORDER BY seq", run_id)
    finally:
        await connection.close()
    return [row["epoch"] for row in rows]


async def test_a_worker_that_slept_through_its_lease_finds_its_run_taken_and_hangs_up(
    stack: Stack, postgres_store: Store, database_url: str, model: ScriptedModelServer
):
    gate = Gate()
    # The first answer goes on for as long as anybody listens; the second waits in the middle.
    model.answers(
        "framework", without_end("a", every=0.05, before='{"x": "'), vision.framework().holding(gate, after=5)
    )
    sleeper = await stack.worker()
    run_id = await start(postgres_store)
    first = await called(model, "framework", 1)
    await heard(postgres_store, run_id, "model_chunk", 5)

    sleeper.hang()
    other = await stack.worker()
    await heard(postgres_store, run_id, "run_resumed")
    async with asyncio.timeout(PATIENT):
        await gate.reached.wait()
    sleeper.wake()

    async with asyncio.timeout(PATIENT):
        await first.over.wait()
    assert first.disconnected is not None, "who has lost its run does not listen to the model any more"
    assert model.calls[-1].disconnected is None, "the other one does"
    gate.open()
    entries = await whole(postgres_store, run_id)
    assert entries[-1].type == "complete"
    check_history(
        {run_id: entries},
        [made(run_id, call) for call in model.calls],
        max_attempts=3,
        epochs={run_id: await epochs(database_url, run_id)},
    )
    assert sleeper.process.returncode is None, "it is still good for other runs"
    await other.kill()
    vision.script(model)
    assert (await whole(postgres_store, await start(postgres_store)))[-1].type == "complete"


async def test_a_worker_that_wakes_when_the_run_has_ended_says_no_more(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    model.answers("framework", without_end("a", every=0.05, before='{"x": "'), vision.framework())
    sleeper = await stack.worker()
    run_id = await start(postgres_store)
    first = await called(model, "framework", 1)
    sleeper.hang()
    await stack.worker()
    entries = await whole(postgres_store, run_id)

    sleeper.wake()
    async with asyncio.timeout(PATIENT):
        await first.over.wait()
    assert first.disconnected is not None
    assert await postgres_store.log.read(run_id, limit=10_000) == entries
    check_history({run_id: entries}, [made(run_id, call) for call in model.calls], max_attempts=3)


@pytest.mark.faults
async def test_a_run_that_kills_every_worker_is_given_up_after_three(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    deadly = Gate()
    for step in ("brief", "framework"):
        model.answers(step, vision.framework().holding(deadly, after=2))
    run_id = await start(postgres_store)
    workers: list[Part] = []
    for attempt in (1, 2, 3):
        workers.append(await stack.worker())
        await called(model, "framework", attempt)
        await workers[-1].kill()
    deadly.open()
    vision.script(model)
    calls = len(model.calls)
    await stack.worker()
    entries = await whole(postgres_store, run_id)

    last = entries[-1].event
    assert isinstance(last, Error)
    assert last.data.problem.type == "/problems/crash-loop"
    assert len(model.calls) == calls, "no worker asks for it any more"
    check_history({run_id: entries}, [made(run_id, call) for call in model.calls], max_attempts=3)
    assert (await whole(postgres_store, await start(postgres_store)))[-1].type == "complete"


async def test_of_many_workers_that_race_for_runs_each_gets_its_own(database_url: str):
    async with crossing(database_url, lease=60.0) as crossed:
        for number in range(4):
            crossed.work(f"worker {number}")
        runs = [await crossed.accept() for _ in range(12)]
        for run_id in runs:
            entries = await crossed.check(run_id)
            assert entries[-1].type == "complete"
            assert "run_resumed" not in [entry.type for entry in entries]
            assert set(await epochs(database_url, run_id)) == {None, 1}
        assert len(crossed.server.calls) == 11 * len(runs)
