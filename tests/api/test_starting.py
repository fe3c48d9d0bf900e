"""`POST /api/runs`: what is accepted, what is refused and why, and that nothing is accepted twice."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.errors import StoreUnavailable
from events.runs import Accepted, NewRun
from events.store import Store, open_store
from flows.catalogue import CATALOGUE
from tests.api.conftest import in_process, problem, settings_with
from tests.api.writing import hold, log_of, rest_of, started_with
from tests.histories import failed_story, simple_story

BRIEF: dict[str, Any] = CATALOGUE["vision_framework"].examples[0].input
START: dict[str, Any] = {"pipeline": "vision_framework", "input": BRIEF}


def pointers(body: dict[str, Any]) -> dict[str, str]:
    return {error["pointer"]: error["detail"] for error in body["errors"]}


async def test_a_run_is_accepted_with_where_to_look_and_where_to_watch(client: AsyncClient, store: Store):
    response = await client.post("/api/runs", json=START)

    run_id = response.json()["run_id"]
    assert response.status_code == 202
    assert response.json() == {"run_id": run_id, "events_url": f"/api/runs/{run_id}/events"}
    assert response.headers["location"] == f"/api/runs/{run_id}"
    assert [entry.type for entry in await log_of(store, UUID(run_id))] == ["run_queued"]
    assert await store.runs.input(UUID(run_id), "default") == BRIEF


async def test_a_run_has_the_title_that_its_pipeline_gives_it_wherever_it_is_shown(client: AsyncClient):
    company = "An " + "extraordinarily " * 10 + "long name"
    run_id = (await client.post("/api/runs", json={**START, "input": {**BRIEF, "company_name": company}})).json()[
        "run_id"
    ]

    run = (await client.get(f"/api/runs/{run_id}")).json()
    listed = (await client.get("/api/runs")).json()["runs"][0]

    assert run["title"] == listed["title"] == company[:119] + "…"


async def test_every_mistake_of_an_input_is_told_with_its_pointer(client: AsyncClient):
    wrong = {**BRIEF, "hard_decisions": "  ", "current_state": "x" * 4001, "a/b~c": 1}
    del wrong["vision_purpose"]

    response = await client.post("/api/runs", json={**START, "input": wrong})

    assert problem(response) == (422, "invalid-input")
    assert response.json()["detail"] == "4 fields are not valid."
    found = pointers(response.json())
    assert set(found) == {
        "/input/hard_decisions",
        "/input/current_state",
        "/input/a~1b~0c",
        "/input/vision_purpose",
    }
    assert found["/input/hard_decisions"] == "hard_decisions is empty: please answer it."
    assert found["/input/vision_purpose"] == "This field is required."
    assert found["/input/current_state"] == "It may have at most 4000 characters."


async def test_an_unknown_pipeline_is_answered_with_those_that_there_are(client: AsyncClient):
    response = await client.post("/api/runs", json={**START, "pipeline": "visoin"})

    assert problem(response) == (422, "invalid-input")
    assert "vision_framework" in pointers(response.json())["/pipeline"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"/pipeline", "/input"}),
        ({**START, "priority": 1}, {"/priority"}),
        ({"pipeline": 7, "input": BRIEF}, {"/pipeline"}),
        ({"pipeline": "refine", "input": [1]}, {"/input"}),
        ([START], {""}),
        ("text", {""}),
    ],
)
async def test_a_body_of_another_form_is_told_what_is_wrong_with_it(client: AsyncClient, body: Any, wrong: set[str]):
    response = await client.post("/api/runs", json=body)

    assert problem(response) == (422, "invalid-input")
    assert set(pointers(response.json())) == wrong


async def test_ten_thousand_mistakes_make_a_short_answer(client: AsyncClient):
    many = {f"f{n}": n for n in range(10_000)}

    response = await client.post("/api/runs", json={**START, "input": {**BRIEF, **many}})

    assert problem(response) == (422, "invalid-input")
    assert len(response.json()["errors"]) == 100
    assert "The first 100" in response.json()["detail"]


async def test_a_nul_character_is_found_before_it_reaches_a_database_that_cannot_store_it(client: AsyncClient):
    response = await client.post("/api/runs", json={**START, "input": {**BRIEF, "current_state": "a\0b"}})

    assert problem(response) == (422, "invalid-input")
    assert list(pointers(response.json())) == ["/input/current_state"]


async def test_the_same_key_and_body_give_the_same_run(client: AsyncClient):
    key = {"Idempotency-Key": "k-1"}

    first, second = [await client.post("/api/runs", json=START, headers=key) for _ in range(2)]

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.headers["location"] == second.headers["location"]


async def test_blanks_around_an_answer_do_not_make_it_another_request(client: AsyncClient):
    key = {"Idempotency-Key": "k-1"}
    spaced = {**START, "input": {**BRIEF, "current_state": f"  {BRIEF['current_state']}\n"}}

    first = await client.post("/api/runs", json=START, headers=key)
    second = await client.post("/api/runs", json=spaced, headers=key)

    assert first.json() == second.json()


async def test_the_same_key_with_another_body_is_refused(client: AsyncClient):
    key = {"Idempotency-Key": "k-1"}
    await client.post("/api/runs", json=START, headers=key)

    response = await client.post("/api/runs", json={**START, "input": {**BRIEF, "company_name": "B"}}, headers=key)

    assert problem(response) == (422, "key-reused")


async def twenty_at_once(client: AsyncClient) -> set[str]:
    key = {"Idempotency-Key": "k-20"}
    answers = await asyncio.gather(*(client.post("/api/runs", json=START, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    return {answer.json()["run_id"] for answer in answers}


async def test_twenty_at_once_with_one_key_make_one_run(client: AsyncClient):
    assert len(await twenty_at_once(client)) == 1


async def test_twenty_at_once_with_one_key_make_one_run_on_postgresql(database_url: str):
    async with (
        open_store(database_url) as store,
        in_process(create_app(settings_with(), store)) as one,
        open_store(database_url) as other_store,
        in_process(create_app(settings_with(), other_store)) as other,
    ):
        runs = await asyncio.gather(twenty_at_once(one), twenty_at_once(other))
        assert len(runs[0] | runs[1]) == 1
        assert len((await store.runs.page("default")).runs) == 1


async def test_a_key_belongs_to_its_tenant(store: Store):
    settings = settings_with(api_tokens="acme:the-token-of-acme,beta:the-token-of-beta")
    async with in_process(create_app(settings, store)) as client:
        runs = [
            await client.post(
                "/api/runs",
                json=START,
                headers={"Idempotency-Key": "k", "Authorization": f"Bearer the-token-of-{tenant}"},
            )
            for tenant in ("acme", "beta")
        ]
    assert [response.status_code for response in runs] == [202, 202]
    assert runs[0].json()["run_id"] != runs[1].json()["run_id"]


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "clé"])
async def test_a_key_that_is_no_key_is_refused(client: AsyncClient, key: str):
    response = await client.post("/api/runs", json=START, headers={b"Idempotency-Key": key.encode()})

    assert problem(response) == (400, "bad-request")


async def test_who_prefers_to_wait_gets_the_result_when_it_is_there(client: AsyncClient, store: Store):
    headers = {"Prefer": "respond-async, wait=30", "Idempotency-Key": "k"}
    waiting = asyncio.create_task(client.post("/api/runs", json=START, headers=headers))
    run_id = await started_with(store, "k")
    await (await hold(store, run_id)).write(rest_of(simple_story()))

    response = await waiting

    assert response.status_code == 200
    assert response.headers["preference-applied"] == "wait=30"
    body = response.json()
    assert (body["run_id"], body["status"], body["result"]) == (str(run_id), "complete", "the end")


async def test_who_prefers_to_wait_is_told_of_a_failure_as_well(client: AsyncClient, store: Store):
    headers = {"Prefer": "wait=30", "Idempotency-Key": "k"}
    waiting = asyncio.create_task(client.post("/api/runs", json=START, headers=headers))
    await (await hold(store, await started_with(store, "k"))).write(rest_of(failed_story()))

    body = (await waiting).json()

    assert body["status"] == "error"
    assert "result" not in body
    assert body["problem"]["title"] == "The model's answer broke off"


async def test_who_has_waited_long_enough_gets_where_to_watch(client: AsyncClient):
    response = await client.post("/api/runs", json=START, headers={"Prefer": "wait=0"})

    assert response.status_code == 202
    assert response.headers["preference-applied"] == "wait=0"


async def test_nobody_waits_for_longer_than_a_minute(client: AsyncClient, monkeypatch: pytest.MonkeyPatch):
    waited: list[float] = []

    async def at_once(request: Any, run_id: UUID, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("api.start.ended_within", at_once)

    response = await client.post("/api/runs", json=START, headers={"Prefer": "wait=3600"})

    assert response.headers["preference-applied"] == "wait=60"
    assert waited == [60]


async def test_a_preference_that_cannot_be_read_is_passed_over(client: AsyncClient):
    response = await client.post("/api/runs", json=START, headers={"Prefer": "wait=long"})

    assert response.status_code == 202
    assert "preference-applied" not in response.headers


async def test_without_a_committed_row_nothing_is_accepted(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    async def full(new: NewRun, **more: Any) -> Accepted:
        raise StoreUnavailable("could not extend file: No space left on device")

    monkeypatch.setattr(store.runs, "accept", full)

    response = await client.post("/api/runs", json=START)

    assert problem(response) == (503, "unavailable")
    assert response.headers["retry-after"] == "2"
    assert "device" not in response.text


async def test_what_is_committed_stays_accepted_when_the_store_goes_away_while_somebody_waits(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    async def gone(*args: Any, **more: Any) -> Any:
        raise StoreUnavailable("connection reset by peer")

    monkeypatch.setattr(store.runs, "view", gone)

    response = await client.post("/api/runs", json=START, headers={"Prefer": "wait=30"})

    assert response.status_code == 202
    assert len((await store.runs.page("default")).runs) == 1
