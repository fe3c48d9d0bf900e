"""`POST /api/runs/{id}/pause` and `/unpause`: a run that rests between its steps, over HTTP."""

from httpx2 import AsyncClient

from api.app import create_app
from events.store import Store, open_store
from tests.api.conftest import in_process, problem, settings_with
from tests.api.writing import accept, hold, log_of, told
from tests.histories import Story, simple_story


async def test_a_run_that_nobody_holds_rests_and_goes_on(client: AsyncClient, store: Store):
    run_id = await accept(store)

    for _ in range(2):
        paused = await client.post(f"/api/runs/{run_id}/pause")
        assert (paused.status_code, paused.json()) == (202, {"run_id": str(run_id), "status": "paused"})
    listed = (await client.get("/api/runs?status=paused")).json()["runs"]
    assert [each["run_id"] for each in listed] == [str(run_id)]
    for _ in range(2):
        goes_on = await client.post(f"/api/runs/{run_id}/unpause")
        assert (goes_on.status_code, goes_on.json()) == (202, {"run_id": str(run_id), "status": "queued"})

    assert [entry.type for entry in await log_of(store, run_id)] == ["run_queued", "run_paused", "run_unpaused"]


async def test_a_run_at_work_is_paused_as_soon_as_it_is_asked(client: AsyncClient, store: Store):
    run_id = await accept(store)
    writer = await hold(store, run_id)
    await writer.write(Story().queued().started().start("brief").events[1:])

    assert (await client.post(f"/api/runs/{run_id}/pause")).json()["status"] == "paused"
    assert (await client.get(f"/api/runs/{run_id}")).json()["steps"][0]["status"] == "in_progress"
    assert (await client.post(f"/api/runs/{run_id}/unpause")).json()["status"] == "running"


async def test_a_run_that_has_ended_stays_as_it_is(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())

    for wish in ("pause", "unpause"):
        assert problem(await client.post(f"/api/runs/{run_id}/{wish}")) == (409, "run-ended")


async def test_a_paused_run_is_cancelled_at_once(client: AsyncClient, store: Store):
    run_id = await accept(store)
    await client.post(f"/api/runs/{run_id}/pause")

    assert (await client.post(f"/api/runs/{run_id}/cancel")).json()["status"] == "cancelled"


async def test_a_pause_outlives_the_api_on_postgresql(database_url: str):
    async with open_store(database_url) as store, in_process(create_app(settings_with(), store)) as client:
        run_id = await accept(store)
        assert (await client.post(f"/api/runs/{run_id}/pause")).json()["status"] == "paused"
    async with open_store(database_url) as store, in_process(create_app(settings_with(), store)) as client:
        assert await store.runs.claim("me") is None
        assert (await client.post(f"/api/runs/{run_id}/unpause")).json()["status"] == "queued"
        assert await store.runs.claim("me") is not None
