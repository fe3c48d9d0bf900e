"""Watching all runs: each that changes, as it is by then, from a cursor that a viewer may come back with."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from events.errors import StoreUnavailable
from events.store import Store
from tests.api.conftest import ApiServer, problem, running, settings_with, until
from tests.api.test_openapi import conforms, schema_of
from tests.api.test_watching import Viewer
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import failed_story, simple_story

EVENTS = "/api/runs/events"


@asynccontextmanager
async def watching(client: AsyncClient, **options: Any) -> AsyncGenerator[Viewer]:
    async with client.stream("GET", EVENTS, **options) as response:
        assert response.status_code == 200
        yield Viewer(response)


async def upto(viewer: Viewer, run_id: UUID, status: str) -> list[Any]:
    """What comes until this run has this status, and that too."""
    seen: list[Any] = []
    while not seen or (seen[-1]["run"]["run_id"], seen[-1]["run"]["status"]) != (str(run_id), status):
        seen.append(await viewer.next_event())
    return seen


async def test_a_stream_opens_and_tells_of_a_run_from_its_first_to_its_last_word(api_server: ApiServer, store: Store):
    async with api_server.client() as client, watching(client) as viewer:
        assert viewer.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert viewer.response.headers["cache-control"] == "no-store"
        opened = await viewer.next()
        assert (opened.event, opened.json["mode"]) == ("stream_open", "live")
        run_id = await accept(store)
        await upto(viewer, run_id, "queued")
        await (await hold(store, run_id)).write(rest_of(simple_story()))
        [*_, last] = await upto(viewer, run_id, "complete")

        listed = (await client.get("/api/runs")).json()

    assert last == {"type": "run_changed", "cursor": listed["cursor"], "run": listed["runs"][0]}


async def test_a_list_says_from_where_on_the_stream_goes_on(api_server: ApiServer, store: Store):
    before = await told(store, simple_story())
    async with api_server.client() as client:
        listed = (await client.get("/api/runs")).json()
        assert [run["run_id"] for run in listed["runs"]] == [str(before)]
        after = await told(store, failed_story())
        async with watching(client, params={"after": listed["cursor"]}) as viewer:
            seen = await upto(viewer, after, "error")

    assert [change["run"]["run_id"] for change in seen] == [str(after)]


@pytest.mark.parametrize("way", ["header", "parameter", "both"])
async def test_who_comes_back_goes_on_behind_its_cursor(api_server: ApiServer, store: Store, way: str):
    runs = [await told(store, simple_story()) for _ in range(3)]
    async with api_server.client() as client:
        async with watching(client, params={"after": 0}) as viewer:
            seen = await upto(viewer, runs[2], "complete")
        cursor = str(seen[0]["cursor"])
        options: dict[str, Any] = {
            "header": {"headers": {"Last-Event-ID": cursor}},
            "parameter": {"params": {"after": cursor}},
            "both": {"headers": {"Last-Event-ID": cursor}, "params": {"after": 0}},
        }[way]
        async with watching(client, **options) as viewer:
            assert await upto(viewer, runs[2], "complete") == seen[1:]


async def test_filters_are_those_of_the_list(api_server: ApiServer, store: Store):
    await told(store, simple_story(), pipeline="refine")
    await told(store, simple_story())
    failed = await told(store, failed_story())
    params = {"pipeline": "vision_framework", "status": "error", "after": 0}
    async with api_server.client() as client, watching(client, params=params) as viewer:
        assert (await viewer.next()).event == "stream_open"
        left = await viewer.next()
        assert (left.event, left.json["status"], left.own_id) == ("run_left", "complete", None)
        seen = await upto(viewer, failed, "error")
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("params", "headers"),
    [
        ({"after": "-1"}, {}),
        ({"after": "x"}, {}),
        ({}, {"Last-Event-ID": "9007199254740993"}),
        ({"status": "done"}, {}),
        ({"pipeline": "\0"}, {}),
    ],
)
async def test_what_is_not_understood_is_a_400(client: AsyncClient, params: dict[str, str], headers: dict[str, str]):
    assert problem(await client.get(EVENTS, params=params, headers=headers)) == (400, "bad-request")


async def test_a_cursor_from_the_future_is_told_so(api_server: ApiServer, store: Store):
    await accept(store)
    async with api_server.client() as client, watching(client, params={"after": 1000}) as viewer:
        assert [(await viewer.next()).event, (await viewer.next()).event] == ["stream_open", "stream_gap"]
        run_id = await accept(store)
        assert len(await upto(viewer, run_id, "queued")) == 1


async def test_the_same_comes_as_lines(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    headers = {"Accept": "application/x-ndjson"}
    async with api_server.client() as client, client.stream("GET", EVENTS, headers=headers) as response:
        assert response.headers["content-type"].startswith("application/x-ndjson")
        lines = response.aiter_lines()
        first, second = json.loads(await anext(lines)), json.loads(await anext(lines))
    assert (first["type"], second["type"], second["run"]["run_id"]) == ("stream_open", "run_changed", str(run_id))


async def test_another_type_cannot_be_had(client: AsyncClient):
    assert problem(await client.get(EVENTS, headers={"Accept": "text/html"})) == (406, "not-acceptable")


async def test_a_message_is_as_the_document_says(api_server: ApiServer, store: Store):
    run_id = await told(store, simple_story())
    async with api_server.client() as client, watching(client) as viewer:
        conforms((await viewer.next()).json, schema_of("watch_runs", 200, "text/event-stream"))
        [change] = await upto(viewer, run_id, "complete")
        conforms(change, schema_of("watch_runs", 200, "text/event-stream"))
        conforms(change["run"], {"$ref": "#/components/schemas/RunView"})


async def test_a_viewer_hears_of_its_tenant_s_runs_alone(store: Store):
    theirs, mine = await accept(store, tenant="acme"), await accept(store, tenant="beta")
    settings = settings_with(api_tokens="acme:the-token-of-acme,beta:the-token-of-beta")
    async with running(settings, store) as api, api.client() as client:
        beta = {"Authorization": "Bearer the-token-of-beta"}
        async with watching(client, headers=beta, params={"after": 0}) as viewer:
            await store.runs.request_cancel(theirs, "acme")
            await store.runs.request_cancel(mine, "beta")
            seen = await upto(viewer, mine, "cancelled")
    assert {change["run"]["run_id"] for change in seen} == {str(mine)}


async def test_without_a_store_there_is_no_stream(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> int:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store.changes, "mark", away)
    assert problem(await client.get(EVENTS)) == (503, "unavailable")


async def test_leaving_frees_the_place(api_server: ApiServer):
    streams = api_server.server.lifespan.state["streams"]
    streams.capacity = 1
    async with api_server.client() as client:
        async with watching(client) as viewer:
            await viewer.next()
            assert streams.total == 1
            assert problem(await client.get(EVENTS)) == (503, "too-many-streams")
        await until(lambda: not streams.total)


async def test_when_the_server_stops_the_stream_ends_behind_a_whole_frame(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    async with api_server.client() as client, watching(client) as viewer:
        await upto(viewer, run_id, "queued")
        stopping = asyncio.create_task(api_server.stop())
        assert await viewer.rest() == []
        async with asyncio.timeout(3):
            await stopping
