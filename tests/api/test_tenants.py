"""Whose a run is: every address asked by its owner, by another tenant, and by nobody in particular."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from api.operations import OPERATIONS
from events.store import Store
from tests.api.batching import done, order
from tests.api.conftest import in_process, problem, settings_with
from tests.api.editing import NEW_VISION, WISH, made, refinement
from tests.api.test_generate_stream import REFINEMENT
from tests.api.test_starting import BRIEF, START
from tests.api.writing import accept

TOKENS = "acme:token-of-acme,beta:token-of-beta"
ACME = {"Authorization": "Bearer token-of-acme"}
BETA = {"Authorization": "Bearer token-of-beta"}
BODIES: dict[str, Any] = {
    "start_run": START,
    "generate_stream": BRIEF,
    "refine": REFINEMENT,
    "edit_framework": {"vision": NEW_VISION},
    "refine_section": WISH,
    "answer_input": {"value": 1},
    "start_batch": order("a"),
}
# Where the owner is not answered with 200: the run has ended, and nothing was done to its document yet.
OTHERWISE = {
    **dict.fromkeys(("cancel_run", "pause_run", "unpause_run", "answer_input", "undo", "redo"), 409),
    **dict.fromkeys(("cancel_batch", "pause_batch", "unpause_batch"), 409),
    "refine_section": 202,
    "retry_run": 202,
    "retry_batch": 202,
    "leave_run": 204,
}
PAGE = {"start", "page_new", "page_runs", "page_run", "page_batches", "page_batch", "page_stats"}
OPEN = {"health", "ready", "show_metrics", "openapi_json", "docs", "style", "problem", "asset", "icon", *PAGE}
OF_A_RUN = [each for each in OPERATIONS if "{run_id}" in each.path]
OF_A_BATCH = [each for each in OPERATIONS if "{batch_id}" in each.path]


@dataclass(frozen=True, slots=True)
class Asked:
    """An address with a run, or a batch, of acme's in it."""

    client: AsyncClient
    run_id: UUID
    refined_by: UUID
    batch_id: UUID

    async def __call__(self, name: str, headers: dict[str, str]) -> Any:
        operation = next(each for each in OPERATIONS if each.id == name)
        ids = {"run_id": self.run_id, "id": self.run_id, "batch_id": self.batch_id}
        path = operation.path.format(**ids, kind="invalid-input", file="index-a.js", version=1, input_id="input-1")
        bodies: dict[str, Any] = {**BODIES, "apply_refinement": {"refine_run_id": str(self.refined_by)}}
        more: dict[str, Any] = {"json": bodies[name]} if name in bodies else {}
        # A run that never ends is not watched to its end here: the key names one that has ended.
        return await self.client.request(operation.method, path, headers=headers, **more)


@pytest.fixture
async def ask(store: Store) -> Any:
    run_id = await made(store, tenant="acme")
    refined_by = await refinement(store, run_id, tenant="acme")
    batch_id = await done(store, "a", tenant="acme")
    async with in_process(create_app(settings_with(api_tokens=TOKENS), store)) as client:
        yield Asked(client, run_id, refined_by, batch_id)


@pytest.mark.parametrize("name", [each.id for each in OPERATIONS])
async def test_nobody_in_particular_sees_only_how_we_are_and_how_to_ask(ask: Asked, name: str):
    response = await ask(name, {})

    if name in OPEN:
        # No page is built here, and nobody wants figures.
        missing = name in ("asset", "icon", "show_metrics")
        assert response.status_code == (307 if name in PAGE else 404 if missing else 200)
    else:
        assert problem(response) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == 'Bearer realm="stepglass"'


@pytest.mark.parametrize("name", [each.id for each in OPERATIONS if each.id not in OPEN])
@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer",
        "Bearer ",
        "Basic token-of-acme",
        "token-of-acme",
        "Bearer token-of-acme2",
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


@pytest.mark.parametrize("name", [each.id for each in [*OF_A_RUN, *OF_A_BATCH]])
async def test_the_owner_is_answered(ask: Asked, name: str):
    response = await ask(name, ACME)

    assert response.status_code == OTHERWISE.get(name, 200)


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
    response = await ask.client.get("/api/runs", headers={"Authorization": "bearer  token-of-acme "})

    assert response.status_code == 200


async def test_without_tokens_in_the_settings_there_is_one_tenant(client: AsyncClient, store: Store):
    run_id = (await client.post("/api/runs", json=START)).json()["run_id"]

    assert (await store.runs.view(UUID(run_id), "default")).status == "queued"
    assert (await client.get(f"/api/runs/{run_id}", headers=BETA)).status_code == 200
