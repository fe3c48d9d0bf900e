"""What operators see of a stack that is at work: figures, spans, alerts. All together, as they would set it up."""

import asyncio
import json
from collections import Counter
from uuid import UUID

import asyncpg
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from events.alerts import ENDED
from events.store import Store
from flows._alerting import Hook, alerting
from flows._upkeep import Duty
from tests import vision
from tests.e2e.listening import Listener, Span, listening
from tests.e2e.stack import Stack, free_port, until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, error

pytestmark = pytest.mark.timeout(180)

SECRET = "words that only the two of us know"


async def ended(client: httpx2.AsyncClient, run_id: str, status: str) -> None:
    async def so() -> bool:
        return (await client.get(f"/api/runs/{run_id}")).json()["status"] == status

    await until(so, f"run {run_id} is {status}")


async def start(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/api/runs", json={"pipeline": "vision_framework", "input": vision.BRIEF})
    return answer.raise_for_status().json()["run_id"]


async def figures(url: str) -> dict[str, float]:
    """As a scraper reads them; every one says what it is."""
    async with httpx2.AsyncClient(timeout=10) as client:
        text = (await client.get(f"{url}/metrics")).raise_for_status().text
    assert vision.BRIEF["company_name"] not in text
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.name.startswith("stepglass_") for family in families)
    return {f"{each.name}{sorted(each.labels.values())}": each.value for one in families for each in one.samples}


async def figures_with(url: str, name: str) -> dict[str, float]:
    found: dict[str, float] = {}

    async def there() -> bool:
        found.update(await figures(url))
        return name in found

    await until(there, f"{name} is counted")
    return found


def of(spans: list[Span], run_id: str) -> dict[str, Span]:
    """The spans of a run, by their ids."""
    return {span.id: span for span in spans if span.trace == UUID(run_id).hex}


async def test_figures_spans_and_alerts_tell_what_became_of_runs_that_failed_were_done_again_and_cancelled(
    stack: Stack, postgres_store: Store, database_url: str, model: ScriptedModelServer
) -> None:
    port = free_port()
    with listening() as collector, listening(refusals=2) as receiver:
        watched = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        stack.env |= {"STEPGLASS_METRICS": "1", "STEPGLASS_METRICS_PORT": str(port), **watched}
        await asyncio.gather(stack.worker(), apis := asyncio.ensure_future(stack.api()))
        async with httpx2.AsyncClient(base_url=apis.result(), timeout=10) as client:
            failed = await runs_that_fail(client, model)
            again = (await client.post(f"/api/runs/{failed}/retry")).raise_for_status().json()["run_id"]
            await ended(client, again, "complete")
            cancelled = await a_run_that_is_cancelled(client, model)

            # Who sees that a run has ended may see it before its worker has heard that this is stored.
            found = await figures_with(
                f"http://127.0.0.1:{port}", "stepglass_runs_total['cancelled', 'vision_framework']"
            )
            assert found["stepglass_runs_total['error', 'vision_framework']"] == ENDED
            assert found["stepglass_runs_total['complete', 'vision_framework']"] == 1
            assert found["stepglass_attempts_total['error', 'framework', 'vision_framework']"] == ENDED + 1
            assert found["stepglass_first_chunk_seconds_count['brief', 'vision_framework']"] >= 1
            assert (await figures(str(client.base_url)))["stepglass_streams[]"] == 0

            await until(lambda: [s for s in of(collector.spans, cancelled).values() if not s.parent], "its last span")
            for run_id in (failed, again, cancelled):
                whole_tree(of(collector.spans, run_id), UUID(run_id))
            await alerts_arrive(postgres_store, database_url, receiver)
            [alert] = (await client.get("/api/stats")).json()["alerts"]
            assert (alert["kind"], alert["step"]) == ("step_failures", "framework")


async def runs_that_fail(client: httpx2.AsyncClient, model: ScriptedModelServer) -> str:
    """As many as an alert wants, for a reason that goes away then; gives one of them."""
    model.answers("framework", error(400, "This key may not use this model."))
    runs = [await start(client) for _ in range(ENDED)]
    for run_id in runs:
        await ended(client, run_id, "error")
    model.answers("framework", vision.framework())
    return runs[0]


async def a_run_that_is_cancelled(client: httpx2.AsyncClient, model: ScriptedModelServer) -> str:
    gate = Gate()
    model.answers("framework", vision.framework().holding(gate, after=5))
    run_id = await start(client)
    await gate.reached.wait()
    (await client.post(f"/api/runs/{run_id}/cancel")).raise_for_status()
    await ended(client, run_id, "cancelled")
    return run_id


def whole_tree(spans: dict[str, Span], run_id: UUID) -> None:
    """One run, in it attempts at steps, in them calls of a model, and nothing that hangs in the air."""
    assert [span.name for span in spans.values() if not span.parent] == ["run vision_framework"], run_id
    depth = {"run": None, "step": "run", "chat": "step"}
    for span in spans.values():
        above = spans[span.parent].name if span.parent else None
        assert (above and above.split()[0]) == depth[span.name.split()[0]], f"{span.name} is inside {above}"
    calls = [span.tells for span in spans.values() if span.name == "chat scripted"]
    assert calls and {(each["gen_ai.operation.name"], each["gen_ai.request.model"]) for each in calls} == {
        ("chat", "scripted")
    }
    assert vision.BRIEF["company_name"] not in json.dumps([span.tells for span in spans.values()])


async def sent(duty: Duty, receiver: Listener, number: int) -> bool:
    await duty.work()
    return len(receiver.deliveries) == number


async def alerts_arrive(store: Store, database_url: str, receiver: Listener) -> None:
    """What a worker does every half a minute, thrice, with the minutes between them gone by."""
    duty = alerting(store.alerts, Hook(f"{receiver.url}/hook", SECRET, source="http://stepglass.test"))
    connection = await asyncpg.connect(database_url)
    try:
        for number in (1, 2, 3):
            # The worker may be looking just now, and of two who look at once one finds nothing.
            await until(lambda number=number: sent(duty, receiver, number), f"delivery {number}")
            await connection.execute("UPDATE stepglass.alerts SET next_try_at = clock_timestamp()")
        await duty.work()
    finally:
        await connection.close()
    assert all(each.signed_with(SECRET.encode()) for each in receiver.deliveries)
    assert not any(each.signed_with(b"another one's") for each in receiver.deliveries)
    assert Counter(each.event["type"] for each in receiver.deliveries) == {"dev.stepglass.alert.raised": 3}
    assert len({each.event["id"] for each in receiver.deliveries} | {receiver.deliveries[0].headers["webhook-id"]}) == 1
