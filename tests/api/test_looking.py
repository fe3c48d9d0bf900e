"""Runs as documents: pages of them, one of them, what came out of it, and making it stop."""

import json
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.fold import fold_all
from events.log import Entry
from events.store import Store, open_store
from tests.api.conftest import in_process, problem, settings_with
from tests.api.writing import accept, hold, log_of, rest_of, told
from tests.histories import Story, cancelled_story, failed_story, rich_story, simple_story

RESULT = {"one_pager": {"markdown": "# Acme\n\nÜber alles.", "words": 3}}


def vision_story() -> Story:
    return Story().queued().started().start("brief").completes("brief").done(RESULT)


async def test_a_run_shows_what_the_fold_of_its_log_says(client: AsyncClient, store: Store):
    run_id = await told(store, rich_story())
    view = fold_all(str(run_id), await log_of(store, run_id))

    body = (await client.get(f"/api/runs/{run_id}")).json()

    expected = view.model_dump(mode="json", exclude_none=True)
    steps = body.pop("steps")
    assert {name: value for name, value in body.items() if name in expected} == {
        name: value for name, value in expected.items() if name != "steps"
    }
    assert body["result"] == {"score": 7.5}
    assert body["input"] == {"a": 1}
    assert [(step["step"], step["status"], step["attempt"]) for step in steps] == [
        (step.step, step.status, step.attempt) for step in view.steps
    ]
    assert steps[1]["result"] == {"vision": "Über"}


async def test_a_run_that_goes_on_shows_the_text_so_far(client: AsyncClient, store: Store):
    run_id = await accept(store)
    await (await hold(store, run_id)).write(rest_of(simple_story())[:4])

    body = (await client.get(f"/api/runs/{run_id}")).json()

    assert (body["status"], body["tail_seq"]) == ("running", 5)
    assert body["steps"][0]["text"] == "Once upon "
    assert body["steps"][0]["status"] == "in_progress"
    assert body["cost_usd"] is None
    assert "result" not in body


async def test_a_failed_run_shows_its_problem(client: AsyncClient, store: Store):
    body = (await client.get(f"/api/runs/{await told(store, failed_story())}")).json()

    assert (body["status"], body["failed_step"]) == ("error", "framework")
    assert body["problem"]["detail"] == "It ended in mid-sentence."
    assert [step["status"] for step in body["steps"]] == ["error", "error", "skipped"]


async def test_a_run_shows_how_prefect_saw_it(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())
    assert "prefect" not in (await client.get(f"/api/runs/{run_id}")).json()
    flow_run = UUID("01938f3a-0000-7000-8000-000000000001")

    await store.runs.note_prefect(run_id, "degraded", flow_run)

    body = (await client.get(f"/api/runs/{run_id}")).json()
    assert (body["prefect"], body["prefect_flow_run_id"]) == ("degraded", str(flow_run))


async def test_the_result_and_the_one_pager_of_a_complete_run(client: AsyncClient, store: Store):
    run_id = await told(store, vision_story())

    result = await client.get(f"/api/runs/{run_id}/result")
    page = await client.get(f"/api/runs/{run_id}/one-pager.md")

    assert (result.status_code, result.json()) == (200, RESULT)
    assert page.text == "# Acme\n\nÜber alles."
    assert page.headers["content-type"] == "text/markdown; charset=utf-8"


@pytest.mark.parametrize("part", ["result", "one-pager.md"])
async def test_a_run_that_goes_on_has_no_result_yet(client: AsyncClient, store: Store, part: str):
    run_id = await accept(store)
    response = await client.get(f"/api/runs/{run_id}/{part}")
    assert problem(response) == (409, "not-finished")
    assert response.headers["retry-after"] == "2"

    await (await hold(store, run_id)).write(rest_of(simple_story())[:-1])
    assert problem(await client.get(f"/api/runs/{run_id}/{part}")) == (409, "not-finished")


@pytest.mark.parametrize("part", ["result", "one-pager.md"])
@pytest.mark.parametrize("story", [failed_story, cancelled_story])
async def test_a_run_that_ended_otherwise_never_has_one(client: AsyncClient, store: Store, part: str, story: Any):
    run_id = await told(store, story())

    response = await client.get(f"/api/runs/{run_id}/{part}")

    assert problem(response) == (404, "no-result")
    assert ("mid-sentence" if story is failed_story else "cancelled") in response.json()["detail"]


async def test_a_run_that_is_removed_while_its_result_is_asked_for_is_not_there(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    run_id = await told(store, vision_story())

    async def gone(*_: object, **__: object) -> list[Entry]:
        return []

    monkeypatch.setattr(type(store.log), "read", gone)
    assert problem(await client.get(f"/api/runs/{run_id}/result")) == (404, "unknown-run")


async def test_a_pipeline_without_a_one_pager_has_none(client: AsyncClient, store: Store):
    run_id = await told(store, Story().queued("refine").started().done({"section": "vision"}), pipeline="refine")

    assert problem(await client.get(f"/api/runs/{run_id}/one-pager.md")) == (404, "no-result")


async def test_runs_come_newest_first_in_pages(client: AsyncClient, store: Store):
    runs = [str(await accept(store)) for _ in range(7)]

    pages: list[list[str]] = []
    after = ""
    while after is not None:
        body = (await client.get("/api/runs", params={"limit": 3, "after": after})).json()
        pages.append([run["run_id"] for run in body["runs"]])
        after = body.get("next_after")

    assert pages == [runs[:3:-1], runs[3:0:-1], runs[:1]]


async def test_runs_of_one_status_or_pipeline(client: AsyncClient, store: Store):
    done, waiting = await told(store, simple_story()), await accept(store)
    refining = await accept(store, pipeline="refine")

    async def ids(**params: str) -> list[str]:
        return [run["run_id"] for run in (await client.get("/api/runs", params=params)).json()["runs"]]

    assert await ids(status="complete") == [str(done)]
    assert await ids(status="queued") == [str(refining), str(waiting)]
    assert await ids(status="queued", pipeline="refine") == [str(refining)]
    assert await ids(pipeline="none") == []


@pytest.mark.parametrize(
    "params",
    [{"status": "done"}, {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "٣"}, {"after": "nowhere"}],
)
async def test_a_list_that_cannot_be_is_refused(client: AsyncClient, params: dict[str, str]):
    assert problem(await client.get("/api/runs", params=params)) == (400, "bad-request")


async def test_a_run_that_nobody_holds_is_cancelled_at_once(client: AsyncClient, store: Store):
    run_id = await accept(store)

    response = await client.post(f"/api/runs/{run_id}/cancel")

    assert (response.status_code, response.json()) == (202, {"run_id": str(run_id), "status": "cancelled"})
    assert [entry.type for entry in await log_of(store, run_id)][-2:] == ["cancel_requested", "cancelled"]
    assert problem(await client.post(f"/api/runs/{run_id}/cancel")) == (409, "run-ended")


async def test_a_run_that_somebody_holds_is_asked_to_end_once(client: AsyncClient, store: Store):
    run_id = await accept(store)
    await hold(store, run_id)

    answers = [await client.post(f"/api/runs/{run_id}/cancel") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert (await client.get(f"/api/runs/{run_id}")).json()["cancel_requested"] is True
    assert [entry.type for entry in await log_of(store, run_id)] == ["run_queued", "cancel_requested"]


async def test_a_run_that_has_ended_cannot_be_cancelled(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())

    assert problem(await client.post(f"/api/runs/{run_id}/cancel")) == (409, "run-ended")


async def test_all_of_it_on_postgresql(database_url: str):
    async with open_store(database_url) as store, in_process(create_app(settings_with(), store)) as client:
        run_id = await told(store, vision_story())
        other = await accept(store)
        listed = (await client.get("/api/runs")).json()
        assert [run["run_id"] for run in listed["runs"]] == [str(other), str(run_id)]
        assert (await client.get(f"/api/runs/{run_id}")).json()["result"] == RESULT
        assert (await client.get(f"/api/runs/{run_id}/result")).json() == RESULT
        assert problem(await client.get(f"/api/runs/{other}/result")) == (409, "not-finished")
        assert (await client.post(f"/api/runs/{other}/cancel")).json()["status"] == "cancelled"


async def test_pipelines_are_listed_with_what_they_take_and_examples_that_work(client: AsyncClient):
    listed = (await client.get("/api/pipelines")).json()

    by_name = {each["name"]: each for each in listed}
    assert set(by_name) == {"vision_framework", "refine", "batch"}
    vision = by_name["vision_framework"]
    assert [step["step"] for step in vision["plan"]] == [
        "brief",
        "framework",
        "validation",
        "one_pager",
        "qa",
        "scoring",
    ]
    assert set(vision["input_schema"]["required"]) >= {"company_id", "vision_endstate"}
    assert len(vision["examples"]) >= 2
    for each in listed:
        for example in each["examples"]:
            started = await client.post("/api/runs", json={"pipeline": each["name"], "input": example["input"]})
            assert started.status_code == 202, json.dumps(started.json())


@pytest.mark.parametrize("name", ["pipeline", "after", "status"])
async def test_a_nul_character_in_a_query_is_no_matter_of_the_database(database_url: str, name: str):
    async with open_store(database_url) as store, in_process(create_app(settings_with(), store)) as client:
        response = await client.get("/api/runs", params={name: "a\0b"})

    assert problem(response) == (400, "bad-request")
