"""What a run may cost, as it is asked for over HTTP and kept with the run."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.contract import RunQueued
from events.store import Store
from tests.api.conftest import in_process, problem, settings_with
from tests.api.editing import WISH, made
from tests.api.test_retry import ended, failed, retry
from tests.api.test_starting import START, pointers
from tests.api.writing import log_of


async def limit_of(store: Store, run_id: str) -> float | None:
    queued = (await log_of(store, UUID(run_id)))[0].event
    assert isinstance(queued, RunQueued)
    return queued.data.max_cost_usd


async def started(client: AsyncClient, body: Any, **headers: str) -> str:
    response = await client.post("/api/runs", json=body, headers=headers)
    assert response.status_code == 202, response.text
    return response.json()["run_id"]


async def test_a_run_is_kept_with_what_it_may_cost(client: AsyncClient, store: Store):
    run_id = await started(client, {**START, "max_cost_usd": 0.5})

    assert await limit_of(store, run_id) == 0.5
    assert (await client.get(f"/api/runs/{run_id}")).json()["max_cost_usd"] == 0.5
    assert (await client.get("/api/runs")).json()["runs"][0]["max_cost_usd"] == 0.5


async def test_without_a_word_a_run_may_cost_what_it_likes(client: AsyncClient, store: Store):
    run_id = await started(client, START)

    assert await limit_of(store, run_id) is None
    assert "max_cost_usd" not in (await client.get(f"/api/runs/{run_id}")).json()


@pytest.mark.parametrize("limit", [0, -1, "a lot", "5", 1e12, [1], True, {}])
async def test_what_is_no_budget_is_refused_by_name(client: AsyncClient, limit: Any):
    response = await client.post("/api/runs", json={**START, "max_cost_usd": limit})

    assert problem(response) == (422, "invalid-input")
    assert list(pointers(response.json())) == ["/max_cost_usd"]


async def test_the_settings_have_a_budget_for_runs_that_name_none_wherever_they_are_started(store: Store):
    async with in_process(create_app(settings_with(max_cost_usd=2.0), store)) as client:
        plain, own = await started(client, START), await started(client, {**START, "max_cost_usd": 0.5})
        again = (await retry(client, await ended(store, failed()))).json()["run_id"]

    assert [await limit_of(store, run_id) for run_id in (plain, own, again)] == [2.0, 0.5, 2.0]


async def test_m7_no_request_raises_the_limit_of_the_operator(store: Store):
    document = await made(store)
    async with in_process(create_app(settings_with(max_cost_usd=2.0), store)) as client:
        ways = [
            await client.post("/api/runs", json={**START, "max_cost_usd": 5}),
            await retry(client, await ended(store, failed()), {"max_cost_usd": 1_000_000}),
            # The one before was started when the limit was higher, or there was none.
            await retry(client, await ended(store, failed(), max_cost_usd=5.0)),
            await client.post(f"/api/runs/{document}/refine", json=WISH),
        ]

    assert [await limit_of(store, way.json()["run_id"]) for way in ways] == [2.0] * 4


async def test_another_budget_is_another_request_and_one_of_the_settings_is_not(store: Store):
    key = {"Idempotency-Key": "k"}
    async with in_process(create_app(settings_with(), store)) as client:
        plain = await started(client, START, **key)
    async with in_process(create_app(settings_with(max_cost_usd=2.0), store)) as client:
        assert await started(client, START, **key) == plain
        other = await client.post("/api/runs", json={**START, "max_cost_usd": 2.0}, headers=key)

    assert problem(other) == (422, "key-reused")


async def test_a_run_done_again_may_cost_what_the_first_might_unless_it_is_said(client: AsyncClient, store: Store):
    source = await ended(store, failed(), max_cost_usd=0.5)

    same = await retry(client, source)
    more = await retry(client, source, {"max_cost_usd": 2.5})
    none = await retry(client, source, {"max_cost_usd": 0})

    assert await limit_of(store, same.json()["run_id"]) == 0.5
    assert await limit_of(store, more.json()["run_id"]) == 2.5
    assert problem(none) == (422, "invalid-input")


async def test_a_retry_with_another_budget_is_another_request(client: AsyncClient, store: Store):
    source, key = await ended(store, failed()), {"Idempotency-Key": "k"}
    first = await retry(client, source, {"max_cost_usd": 1}, **key)

    assert (await retry(client, source, {"max_cost_usd": 1}, **key)).json() == first.json()
    assert problem(await retry(client, source, {"max_cost_usd": 2}, **key)) == (422, "key-reused")
