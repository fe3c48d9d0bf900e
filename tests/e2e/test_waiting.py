"""Runs that nobody holds, because they are paused or wait for a person, outlive the death of everything."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from events.store import open_store
from tests import vision
from tests.check_history import ModelCall, Reader, check_history
from tests.e2e.everything import Everything, everything
from tests.e2e.runs import whole
from tests.e2e.stack import until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, said_json

pytestmark = pytest.mark.timeout(300)

WRONG: dict[str, Any] = {"vision": "It has but one sentence, whatever anybody says."}
RIGHT: dict[str, Any] = {"vision": "A person wrote this sentence. And this one as well."}
CALLS = {"brief": 2, "framework": 1, "one_pager": 1, "qa": 1, "scoring": 6}


@pytest.fixture
async def site(model: ScriptedModelServer) -> AsyncIterator[Everything]:
    # No worker is taken for lost because the machine is busy: what is counted here are calls.
    async with everything(model.url, {"STEPGLASS_LEASE": "60"}) as site:
        yield site


class Viewer:
    """Watches one run, as far as it goes, and goes on watching it from there."""

    def __init__(self, client: httpx2.AsyncClient, run_id: UUID) -> None:
        self.client, self.run_id = client, run_id
        self.seen: list[dict[str, Any]] = []

    async def watch(self, until: str) -> None:
        """To the next event of this type."""
        headers = {"Accept": "application/x-ndjson", "Last-Event-ID": str(self.seen[-1]["seq"] if self.seen else 0)}
        async with self.client.stream("GET", f"/api/runs/{self.run_id}/events", headers=headers) as answer:
            async for line in answer.aiter_lines():
                event = json.loads(line)
                if "seq" in event:
                    self.seen.append(event)
                if event["type"] == until:
                    return
        raise AssertionError(f"the stream ended without {until}")


async def start(client: httpx2.AsyncClient, **options: str) -> Viewer:
    body = {"pipeline": "vision_framework", "input": {**vision.BRIEF, **options}}
    answer = await client.post("/api/runs", json=body)
    assert answer.status_code == 202, answer.text
    return Viewer(client, UUID(answer.json()["run_id"]))


async def status(viewer: Viewer) -> str:
    return (await viewer.client.get(f"/api/runs/{viewer.run_id}")).json()["status"]


async def given_up(site: Everything, *viewers: Viewer) -> None:
    """Until no worker holds any of the runs."""
    async with open_store(site.stack.database_url) as store:
        for viewer in viewers:

            async def free(viewer: Viewer = viewer) -> bool:
                return (await store.runs.header(viewer.run_id, "default")).holder is None

            await until(free, "nobody holds the run")


async def paused(client: httpx2.AsyncClient, model: ScriptedModelServer) -> Viewer:
    """A run that was paused while its framework was written."""
    gate = Gate()
    model.answers("framework", vision.framework().holding(gate, after=3))
    viewer = await start(client)
    await gate.reached.wait()
    assert (await client.post(f"/api/runs/{viewer.run_id}/pause")).status_code == 202
    gate.open()
    await viewer.watch("run_paused")
    return viewer


async def asking(client: httpx2.AsyncClient, model: ScriptedModelServer) -> Viewer:
    """A run whose framework stays invalid, and that asks what is to be done."""
    model.answers("framework", said_json(vision.FRAMEWORK | WRONG))
    model.answers("validation", said_json(WRONG))
    viewer = await start(client, on_invalid="ask")
    await viewer.watch("input_required")
    return viewer


async def checked(site: Everything, model: ScriptedModelServer, viewer: Viewer, calls: dict[str, int]) -> None:
    """All of the run was seen, and nothing of it paid for twice."""
    async with open_store(site.stack.database_url) as store:
        entries = await whole(store, viewer.run_id)
    assert entries[-1].type == "complete"
    own = [call for call in model.calls if call.run == str(viewer.run_id)]
    assert {step: sum(call.step == step for call in own) for step in calls} == calls
    assert len(own) == sum(calls.values())
    made = [ModelCall(viewer.run_id, call.step or "", call.attempt, call.lane) for call in own]
    reader = Reader(viewer.run_id, viewer.seen)
    check_history({viewer.run_id: entries}, made, [reader], max_attempts=1, calls_per_attempt={"validation": 2})


async def test_a_run_that_is_paused_and_one_that_asks_outlive_the_death_of_everything(
    site: Everything, model: ScriptedModelServer
) -> None:
    async with httpx2.AsyncClient(base_url=site.url, timeout=30, trust_env=False) as client:
        resting, waiting = await paused(client, model), await asking(client, model)
        await given_up(site, resting, waiting)
        assert (await status(resting), await status(waiting)) == ("paused", "waiting")
        before = len(model.calls)

        await site.killed()
        await site.up()

        assert (await status(resting), await status(waiting)) == ("paused", "waiting")
        (question,) = (await client.get(f"/api/runs/{waiting.run_id}")).json()["asked"]
        assert "The vision has 1 sentence" in question["prompt"]
        assert len(model.calls) == before

        decided = {"value": {"action": "edit", "sections": RIGHT}}
        path = f"/api/runs/{waiting.run_id}/inputs/{question['input_id']}"
        assert (await client.post(path, json=decided)).status_code == 202
        assert (await client.post(f"/api/runs/{resting.run_id}/unpause")).status_code == 202
        for viewer in (resting, waiting):
            await viewer.watch("complete")
        result = (await client.get(f"/api/runs/{waiting.run_id}/result")).json()
        assert result["framework"]["vision"] == RIGHT["vision"]

    await checked(site, model, resting, CALLS)
    await checked(site, model, waiting, CALLS | {"validation": 2})
