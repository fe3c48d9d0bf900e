"""Workers die, and the runs that they carried go on."""

import asyncio

import pytest

from events.log import tail
from events.store import Store
from tests import vision
from tests.check_history import check_history
from tests.e2e.runs import asked, check, completed, start, whole
from tests.e2e.stack import Stack
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

pytestmark = pytest.mark.timeout(120)


async def test_a_run_goes_from_the_store_through_a_worker_to_its_last_word(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    await stack.worker()

    run_id = await start(postgres_store)
    entries = await whole(postgres_store, run_id)

    assert entries[-1].type == "complete"
    assert asked(model, "brief") == 2
    assert asked(model, "scoring") == 6
    check(run_id, entries, model.calls)


@pytest.mark.parametrize("death", ["kill", "stop"])
async def test_a_run_whose_worker_dies_in_mid_sentence_is_taken_over_and_nothing_finished_is_asked_for_again(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer, death: str
):
    never = Gate()
    model.answers("one_pager", vision.one_pager().holding(never, after=5), vision.one_pager())
    worker = await stack.worker()
    run_id = await start(postgres_store)
    await never.reached.wait()
    await completed(postgres_store, run_id, {"brief", "framework", "validation", "qa", "scoring"})

    if death == "kill":
        await worker.kill()
    else:
        assert await worker.stop() == 0
    await stack.worker()
    entries = await whole(postgres_store, run_id)

    assert entries[-1].type == "complete"
    assert [entry.type for entry in entries].count("run_resumed") == 1
    assert {step: asked(model, step) for step in ("brief", "framework", "qa", "scoring", "one_pager")} == {
        "brief": 2,
        "framework": 1,
        "qa": 1,
        "scoring": 6,
        "one_pager": 2,
    }
    check(run_id, entries, model.calls)


async def test_a_drained_worker_s_run_goes_on_at_once_where_there_is_another(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    stack.env["STEPGLASS_LEASE"] = "30"
    never = Gate()
    model.answers("framework", vision.framework().holding(never, after=9), vision.framework())
    first = await stack.worker()
    run_id = await start(postgres_store)
    await never.reached.wait()
    await stack.worker()

    loop = asyncio.get_running_loop()
    told = loop.time()
    await first.stop()
    async for entry in tail(postgres_store.log, run_id):
        if entry.type == "run_resumed":
            break
    waited = loop.time() - told

    assert waited < 15, "long before the lease of 30 s would have run out"
    check(run_id, await whole(postgres_store, run_id), model.calls)


async def test_twenty_runs_at_once_all_finish(stack: Stack, postgres_store: Store, model: ScriptedModelServer):
    await stack.worker()

    runs = await asyncio.gather(*(start(postgres_store) for _ in range(20)))
    logs = await asyncio.gather(*(whole(postgres_store, run_id) for run_id in runs))

    assert [entries[-1].type for entries in logs] == ["complete"] * 20
    check_history(dict(zip(runs, logs, strict=True)), max_attempts=3)
