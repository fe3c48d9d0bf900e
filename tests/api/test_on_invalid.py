"""The option `on_invalid` of a Vision Framework, over HTTP: beside the answers, and never among them."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from events.store import Store
from tests.api.conftest import problem
from tests.api.editing import WISH, editing, made
from tests.api.test_starting import BRIEF, pointers

ASKING: dict[str, Any] = {**BRIEF, "on_invalid": "ask"}


async def start(client: AsyncClient, given: dict[str, Any], **headers: str) -> Any:
    body = {"pipeline": "vision_framework", "input": given}
    return await client.post("/api/runs", json=body, headers=headers)


async def test_who_wants_to_be_asked_says_so_in_the_input(client: AsyncClient, store: Store):
    response = await start(client, ASKING)

    assert response.status_code == 202
    assert await store.runs.input(UUID(response.json()["run_id"]), "default") == ASKING


async def test_without_it_an_input_is_what_it_always_was(client: AsyncClient, store: Store):
    """So that an idempotency key of before still finds its run."""
    first = await start(client, BRIEF, **{"Idempotency-Key": "k"})
    again = await start(client, {**BRIEF, "on_invalid": "fail"}, **{"Idempotency-Key": "k"})

    assert first.json() == again.json()
    assert await store.runs.input(UUID(first.json()["run_id"]), "default") == BRIEF
    assert problem(await start(client, ASKING, **{"Idempotency-Key": "k"})) == (422, "key-reused")


@pytest.mark.parametrize("value", ["maybe", None, True, ["ask"]])
async def test_another_word_is_refused_at_its_place(client: AsyncClient, value: Any):
    response = await start(client, {**BRIEF, "on_invalid": value})

    assert problem(response) == (422, "invalid-input")
    assert list(pointers(response.json())) == ["/input/on_invalid"]


async def test_it_is_in_the_schema_of_the_pipeline_and_in_the_api_s_document(client: AsyncClient):
    vision = (await client.get("/api/pipelines")).json()[0]
    option = vision["input_schema"]["properties"]["on_invalid"]
    assert (option["enum"], option["default"]) == (["fail", "ask"], "fail")
    assert "on_invalid" not in vision["input_schema"]["required"]
    whole = (await client.get("/openapi.json")).json()
    taken = whole["paths"]["/api/vision-framework-v2/generate-stream"]["post"]["requestBody"]["content"]
    assert "VisionRequest" in str(taken)
    assert "on_invalid" in whole["components"]["schemas"]["VisionRequest"]["properties"]


async def test_a_section_of_what_such_a_run_made_can_be_refined(store: Store):
    async with editing(store, await made(store, input=ASKING)) as editor:
        response = await editor.refine(**WISH)
        assert response.status_code == 202, response.text
        given: Any = await store.runs.input(UUID(response.json()["run_id"]), "default")
    assert given["answers"] == BRIEF
