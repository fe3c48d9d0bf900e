"""`GET /api/stats`, and who leaves a run: what is counted, for whom, and what is not."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from api.stats import body_of
from events.alerts import StreamHour
from events.stats import Figures, Usage
from events.store import Store
from tests.api.conftest import problem, running, settings_with
from tests.api.test_openapi import conforms, schema_of
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import PROBLEM, Story, failed_story, simple_story

NOTHING: dict[str, Any] = {"total": 0, "by_status": {}, "by_pipeline": {}}


async def stats(client: AsyncClient, query: str = "") -> dict[str, Any]:
    response = await client.get(f"/api/stats{query}")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    conforms(response.json(), schema_of("show_stats", 200, "application/json"))
    return response.json()


async def left(client: AsyncClient, run_id: UUID, **more: Any) -> int:
    return (await client.post(f"/api/runs/{run_id}/abandoned", **more)).status_code


async def abandoned(client: AsyncClient) -> int:
    return (await stats(client))["abandoned"]


async def test_where_nothing_was_run_every_day_is_there_and_empty(client: AsyncClient):
    before = time.time_ns() // 1_000_000
    body = await stats(client)

    today = datetime.now(UTC).date()
    assert body.pop("generated_at") >= before
    assert [date.fromisoformat(each.pop("day")) for each in body["usage"]] == [
        today - timedelta(days=number) for number in range(6, -1, -1)
    ]
    empty = {"runs": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0, "cost_complete": True}
    assert body == {
        "days": 7,
        "runs": NOTHING,
        "steps": [],
        "failures": [],
        "usage": [empty] * 7,
        "viewers": 0,
        "abandoned": 0,
        "prefect_owed": 0,
        "alerts": [],
    }


async def test_the_figures_tell_what_was_run(client: AsyncClient, store: Store):
    await told(store, simple_story())
    failed = await told(store, failed_story())
    await accept(store, pipeline="refine")
    await store.runs.note_prefect(failed, "degraded")

    body = await stats(client, "?days=1")

    assert body["runs"] == {
        "total": 3,
        "by_status": {"complete": 1, "error": 1, "queued": 1},
        "by_pipeline": {"refine": 1, "vision_framework": 2},
    }
    steps = {each.pop("step"): each for each in body["steps"]}
    assert steps["brief"] == {"pipeline": "vision_framework", "runs": 1, "p50_ms": 50, "p90_ms": 50, "failed": 0}
    assert steps["framework"] == {
        "pipeline": "vision_framework",
        "runs": 0,
        "p50_ms": None,
        "p90_ms": None,
        "failed": 1,
    }
    assert body["failures"] == [{"title": PROBLEM.title, "step": "framework", "runs": 1}]
    assert [(day["runs"], day["input_tokens"], day["cost_usd"]) for day in body["usage"]] == [(2, 200, 0.02)]
    assert body["prefect_owed"] == 1


async def test_a_cost_that_nobody_knows_is_null_and_not_nothing(client: AsyncClient, store: Store):
    story = Story().queued().started().start("brief").spends("brief", None).completes("brief").done()
    await told(store, story)

    today = (await stats(client, "?days=1"))["usage"][0]

    assert (today["cost_usd"], today["cost_complete"], today["input_tokens"]) == (None, False, 100)


def test_the_days_without_a_run_are_filled_in():
    since = datetime(2026, 2, 27, tzinfo=UTC)
    usage = [Usage(date(2026, 3, 1), 2, 10, 20, 0.5, True)]
    body = body_of(Figures({"complete": 2}, {"vision": 2}, [], [], usage, 1, 0, 0), [], 0, since, 3)

    assert [(str(each.day), each.runs) for each in body.usage] == [
        ("2026-02-27", 0),
        ("2026-02-28", 0),
        ("2026-03-01", 2),
    ]
    assert body.runs.total == 2


@pytest.mark.parametrize("days", ["0", "91", "-1", "7.0", "a week", "٧", "100000000000000000000"])
async def test_days_that_cannot_be_counted_are_refused(client: AsyncClient, days: str):
    assert problem(await client.get("/api/stats", params={"days": days})) == (400, "bad-request")


async def test_viewers_are_those_of_the_tenant_who_watch_a_run_that_goes_on(store: Store):
    run_id, done = await accept(store, tenant="acme"), await told(store, simple_story(), tenant="acme")
    settings = settings_with(api_tokens="acme:the-token-of-acme,beta:the-token-of-beta")
    acme, beta = ({"Authorization": f"Bearer the-token-of-{name}"} for name in ("acme", "beta"))
    async with running(settings, store) as api, api.client(headers=acme) as client:
        async with client.stream("GET", f"/api/runs/{run_id}/events") as one:
            assert one.status_code == 200
            async with client.stream("GET", f"/api/runs/{run_id}/events?after=1") as other:
                assert other.status_code == 200
                await client.get(f"/api/runs/{done}/events")
                assert (await stats(client))["viewers"] == 2
                assert (await client.get("/api/stats", headers=beta)).json()["viewers"] == 0


async def test_who_leaves_a_run_that_goes_on_is_counted_once(client: AsyncClient, store: Store):
    run_id = await accept(store)

    for viewer in ("one", "two", "one"):
        assert await left(client, run_id, content=f'{{"viewer":"{viewer}"}}') == 204

    assert await abandoned(client) == 2


async def test_who_is_back_is_not_counted(client: AsyncClient, store: Store):
    run_id = await accept(store)
    await left(client, run_id, json={"viewer": "one"})
    await (await hold(store, run_id)).write(rest_of(simple_story()))

    assert await left(client, run_id, json={"viewer": "one", "back": True}) == 204

    assert await abandoned(client) == 0


async def test_of_two_words_the_one_that_was_said_later_holds(client: AsyncClient, store: Store):
    run_id = await accept(store)

    assert await left(client, run_id, json={"viewer": "one", "back": True, "at": 1_795_204_800_123}) == 204
    assert await left(client, run_id, json={"viewer": "one", "at": 1_795_204_800_100}) == 204

    assert await abandoned(client) == 0
    assert await left(client, run_id, json={"viewer": "one", "at": -1}) == 422


async def test_a_page_may_leave_without_a_word_or_with_a_text(client: AsyncClient, store: Store):
    run_id = await accept(store)
    text = {"Content-Type": "text/plain;charset=UTF-8"}

    assert await left(client, run_id) == 204
    assert await left(client, run_id, headers=text, content=b" ") == 204
    assert await abandoned(client) == 1, "viewers without an id are one"
    assert await left(client, run_id, headers=text, content=b'{"viewer":"a-b_C9"}') == 204
    assert await abandoned(client) == 2


async def test_a_run_that_has_ended_cannot_be_left(client: AsyncClient, store: Store):
    assert await left(client, await told(store, simple_story())) == 204

    assert await abandoned(client) == 0


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b'{"viewer":""}', 422, "invalid-input"),
        (b'{"viewer":"a b"}', 422, "invalid-input"),
        (b'{"viewer":"a\\n"}', 422, "invalid-input"),
        (b'{"viewer":"%s"}' % (b"a" * 65), 422, "invalid-input"),
        (b'{"viewer":"a","more":1}', 422, "invalid-input"),
        (b'{"viewer":"a","back":1}', 422, "invalid-input"),
        (b"[]", 422, "invalid-input"),
        (b"{", 400, "invalid-json"),
        (b" " * 1025, 413, "body-too-large"),
    ],
)
async def test_what_a_page_cannot_mean_is_refused(
    client: AsyncClient, store: Store, content: bytes, status: int, kind: str
):
    run_id = await accept(store)

    response = await client.post(f"/api/runs/{run_id}/abandoned", content=content)

    assert problem(response) == (status, kind)
    assert await abandoned(client) == 0


async def test_a_form_of_a_page_elsewhere_is_no_word_of_ours(client: AsyncClient, store: Store):
    path = f"/api/runs/{await accept(store)}/abandoned"

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert problem(await client.post(path, headers=form, content=b"viewer=a")) == (415, "unsupported-media-type")
    elsewhere = {"Origin": "http://elsewhere.example"}
    assert problem(await client.post(path, headers=elsewhere)) == (403, "forbidden-origin")


async def test_what_should_not_be_as_it_is_is_told_to_its_tenant(client: AsyncClient, store: Store):
    for _ in range(5):
        await told(store, failed_story())
    await store.alerts.count_streams({"default": StreamHour(100, 8), "beta": StreamHour(100, 50)})
    [one, other] = (await store.alerts.review()).raised[:2]

    assert (await stats(client))["alerts"] == [
        {"kind": "step_failures", "pipeline": "vision_framework", "step": "framework", "value": 1, "limit": 0.01}
        | {"since": one.since},
        {"kind": "stream_failures", "pipeline": None, "step": None, "value": 0.08, "limit": 0.05, "since": other.since},
    ]
