"""What operators start in Prefect's page, and what they end there."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from events.contract import CancelRequested
from events.log import Entry
from events.store import Store
from tests import vision
from tests.e2e.runs import asked, check, start, whole
from tests.e2e.stack import PREFECT_LOGIN, Part, Stack, until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, refused, said_json

pytestmark = pytest.mark.timeout(300)


class Page:
    """Prefect's page, by way of its API."""

    def __init__(self, client: httpx2.AsyncClient, url: str, serving: Part) -> None:
        self.client, self.url, self.serving = client, url, serving

    async def run(self, name: str, **parameters: Any) -> str:
        """Press *Run* of a deployment (`flow/name`); gives the flow run."""
        deployment = (await self.client.get(f"{self.url}/deployments/name/{name}")).json()
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        made = await self.client.post(f"{self.url}/deployments/{deployment['id']}/create_flow_run", json=body)
        return made.raise_for_status().json()["id"]

    async def cancel(self, flow_run_id: str) -> None:
        state = {"type": "CANCELLING", "name": "Cancelling"}
        answer = await self.client.post(f"{self.url}/flow_runs/{flow_run_id}/set_state", json={"state": state})
        answer.raise_for_status()

    async def ended(self, flow_run_id: str) -> str:
        """The name of the state that a flow run ends in."""

        async def final() -> bool:
            return (await self._state(flow_run_id))["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

        await until(final, f"flow run {flow_run_id} has ended", 90)
        return (await self._state(flow_run_id))["name"]

    async def said(self, flow_run_id: str) -> str:
        """What an ended flow run says of itself."""
        return (await self._state(flow_run_id))["message"]

    async def planned(self, name: str) -> int:
        """How many flow runs of a deployment Prefect's own scheduler has planned."""
        deployment = (await self.client.get(f"{self.url}/deployments/name/{name}")).json()
        wanted = {
            "deployments": {"id": {"any_": [deployment["id"]]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }
        return len((await self.client.post(f"{self.url}/flow_runs/filter", json=wanted)).json())

    async def _state(self, flow_run_id: str) -> dict[str, Any]:
        return (await self.client.get(f"{self.url}/flow_runs/{flow_run_id}")).json()["state"]


@pytest.fixture
async def page(stack: Stack) -> AsyncIterator[Page]:
    await stack.prefect()
    serving = await stack.start("deployments")
    await until(lambda: "are registered" in serving.output.read_text(), "the deployments are registered", 90)
    async with httpx2.AsyncClient(timeout=10, auth=PREFECT_LOGIN) as client:
        yield Page(client, stack.prefect_url, serving)


async def run_of(store: Store, flow_run_id: str) -> UUID:
    """Our run of a flow run of Prefect's, once it is accepted."""
    found: list[UUID] = []

    async def there() -> bool:
        if run_id := await store.runs.find("default", f"prefect:{flow_run_id}"):
            found.append(run_id)
        return bool(found)

    await until(there, "the run is accepted", 60)
    return found[0]


async def test_a_failed_run_is_done_again_from_prefect(
    stack: Stack, page: Page, postgres_store: Store, model: ScriptedModelServer
):
    model.answers("qa", refused("I would rather not."))
    worker = await stack.worker()
    run_id = await start(postgres_store)
    assert (await whole(postgres_store, run_id))[-1].type == "error"
    await worker.stop()
    model.answers("qa", said_json(vision.QA))
    before = {step: asked(model, step) for step in ("brief", "framework", "qa")}

    flow_run_id = await page.run("retry-step/retry-step", run_id=str(run_id))

    assert await page.ended(flow_run_id) == "Completed", page.serving.output.read_text()[-3000:]
    again = await run_of(postgres_store, flow_run_id)
    assert await postgres_store.runs.forks(run_id, "default") == [again]
    assert {step: asked(model, step) - count for step, count in before.items()} == {"brief": 0, "framework": 0, "qa": 1}
    entries = await whole(postgres_store, again)
    check(again, entries, [call for call in model.calls if call.run == str(again)])


async def test_a_deployment_s_flow_run_that_is_cancelled_in_prefect_cancels_our_run(
    page: Page, postgres_store: Store, model: ScriptedModelServer
):
    gate = Gate()
    model.answers("framework", vision.framework().holding(gate, after=5))
    flow_run_id = await page.run("vision-framework/generate", answers=vision.BRIEF)
    run_id = await run_of(postgres_store, flow_run_id)
    await gate.reached.wait()

    await page.cancel(flow_run_id)

    entries: list[Entry] = await whole(postgres_store, run_id)
    assert entries[-1].type == "cancelled", page.serving.output.read_text()[-3000:]
    asked_by = [entry.event.data.by for entry in entries if isinstance(entry.event, CancelRequested)]
    assert asked_by == ["prefect"]
    await (await model.called("framework")).gone()
    assert await page.ended(flow_run_id) == "Cancelled"
    check(run_id, entries, model.calls)


async def test_a_batch_is_done_out_of_a_file_and_every_night(
    stack: Stack, page: Page, postgres_store: Store, model: ScriptedModelServer
):
    lines = [vision.BRIEF, {"key": "second", "input": {**vision.BRIEF, "company_name": "Another"}}, {"unfit": True}]
    (stack.folder / "batches").mkdir()
    (stack.folder / "batches" / "week.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    await stack.worker()

    flow_run_id = await page.run("batch/batch", file="week.jsonl", concurrency=2)

    assert await page.ended(flow_run_id) == "Completed", page.serving.output.read_text()[-3000:]
    run_id = await run_of(postgres_store, flow_run_id)
    view = await postgres_store.runs.view(run_id, "default")
    assert (view.title, view.status) == ("week", "complete")
    assert view.counts is not None and (view.counts.complete, view.counts.failed) == (2, 1)
    assert await page.said(flow_run_id) == "2 of 3 complete, 1 failed"
    check(run_id, await whole(postgres_store, run_id), [])

    async def planned() -> bool:
        return await page.planned("batch/batch") > 0

    await until(planned, "Prefect has planned a night", 90)
