"""`POST /api/runs/{id}/inputs/{input_id}`: answering what a run asks, over HTTP, on both stores."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.contract import EVENT
from events.store import Store, open_store
from tests.api.conftest import in_process, problem, settings_with
from tests.api.writing import accept, hold, log_of
from tests.histories import Story

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "season": {"enum": ["spring", "autumn"]},
        "lines": {"type": "array", "items": {"type": "string", "minLength": 3}, "maxItems": 2},
    },
    "required": ["season"],
    "additionalProperties": False,
}
FORMS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"action": {"const": "edit"}, "text": {"type": "string", "minLength": 3}},
        "required": ["action", "text"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"action": {"const": "stop"}},
        "required": ["action"],
        "additionalProperties": False,
    },
]


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


@pytest.fixture
async def client(store: Store) -> AsyncIterator[AsyncClient]:
    async with in_process(create_app(settings_with(), store)) as opened:
        yield opened


async def waiting(store: Store, schema: dict[str, Any] | None = None) -> UUID:
    """A run that asks, and that its worker has given up."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    await writer.write(Story().queued().started().events[1:])
    question = {"input_id": "input-1", "schema": schema or SCHEMA, "prompt": "Which season?"}
    await writer.write_one(EVENT.validate_python({"type": "input_required", "data": question}))
    await store.runs.park(run_id, writer.epoch, 3600)
    return run_id


async def test_a_run_that_waits_says_what_it_asks_and_goes_on_with_the_answer(client: AsyncClient, store: Store):
    run_id = await waiting(store)
    body = (await client.get(f"/api/runs/{run_id}")).json()
    assert body["status"] == "waiting"
    assert body["asked"] == [{"input_id": "input-1", "schema": SCHEMA, "prompt": "Which season?"}]
    assert await store.runs.claim("me") is None

    response = await client.post(f"/api/runs/{run_id}/inputs/input-1", json={"value": {"season": "spring"}})

    assert (response.status_code, response.json()) == (202, {"run_id": str(run_id), "status": "running"})
    received: Any = (await log_of(store, run_id))[-1].event
    assert (received.data.value, received.data.by) == ({"season": "spring"}, "api")
    assert "asked" not in (await client.get(f"/api/runs/{run_id}")).json()
    assert await store.runs.claim("me") is not None


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ({}, ["/value/season"]),
        ({"season": "winter"}, ["/value/season"]),
        ({"season": "spring", "lines": ["ab", 7]}, ["/value/lines/0", "/value/lines/1"]),
        ({"season": "spring", "lines": ["one", "two", "three"]}, ["/value/lines"]),
        ({"season": "spring", "more": 1}, ["/value"]),
        ("spring", ["/value"]),
        (None, ["/value"]),
    ],
)
async def test_what_does_not_fit_is_refused_with_a_pointer(
    client: AsyncClient, store: Store, value: Any, pointers: list[str]
):
    run_id = await waiting(store)

    response = await client.post(f"/api/runs/{run_id}/inputs/input-1", json={"value": value})

    assert problem(response) == (422, "invalid-input")
    assert [error["pointer"] for error in response.json()["errors"]] == pointers
    assert (await store.runs.view(run_id, "default")).status == "waiting"


@pytest.mark.parametrize("union", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ({"action": "edit", "text": "ab"}, {"/value/text": "It may have at least 3 characters."}),
        ({"action": "edit"}, {"/value/text": "It is missing."}),
        ({"action": "stop", "text": "abc"}, {"/value": "It has a field that is not asked for."}),
        ({"action": "wait"}, {"/value/action": "It is none of edit, stop."}),
        ({"action": ["edit"]}, {"/value/action": "It is none of edit, stop."}),
        ({"text": "abc"}, {"/value/action": "It is missing."}),
        ("edit", {"/value": "It is of none of the forms that are asked for."}),
    ],
)
async def test_of_several_forms_the_one_that_was_meant_says_what_is_wrong(
    client: AsyncClient, store: Store, union: str, value: Any, errors: dict[str, str]
):
    run_id = await waiting(store, {union: FORMS})

    response = await client.post(f"/api/runs/{run_id}/inputs/input-1", json={"value": value})

    assert problem(response) == (422, "invalid-input")
    assert {error["pointer"]: error["detail"] for error in response.json()["errors"]} == errors


async def test_a_question_is_answered_once_and_only_while_it_is_asked(client: AsyncClient, store: Store):
    run_id = await waiting(store)
    good = {"value": {"season": "spring"}}

    assert problem(await client.post(f"/api/runs/{run_id}/inputs/other", json=good)) == (404, "unknown-input")
    assert (await client.post(f"/api/runs/{run_id}/inputs/input-1", json=good)).status_code == 202
    for again in (good, {"value": 7}):
        assert problem(await client.post(f"/api/runs/{run_id}/inputs/input-1", json=again)) == (409, "answered")
    await client.post(f"/api/runs/{run_id}/cancel")
    assert problem(await client.post(f"/api/runs/{run_id}/inputs/input-1", json=good)) == (409, "run-ended")


async def test_a_run_that_waits_is_cancelled_at_once_and_asks_no_more(client: AsyncClient, store: Store):
    run_id = await waiting(store)

    assert (await client.post(f"/api/runs/{run_id}/cancel")).json()["status"] == "cancelled"
    assert "asked" not in (await client.get(f"/api/runs/{run_id}")).json()


async def test_of_ten_answers_at_once_one_is_taken(client: AsyncClient, store: Store):
    run_id = await waiting(store)
    responses = await asyncio.gather(
        *(client.post(f"/api/runs/{run_id}/inputs/input-1", json={"value": {"season": "spring"}}) for _ in range(10))
    )
    assert sorted(each.status_code for each in responses) == [202, *[409] * 9]
    assert [entry.type for entry in await log_of(store, run_id)].count("input_received") == 1
