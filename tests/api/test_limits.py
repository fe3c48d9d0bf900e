"""What a tenant may ask for, over HTTP: each start tells how much is left, each refusal when to come back."""

import asyncio
import re
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from api.app import create_app
from events.contract import Usage, UsageData
from events.store import Store, open_store
from tests.api.conftest import in_process, problem, running, settings_with, until
from tests.api.editing import WISH, made
from tests.api.test_generate_stream import REFINEMENT
from tests.api.test_retry import ended, failed
from tests.api.test_starting import BRIEF, START
from tests.api.writing import accept, hold, rest_of
from tests.histories import Story, simple_story

RUNS = re.compile(r'"runs";r=(\d+);t=(\d+)')
STREAM = "/api/vision-framework-v2/generate-stream"


@asynccontextmanager
async def limited(store: Store, **limits: Any):
    async with in_process(create_app(settings_with(**limits), store)) as client:
        yield client


async def start(client: AsyncClient, **headers: str) -> Response:
    return await client.post("/api/runs", json=START, headers=headers)


async def finish(store: Store, started: Response) -> None:
    await (await hold(store, UUID(started.json()["run_id"]))).write(rest_of(simple_story()))


async def test_every_start_tells_what_is_left(store: Store):
    async with limited(store, runs_per_minute=3, live_runs=5) as client:
        first, second = await start(client), await start(client)

    assert first.headers["ratelimit-policy"] == second.headers["ratelimit-policy"] == '"runs";q=3;w=60, "live-runs";q=5'
    assert re.fullmatch(r'"runs";r=2;t=60, "live-runs";r=4', first.headers["ratelimit"])
    assert re.fullmatch(r'"runs";r=1;t=(60|59), "live-runs";r=3', second.headers["ratelimit"])


async def test_one_more_than_the_limit_is_refused_with_when_to_come_back(store: Store):
    async with limited(store, runs_per_minute=2) as client:
        [first, second, third] = [await start(client) for _ in range(3)]

    assert (first.status_code, second.status_code) == (202, 202)
    assert problem(third) == (429, "too-many-runs")
    assert third.json()["detail"] == "2 runs were started within a minute; 2 may be."
    found = RUNS.match(third.headers["ratelimit"])
    assert found is not None and found[1] == "0"
    assert third.headers["retry-after"] == found[2]
    assert 50 < int(found[2]) <= 60
    assert len((await store.runs.page("default")).runs) == 2


async def test_runs_that_go_on_are_counted_until_they_have_ended(store: Store):
    async with limited(store, live_runs=1) as client:
        first = await start(client)
        refused = await start(client)
        await finish(store, first)
        again = await start(client)

    assert problem(refused) == (429, "too-many-live-runs")
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["ratelimit"].endswith('"live-runs";r=0')
    assert again.status_code == 202


async def test_when_the_day_s_money_is_spent_nothing_is_started(store: Store):
    run_id = await accept(store)
    spent = Usage(step="brief", data=UsageData(model="m", input_tokens=1, output_tokens=1, cost_usd=2.5))
    await (await hold(store, run_id)).write([*Story().started().start("brief").events, spent])
    async with limited(store, spend_per_day_usd=2.0) as client:
        refused = await start(client)

    assert problem(refused) == (429, "day-is-spent")
    assert refused.json()["detail"] == "Today's runs have cost $2.50; $2.00 a day may be spent."
    assert 0 < int(refused.headers["retry-after"]) <= 86_400


async def test_every_way_to_start_a_run_is_counted_and_refused_alike(store: Store):
    source, document = await ended(store, failed()), await made(store)
    async with limited(store, runs_per_minute=1) as client:
        ways = [
            await start(client),
            await client.post(f"/api/runs/{source}/retry"),
            await client.post(f"/api/runs/{document}/refine", json=WISH),
            await client.post(STREAM, json=BRIEF),
            await client.post("/api/vision-framework-v2/refine", json=REFINEMENT),
        ]

    # The two that the test has made are counted as well.
    assert {problem(way) for way in ways} == {(429, "too-many-runs")}


async def test_every_way_tells_what_is_left(store: Store):
    source, document = await ended(store, failed()), await made(store)
    async with limited(store) as client:
        ways = [
            await client.post(f"/api/runs/{source}/retry"),
            await client.post(f"/api/runs/{document}/refine", json=WISH),
        ]

    assert [way.status_code for way in ways] == [202, 202]
    assert [RUNS.match(way.headers["ratelimit"])[1] for way in ways] == ["597", "596"]  # pyright: ignore[reportOptionalSubscript]


async def test_who_asks_again_with_the_key_of_an_accepted_run_is_not_refused(store: Store):
    async with limited(store, runs_per_minute=1, live_runs=1) as client:
        first = await start(client, **{"Idempotency-Key": "k"})
        other = await start(client, **{"Idempotency-Key": "other"})
        again = await start(client, **{"Idempotency-Key": "k"})

    assert problem(other)[0] == 429
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["ratelimit"].startswith('"runs";r=0')


async def test_a_tenant_s_limits_are_its_own(store: Store):
    tokens = "acme:the-token-of-acme,beta:the-token-of-beta"
    async with limited(store, runs_per_minute=1, api_tokens=tokens) as client:
        asked = [
            await start(client, Authorization=f"Bearer the-token-of-{tenant}")
            for tenant in ("acme", "acme", "beta", "beta")
        ]

    assert [response.status_code for response in asked] == [202, 429, 202, 429]


async def test_two_processes_count_together_on_postgresql(database_url: str):
    settings = settings_with(runs_per_minute=5)
    async with (
        open_store(database_url) as store,
        in_process(create_app(settings, store)) as one,
        open_store(database_url) as other_store,
        in_process(create_app(settings, other_store)) as other,
    ):
        answers = await asyncio.gather(*(start(client) for client in (one, other) * 8))
        assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 11
        assert len((await store.runs.page("default")).runs) == 5


# --- streams --------------------------------------------------------------------------------------------------------


async def test_a_tenant_s_streams_are_counted_while_they_are_open_and_no_longer(store: Store):
    run_id = await accept(store, tenant="acme")
    theirs = await accept(store, tenant="beta")
    acme, beta = ({"Authorization": f"Bearer the-token-of-{tenant}"} for tenant in ("acme", "beta"))
    settings = settings_with(streams=2, api_tokens="acme:the-token-of-acme,beta:the-token-of-beta")
    async with running(settings, store) as api, api.client() as client:
        path = f"/api/runs/{run_id}/events"
        async with (
            client.stream("GET", path, headers=acme) as one,
            client.stream("GET", "/api/runs/events", headers=acme),
        ):
            refused = await client.get(path, headers=acme)
            async with client.stream("GET", f"/api/runs/{theirs}/events", headers=beta) as other:
                assert (one.status_code, other.status_code) == (200, 200)

        assert problem(refused) == (429, "too-many-viewers")
        assert refused.headers["retry-after"] == "5"
        await until(lambda: not api.server.lifespan.state["streams"].open)
        async with client.stream("GET", path, headers=acme) as again:
            assert again.status_code == 200


async def test_nothing_is_started_that_could_not_be_watched(store: Store):
    run_id = await accept(store)
    async with running(settings_with(streams=1), store) as api, api.client() as client:
        async with client.stream("GET", f"/api/runs/{run_id}/events") as open_one:
            assert open_one.status_code == 200
            refused = await client.post(STREAM, json=BRIEF)

    assert problem(refused) == (429, "too-many-viewers")
    assert len((await store.runs.page("default")).runs) == 1


@pytest.mark.parametrize("name", ["runs_per_minute", "live_runs", "streams", "spend_per_day_usd"])
def test_a_limit_of_nothing_is_a_mistake(name: str):
    with pytest.raises(ValueError, match="greater than"):
        settings_with(**{name: 0})
