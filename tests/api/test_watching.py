"""Watching a run: every event once and in order, from any position, by whatever way a viewer comes and goes."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from events.log import Entry
from events.store import Store, open_store
from tests.api.conftest import ApiServer, problem, running, settings_with, until
from tests.api.writing import accept, hold, log_of, rest_of, told
from tests.histories import Story, cancelled_story, failed_story, lanes_story, rich_story, simple_story
from tests.sse_parser import Frame, SseParser, parse


def events_of(frames: list[Frame]) -> list[Any]:
    return [frame.json for frame in frames if frame.event == "message"]


def lines(entries: list[Entry]) -> list[Any]:
    return [json.loads(entry.line) for entry in entries]


def controls(frames: list[Frame]) -> list[str]:
    return [frame.event for frame in frames if frame.event != "message"]


class Viewer:
    """An open stream, read frame by frame."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.parser = SseParser()
        self._bytes = response.aiter_bytes()
        self._frames: list[Frame] = []

    async def next(self) -> Frame:
        async with asyncio.timeout(10):
            while not self._frames:
                self._frames = self.parser.feed(await anext(self._bytes))
        return self._frames.pop(0)

    async def next_event(self) -> Any:
        while (frame := await self.next()).event != "message":
            pass
        return frame.json

    async def rest(self) -> list[Frame]:
        async with asyncio.timeout(10):
            async for data in self._bytes:
                self._frames += self.parser.feed(data)
        return self._frames


@asynccontextmanager
async def watching(
    client: AsyncClient, run_id: UUID, after: int | None = None, **params: Any
) -> AsyncGenerator[Viewer]:
    headers = {"Last-Event-ID": str(after)} if after is not None else {}
    async with client.stream("GET", f"/api/runs/{run_id}/events", headers=headers, params=params) as response:
        assert response.status_code == 200
        yield Viewer(response)


async def test_a_stream_has_the_headers_that_keep_proxies_and_caches_out_of_its_way(client: AsyncClient, store: Store):
    response = await client.get(f"/api/runs/{await told(store, simple_story())}/events")

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    assert b"\r" not in response.content


@pytest.mark.parametrize("story", [simple_story, rich_story, lanes_story, failed_story, cancelled_story])
async def test_a_finished_run_is_told_as_its_log_has_it(client: AsyncClient, store: Store, story: Any):
    run_id = await told(store, story())

    frames = parse((await client.get(f"/api/runs/{run_id}/events")).content)

    assert events_of(frames) == lines(await log_of(store, run_id))
    assert [frame.own_id for frame in frames[1:]] == [str(n) for n in range(1, len(frames))]
    assert frames[0].json == {"type": "stream_open", "mode": "finished", "oldest_seq": 1, "tail_seq": len(frames) - 1}


@pytest.mark.parametrize("how", ["Last-Event-ID", "after"])
async def test_a_finished_run_is_told_from_every_position(client: AsyncClient, store: Store, how: str):
    run_id = await told(store, rich_story())
    entries = lines(await log_of(store, run_id))

    for position in range(len(entries)):
        cursor: dict[str, Any] = (
            {"headers": {how: str(position)}} if how == "Last-Event-ID" else {"params": {how: position}}
        )
        response = await client.get(f"/api/runs/{run_id}/events", **cursor)
        assert events_of(parse(response.content)) == entries[position:]


async def resumed_at_every_position(store: Store, client: AsyncClient, story: Story) -> None:
    """At every event a new viewer comes, with the cursor there, and stays to the end; all see the same rest."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    events = rest_of(story)
    async with asyncio.TaskGroup() as group:
        viewers: list[asyncio.Task[list[Frame]]] = []
        for position, event in enumerate(events, start=1):
            arrived = asyncio.Event()
            viewers.append(group.create_task(watched_to_the_end(client, run_id, position, arrived)))
            await arrived.wait()
            await writer.write_one(event)
    entries = lines(await log_of(store, run_id))
    for position, viewer in enumerate(viewers, start=1):
        assert events_of(viewer.result()) == entries[position:]


async def watched_to_the_end(client: AsyncClient, run_id: UUID, after: int, arrived: asyncio.Event) -> list[Frame]:
    async with watching(client, run_id, after) as viewer:
        opening = await viewer.next()
        assert opening.json["mode"] == "live"
        arrived.set()
        return [opening, *await viewer.rest()]


async def test_a_live_run_is_told_from_every_position(api_server: ApiServer, store: Store):
    async with api_server.client() as client:
        await resumed_at_every_position(store, client, rich_story())


async def test_a_live_run_is_told_from_every_position_on_postgresql(database_url: str):
    async with open_store(database_url) as store, running(settings_with(), store) as api, api.client() as client:
        await resumed_at_every_position(store, client, rich_story())


async def test_a_viewer_who_leaves_after_every_event_and_comes_back_misses_nothing(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    writer = await hold(store, run_id)
    writing = asyncio.create_task(writer.write(rest_of(rich_story())))
    seen: list[Any] = []
    async with api_server.client() as client:
        while not seen or seen[-1]["type"] != "complete":
            async with watching(client, run_id, len(seen)) as viewer:
                seen.append(await viewer.next_event())
    await writing

    assert seen == lines(await log_of(store, run_id))


async def test_a_viewer_sees_an_event_when_it_happens_and_the_stream_ends_behind_the_last_word(
    api_server: ApiServer, store: Store
):
    run_id = await accept(store)
    writer = await hold(store, run_id)
    events = rest_of(simple_story())
    async with api_server.client() as client, watching(client, run_id) as viewer:
        assert (await viewer.next()).event == "stream_open"
        assert (await viewer.next_event())["type"] == "run_queued"
        for event in events:
            await writer.write_one(event)
            assert (await viewer.next_event())["type"] == event.type
        assert await viewer.rest() == []
        assert viewer.parser.retry == 2000


async def test_asked_again_at_the_last_word_there_is_no_content(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())
    tail = len(await log_of(store, run_id))

    answers = [
        await client.get(f"/api/runs/{run_id}/events", headers={"Last-Event-ID": str(tail)}),
        await client.get(f"/api/runs/{run_id}/events", params={"after": tail}),
        await client.get(
            f"/api/runs/{run_id}/events", params={"after": tail}, headers={"Accept": "application/x-ndjson"}
        ),
    ]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 3


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", " 1", "+1", "١", str(2**53 + 1), "9" * 400, "1;2", "0x1"])
@pytest.mark.parametrize("how", ["Last-Event-ID", "after"])
async def test_a_cursor_that_is_none_is_refused(client: AsyncClient, store: Store, cursor: str, how: str):
    run_id = await told(store, simple_story())
    given: dict[str, Any] = (
        {"headers": {how: cursor.encode()}} if how == "Last-Event-ID" else {"params": {"after": cursor}}
    )

    response = await client.get(f"/api/runs/{run_id}/events", **given)

    assert problem(response) == (400, "bad-request")


async def test_the_header_wins_over_the_query_that_an_event_source_repeats(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())

    response = await client.get(f"/api/runs/{run_id}/events", params={"after": 1}, headers={"Last-Event-ID": "4"})

    assert events_of(parse(response.content))[0]["seq"] == 5


async def test_an_empty_last_event_id_is_none(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())

    response = await client.get(f"/api/runs/{run_id}/events", headers={"Last-Event-ID": ""})

    assert events_of(parse(response.content))[0]["seq"] == 1


@pytest.mark.parametrize("cursor", [1000, 2**53])
async def test_a_cursor_ahead_of_the_log_is_told_of_the_gap_and_given_a_snapshot(
    client: AsyncClient, store: Store, cursor: int
):
    run_id = await told(store, simple_story())

    frames = parse((await client.get(f"/api/runs/{run_id}/events", headers={"Last-Event-ID": str(cursor)})).content)

    assert controls(frames) == ["stream_open", "stream_gap", "snapshot"]
    assert frames[1].json["requested_after"] == cursor
    assert frames[2].json["run"]["result"] == "the end"


async def test_a_wrong_cursor_in_the_address_is_wrong_also_where_the_header_wins(client: AsyncClient, store: Store):
    run_id = await told(store, simple_story())

    response = await client.get(f"/api/runs/{run_id}/events", params={"after": "x"}, headers={"Last-Event-ID": "4"})

    assert problem(response) == (400, "bad-request")


async def test_a_snapshot_stands_for_the_log_so_far_and_then_it_is_live(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    writer = await hold(store, run_id)
    events = rest_of(simple_story())
    await writer.write(events[:4])
    async with api_server.client() as client, watching(client, run_id, snapshot=1) as viewer:
        assert (await viewer.next()).event == "stream_open"
        shot = await viewer.next()
        assert shot.event == "snapshot"
        assert shot.json["run"]["steps"][0]["text"] == "Once upon "
        await writer.write(events[4:])
        frames = await viewer.rest()
    assert events_of(frames) == lines(await log_of(store, run_id))[5:]


@pytest.mark.parametrize("value", ["", "yes", "2"])
async def test_snapshot_is_0_or_1(client: AsyncClient, store: Store, value: str):
    response = await client.get(f"/api/runs/{await told(store, simple_story())}/events", params={"snapshot": value})

    assert problem(response) == (400, "bad-request")


async def test_the_same_comes_as_lines(client: AsyncClient, store: Store):
    run_id = await told(store, rich_story())

    response = await client.get(f"/api/runs/{run_id}/events", headers={"Accept": "application/x-ndjson"})

    told_lines = [json.loads(line) for line in response.content.splitlines()]
    assert response.headers["content-type"] == "application/x-ndjson"
    assert told_lines[0]["type"] == "stream_open"
    assert told_lines[1:] == lines(await log_of(store, run_id))


@pytest.mark.parametrize(
    ("accept_header", "media_type"),
    [
        ("*/*", "text/event-stream"),
        ("text/*", "text/event-stream"),
        ("application/*", "application/x-ndjson"),
        ("text/event-stream;q=0.5, application/x-ndjson;q=0.9", "application/x-ndjson"),
        ("application/x-ndjson;q=0.1, */*;q=0.5", "text/event-stream"),
    ],
)
async def test_accept_decides_between_the_two(client: AsyncClient, store: Store, accept_header: str, media_type: str):
    response = await client.get(
        f"/api/runs/{await told(store, simple_story())}/events", headers={"Accept": accept_header}
    )

    assert response.headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("accept_header", ["text/html", "application/json", "text/event-stream;q=0"])
async def test_who_accepts_neither_is_told_so(client: AsyncClient, store: Store, accept_header: str):
    response = await client.get(
        f"/api/runs/{await told(store, simple_story())}/events", headers={"Accept": accept_header}
    )

    assert problem(response) == (406, "not-acceptable")


async def test_a_head_request_opens_no_stream(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    async with api_server.client() as client:
        response = await client.head(f"/api/runs/{run_id}/events")

    assert (response.status_code, response.content) == (200, b"")


async def test_closing_a_stream_cancels_nothing_and_frees_its_place(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    await hold(store, run_id)
    hub = api_server.server.lifespan.state["hub"]
    async with api_server.client() as client:
        async with watching(client, run_id) as viewer:
            await viewer.next_event()
            assert hub.watched() == {run_id: 1}
        await until(lambda: not hub.watched())
    assert (await store.runs.view(run_id, "default")).status == "queued"
    assert not (await store.runs.view(run_id, "default")).cancel_requested


async def test_too_many_streams_are_refused(api_server: ApiServer, store: Store):
    api_server.server.lifespan.state["streams"].capacity = 1
    run_id = await accept(store)
    async with api_server.client() as client, watching(client, run_id) as viewer:
        await viewer.next()
        response = await client.get(f"/api/runs/{run_id}/events")
        assert problem(response) == (503, "too-many-streams")
        assert "retry-after" in response.headers


async def test_a_viewer_that_does_not_read_is_dropped(
    api_server: ApiServer, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.watch.SEND_SECONDS", 0.05)
    run_id = await accept(store)
    writer = await hold(store, run_id)
    story = Story().queued().started().start("brief")
    for _ in range(400):
        story.writes("brief", "x" * 50_000)
    await writer.write(rest_of(story))
    hub = api_server.server.lifespan.state["hub"]
    asked = f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    # A reader with a limit stops its connection by itself when nobody takes what came.
    _, stream = await asyncio.open_connection("127.0.0.1", api_server.port, limit=1024)
    stream.write(asked)

    await until(hub.watched)
    await until(lambda: not hub.watched() and not api_server.server.server_state.connections)
    stream.transport.abort()


async def test_when_the_server_stops_a_stream_ends_behind_a_whole_frame(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    async with api_server.client() as client, watching(client, run_id) as viewer:
        await viewer.next_event()
        stopping = asyncio.create_task(api_server.stop())
        assert await viewer.rest() == []
        async with asyncio.timeout(3):
            await stopping


async def test_a_run_of_which_nobody_knows_is_not_there(client: AsyncClient):
    for name in ("01938f3a-7c4e-7d2a-9b1f-3e5a6c7d8e9f", "nonsense", "1"):
        assert problem(await client.get(f"/api/runs/{name}/events")) == (404, "unknown-run")
