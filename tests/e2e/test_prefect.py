"""What operators see in Prefect, and that nobody else notices when Prefect is gone."""

import time
from typing import Any
from uuid import UUID

import httpx2
import pytest

from events.log import tail
from events.store import Store
from tests import vision
from tests.e2e.runs import asked, check, start, whole
from tests.e2e.stack import PREFECT_LOGIN, Stack, until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, said, said_json

pytestmark = pytest.mark.timeout(300)


async def ask(stack: Stack, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What Prefect's API lists."""
    async with httpx2.AsyncClient(timeout=10, auth=PREFECT_LOGIN) as client:
        answer = await client.post(f"{stack.prefect_url}/{path}/filter", json=body)
        answer.raise_for_status()
        return answer.json()


async def flow_runs(stack: Stack, run_id: UUID) -> list[dict[str, Any]]:
    return await ask(stack, "flow_runs", {"flow_runs": {"tags": {"all_": [f"run:{run_id}"]}}})


async def shown(stack: Stack, run_id: UUID, state: str) -> dict[str, Any]:
    """The run in Prefect, once it is there in this state."""

    async def there() -> bool:
        return any(each["state_name"] == state for each in await flow_runs(stack, run_id))

    await until(there, f"run {run_id} is {state} in Prefect")
    (flow_run,) = [each for each in await flow_runs(stack, run_id) if each["state_name"] == state]
    return flow_run


async def task_runs(stack: Stack, flow_run: dict[str, Any], count: int) -> dict[str, str]:
    """Name and state of its task runs, once they are there: Prefect records them a second or two later."""
    found: dict[str, str] = {}

    async def there() -> bool:
        listed = await ask(stack, "task_runs", {"flow_runs": {"id": {"any_": [flow_run["id"]]}}})
        found.update({each["name"]: each["state_name"] for each in listed})
        return len(found) >= count and not {"Running", "Pending"} & set(found.values())

    await until(there, f"{count} task runs that have ended; there is {found}")
    return found


async def test_operators_find_a_run_with_its_steps_attempts_texts_and_score(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    await stack.prefect()
    model.answers("qa", said("not JSON"), said_json(vision.QA))
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")

    run_id = await start(postgres_store)
    check(run_id, await whole(postgres_store, run_id), model.calls)

    flow_run = await shown(stack, run_id, "Completed")
    assert flow_run["name"].startswith("vision-framework-")
    assert set(flow_run["tags"]) == {"stepglass", "pipeline:vision-framework", f"run:{run_id}"}
    assert flow_run["parameters"] == {"run_id": str(run_id)}, "the founder's answers are none of Prefect's business"
    assert flow_run["state"]["message"].startswith("Score 8.")
    assert await task_runs(stack, flow_run, 7) == {
        "1-brief": "Completed",
        "2-framework": "Completed",
        "3-validation": "Completed",
        "4-one_pager": "Completed",
        "5-qa": "Failed",
        "5-qa-attempt-2": "Completed",
        "6-scoring": "Completed",
    }
    artifacts = await ask(stack, "artifacts", {"flow_runs": {"id": {"any_": [flow_run["id"]]}}})
    assert {each["key"]: each["type"] for each in artifacts} == {
        "stepglass-run": "markdown",
        "one-pager": "markdown",
        "scores": "table",
    }
    [link] = [each["data"] for each in artifacts if each["key"] == "stepglass-run"]
    assert f"/runs/{run_id}" in link and "/api/" not in link, "an operator wants to see the page, not its JSON"
    header = await postgres_store.runs.header(run_id, "default")
    assert header.prefect == "live"


async def test_a_run_is_live_in_prefect_while_it_is_at_work(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    gate = Gate()
    model.answers("framework", vision.framework().holding(gate, after=5))
    await stack.prefect()
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")

    run_id = await start(postgres_store)
    await gate.reached.wait()
    await shown(stack, run_id, "Running")
    gate.open()
    await whole(postgres_store, run_id)
    await shown(stack, run_id, "Completed")


async def test_a_run_that_is_cancelled_in_prefect_is_cancelled(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    gate = Gate()
    model.answers("framework", vision.framework().holding(gate, after=5))
    await stack.prefect()
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")
    run_id = await start(postgres_store)
    await gate.reached.wait()
    flow_run = await shown(stack, run_id, "Running")

    async with httpx2.AsyncClient(timeout=10, auth=PREFECT_LOGIN) as client:
        state = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        (await client.post(f"{stack.prefect_url}/flow_runs/{flow_run['id']}/set_state", json=state)).raise_for_status()

    entries = await whole(postgres_store, run_id)
    assert [entries[-1].type, "cancel_requested" in {entry.type for entry in entries}] == ["cancelled", True]
    await shown(stack, run_id, "Cancelled")
    check(run_id, entries, model.calls)


@pytest.mark.parametrize("fault", ["stopped", "hanging"])
async def test_without_prefect_viewers_see_the_same_and_operators_find_the_run_later(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer, fault: str
):
    prefect = await stack.prefect()
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")
    if fault == "stopped":
        await prefect.kill()
    else:
        prefect.hang()

    began = time.monotonic()
    run_id = await start(postgres_store)
    async for entry in tail(postgres_store.log, run_id):
        if entry.type == "model_chunk":
            break
    first_token = time.monotonic() - began
    entries = await whole(postgres_store, run_id)

    assert entries[-1].type == "complete"
    assert first_token < 2, "nobody waits for Prefect"
    assert asked(model, "framework") == 1
    check(run_id, entries, model.calls)

    async def given_up() -> bool:
        return (await postgres_store.runs.header(run_id, "default")).prefect == "degraded"

    await until(given_up, "the run is marked as not shown in Prefect")
    if fault == "stopped":
        await stack.prefect()
    else:
        prefect.wake()
    flow_run = await shown(stack, run_id, "Completed")
    artifacts = await ask(stack, "artifacts", {"flow_runs": {"id": {"any_": [flow_run["id"]]}}})
    assert "steps" in {each["key"] for each in artifacts}
    assert len(await flow_runs(stack, run_id)) == 1, "registered once"


async def test_a_deployment_started_in_prefect_is_a_run_like_any_other(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer
):
    await stack.prefect()
    serving = await stack.start("deployments")
    await until(lambda: "are registered" in serving.output.read_text(), "the deployments are registered", 60)

    async with httpx2.AsyncClient(timeout=10, auth=PREFECT_LOGIN) as client:
        found = await client.get(f"{stack.prefect_url}/deployments/name/vision-framework/generate")
        deployment = found.json()
        answers = deployment["parameter_openapi_schema"]["properties"]["answers"]
        form = deployment["parameter_openapi_schema"]["definitions"][answers["$ref"].rpartition("/")[2]]
        assert set(form["properties"]) == {*vision.BRIEF, "on_invalid"}, "Prefect's form is the brief, with its option"
        body = {"parameters": {"answers": vision.BRIEF}, "state": {"type": "SCHEDULED"}}
        created = await client.post(f"{stack.prefect_url}/deployments/{deployment['id']}/create_flow_run", json=body)
        flow_run_id = created.json()["id"]

        async def ended() -> bool:
            return (await client.get(f"{stack.prefect_url}/flow_runs/{flow_run_id}")).json()["state_type"] in (
                "COMPLETED",
                "FAILED",
                "CRASHED",
            )

        await until(ended, "the flow run has ended", 60)
        flow_run = (await client.get(f"{stack.prefect_url}/flow_runs/{flow_run_id}")).json()
    assert flow_run["state_name"] == "Completed", serving.output.read_text()[-3000:]
    assert flow_run["state"]["message"].startswith("Score 8.")
    run_id = await postgres_store.runs.find("default", f"prefect:{flow_run_id}")
    assert run_id is not None
    entries = await whole(postgres_store, run_id)
    assert entries[-1].type == "complete"
    check(run_id, entries, model.calls)
