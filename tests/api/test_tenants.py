"""Whose a run is: every address asked by its owner, by another tenant, and by nobody in particular."""

import re
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api._operation import Operation
from api.operations import OPERATIONS
from events.store import Store
from tests.api.callers import (
    ACME,
    BELOW,
    BETA,
    OF_A_BATCH,
    OF_A_RUN,
    OF_A_TENANT,
    OPEN,
    OWNED,
    TOKENS,
    Asked,
    Expected,
    ask,
    expected,
)
from tests.api.conftest import problem, running, settings_with
from tests.api.test_starting import START
from tests.api.writing import accept

__all__ = ["ask"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
async def test_l12_every_route_answers_each_caller_as_the_table_says(ask: Asked, store: Store, operation: Operation):
    of_the_run, of_another_run = await ask.token(ask.run_id), await ask.token(ask.refined_by)
    callers = [{}, of_another_run, of_the_run, BETA, ACME]  # The owner last: this changes what it asks for.
    async with running(settings_with(api_tokens=TOKENS), store) as api, api.client() as client:
        found = [await ask.status(client, operation.id, headers) for headers in callers]

    assert Expected(*reversed(found)) == expected(operation)


def test_l12_the_table_has_every_route_and_knows_every_name_in_an_address():
    ids = [each.id for each in OPERATIONS]
    names = {name for each in OPERATIONS if each.id in OWNED for name in re.findall(r"{(\w+)}", each.path)}

    assert sorted(ids) == sorted([*OPEN, *OWNED])
    assert names == {*OF_A_TENANT, *BELOW}
    assert {*OPEN} == {each.id for each in OPERATIONS if each.open}


async def test_who_has_no_token_is_asked_for_one(ask: Asked):
    response = await ask("list_runs", {})

    assert problem(response) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == 'Bearer realm="stepglass"'


@pytest.mark.parametrize("name", [each.id for each in OPERATIONS if each.id not in OPEN])
@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer",
        "Bearer ",
        "Basic the-token-of-acme",
        "the-token-of-acme",
        "Bearer the-token-of-acme2",
        "bearer tökén",
    ],
)
async def test_a_wrong_token_is_no_token(ask: Asked, name: str, authorization: str):
    response = await ask(name, {b"Authorization": authorization.encode()})  # pyright: ignore[reportArgumentType] # bytes too

    assert problem(response) == (401, "unauthorized")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_an_unknown_address_asks_for_a_token_too(ask: Asked):
    assert problem(await ask.client.get("/api/secrets")) == (401, "unauthorized")
    assert problem(await ask.client.get("/api/secrets", headers=ACME)) == (404, "not-found")


@pytest.mark.parametrize("name", [each.id for each in OF_A_RUN])
async def test_a_run_of_another_tenant_is_not_there(ask: Asked, name: str):
    theirs = await ask(name, BETA)
    nobodys = await Asked(ask.client, UUID(int=7), ask.refined_by, ask.batch_id)(name, BETA)

    assert problem(theirs) == problem(nobodys) == (404, "unknown-run")
    assert theirs.json()["detail"].replace(str(ask.run_id), "") == nobodys.json()["detail"].replace(
        str(UUID(int=7)), ""
    )


@pytest.mark.parametrize("name", [each.id for each in OF_A_BATCH])
async def test_a_batch_of_another_tenant_is_not_there(ask: Asked, name: str):
    theirs = await ask(name, BETA)
    nobodys = await Asked(ask.client, ask.run_id, ask.refined_by, UUID(int=7))(name, BETA)

    assert problem(theirs) == problem(nobodys) == (404, "unknown-batch")
    assert theirs.json()["detail"].replace(str(ask.batch_id), "") == nobodys.json()["detail"].replace(
        str(UUID(int=7)), ""
    )


async def test_a_cancel_of_another_tenant_s_run_changes_nothing(ask: Asked, store: Store):
    run_id = await accept(store, tenant="acme")

    assert problem(await ask.client.post(f"/api/runs/{run_id}/cancel", headers=BETA)) == (404, "unknown-run")

    assert not (await store.runs.view(run_id, "acme")).cancel_requested


async def test_a_list_has_the_runs_of_who_asks(ask: Asked):
    mine = (await ask.client.get("/api/runs", headers=ACME)).json()["runs"]
    theirs = (await ask.client.get("/api/runs", headers=BETA)).json()["runs"]

    assert {run["run_id"] for run in mine} >= {str(ask.refined_by), str(ask.run_id), str(ask.batch_id)}
    assert theirs == []
    assert len((await ask.client.get("/api/batches", headers=ACME)).json()["batches"]) == 1
    assert (await ask.client.get("/api/batches", headers=BETA)).json()["batches"] == []


async def test_who_starts_a_run_owns_it(ask: Asked):
    started = (await ask.client.post("/api/runs", headers=BETA, json=START)).json()["run_id"]

    assert (await ask.client.get(f"/api/runs/{started}", headers=BETA)).status_code == 200
    assert problem(await ask.client.get(f"/api/runs/{started}", headers=ACME)) == (404, "unknown-run")


async def test_a_key_of_another_tenant_s_run_is_nothing_to_go_on_with(ask: Asked, store: Store):
    await accept(store, tenant="acme", key="k")
    headers = {"Idempotency-Key": "k", "Last-Event-ID": "1"}

    response = await ask.client.post("/api/vision-framework-v2/generate-stream", headers={**BETA, **headers})

    assert problem(response) == (404, "unknown-run")


async def test_the_scheme_may_be_written_in_any_case(ask: Asked):
    response = await ask.client.get("/api/runs", headers={"Authorization": "bearer  the-token-of-acme "})

    assert response.status_code == 200


async def test_without_tokens_in_the_settings_there_is_one_tenant(client: AsyncClient, store: Store):
    run_id = (await client.post("/api/runs", json=START)).json()["run_id"]

    assert (await store.runs.view(UUID(run_id), "default")).status == "queued"
    assert (await client.get(f"/api/runs/{run_id}", headers=BETA)).status_code == 200
