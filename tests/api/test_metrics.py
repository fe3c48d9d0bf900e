"""`GET /metrics`: who sees it, and what an API's streams leave in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from api.streams import Count, NoPlace, Streams
from events.alerts import StreamHour
from events.errors import StoreUnavailable
from events.store import Store
from observe.meters import Reading
from tests.api.conftest import ApiServer, in_process, problem, running, settings_with
from tests.events.words import LAST, held, opened
from tests.observe.test_meters import figures


@pytest.fixture
async def seen(store: Store) -> AsyncIterator[ApiServer]:
    async with running(settings_with(metrics=True), store) as api:
        yield api


async def test_there_are_none_unless_they_are_wanted(client: AsyncClient) -> None:
    assert problem(await client.get("/metrics")) == (404, "not-found")


async def test_streams_are_counted_with_those_that_go_on_and_how_far_they_are_behind(
    seen: ApiServer, store: Store
) -> None:
    run = await held(store, tenant="default")
    async with seen.client() as client:
        async with client.stream("GET", f"/api/runs/{run.run_id}/events?after=1") as watching:
            lines = watching.aiter_lines()
            assert await anext(lines)
            text = (await client.get("/metrics")).text
            assert "stepglass_streams 1.0" in text
            await store.log.append(run.run_id, [opened(), LAST], epoch=run.epoch)
            async with asyncio.timeout(10):
                async for _ in lines:
                    pass
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert "stepglass_streams 0.0" in answer.text
    assert "stepglass_stream_resumes_total 1.0" in answer.text
    assert "stepglass_stream_lag_seconds_count 1.0" in answer.text


@pytest.mark.parametrize(
    ("secret", "given", "status"),
    [
        (None, None, 401),
        (None, "the-token-of-acme", 401),
        ("the-token-of-metrics", None, 401),
        ("the-token-of-metrics", "the-token-of-acme", 401),
        ("the-token-of-metrics", "the-token-of-metrics", 200),
    ],
)
async def test_with_tenants_it_is_for_the_bearer_of_its_own_token(
    store: Store, secret: str | None, given: str | None, status: int
) -> None:
    settings = settings_with(metrics=True, api_tokens="acme:the-token-of-acme", metrics_token=secret)
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    async with in_process(create_app(settings, store)) as client:
        answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert problem(answer) == (401, "unauthorized")


def none_left(streams: Streams, tenant: str) -> Any:
    raise NoPlace("too-many-streams", "none")


async def test_a_stream_that_cannot_be_begun_is_one_that_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await held(store, tenant="default")
    async with in_process(create_app(settings_with(metrics=True), store)) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Streams, "place", none_left)
            assert (await client.get(f"/api/runs/{run.run_id}/events")).status_code == 503

        async def away(*_: Any) -> Any:
            raise StoreUnavailable("gone")

        monkeypatch.setattr(store.runs, "view", away)
        assert (await client.get(f"/api/runs/{run.run_id}/events")).status_code == 503
        text = (await client.get("/metrics")).text
    assert 'stepglass_stream_failures_total{reason="refused"} 1.0' in text
    assert 'stepglass_stream_failures_total{reason="unavailable"} 1.0' in text
    assert "stepglass_streams_opened_total 2.0" in text


def test_counts_are_taken_once_and_who_does_not_read_is_no_failure_of_ours() -> None:
    reading = Reading()
    streams = Streams(reading)
    streams.opened("acme", resumed=True)
    streams.opened("beta", resumed=False)
    streams.failed("acme", "unread")
    streams.failed("beta", "broken")
    assert streams.take() == {"acme": Count(1, 0), "beta": Count(1, 1)}
    assert streams.take() == {}
    assert figures(reading)["stepglass_stream_failures_total['unread']"] == 1


async def test_the_store_is_told_what_became_of_streams_and_again_what_it_did_not_hear(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams, heard = Streams(), asyncio.Event()
    told: list[Mapping[str, StreamHour]] = []

    async def count(counts: Mapping[str, StreamHour]) -> None:
        if not told:
            told.append({})
            raise StoreUnavailable("gone")
        told.append(counts)
        if counts:
            heard.set()

    monkeypatch.setattr(store.alerts, "count_streams", count)
    streams.opened("acme", resumed=False)
    async with streams.told(store.alerts, every=0), asyncio.timeout(10):
        await heard.wait()
        streams.opened("acme", resumed=False)
        streams.failed("acme", "broken")
    found = [counts for counts in told if counts]
    assert found[0] == {"acme": StreamHour(1, 0)}
    assert found[1:] == [{"acme": StreamHour(1, 1)}]
