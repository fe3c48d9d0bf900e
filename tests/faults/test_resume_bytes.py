"""A stream that is cut after any of its bytes: whoever comes back with what it has sees the log, once and in order."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from events.store import Store, open_store
from tests.api.conftest import running, settings_with
from tests.api.test_starting import BRIEF
from tests.api.test_watching import Viewer, lines, watching
from tests.api.writing import accept, hold, log_of, rest_of, told
from tests.faults.cut import NDJSON, Answer, Asgi, Lines, Sse, asgi
from tests.histories import Story, failed_story, rich_story, simple_story
from tests.sse_parser import parse

SEED = 4711
Client = Sse | Lines
Request = tuple[dict[str, str], dict[str, Any]]
"""Headers and query."""


def by_header(client: Sse) -> Request:
    return client.headers, {}


def by_parameter(client: Sse) -> Request:
    return {}, {"after": client.last_id} if client.last_id else {}


def from_a_place(client: Sse) -> Request:
    """As an `EventSource` does whose address has a cursor: it repeats the address, and adds where it is by now."""
    return client.headers, {"after": 3}


def in_lines(client: Lines) -> Request:
    return NDJSON, {"after": client.after} if client.after else {}


def with_a_snapshot(client: Sse) -> Request:
    shots = client.controls("snapshot")
    if client.last_id or not shots:
        return client.headers, {"snapshot": 1}
    return {}, {"after": shots[0]["tail_seq"]}


@dataclass(frozen=True)
class Way:
    """How a client asks, the first time and every other."""

    request: Callable[[Any], Request]
    client: type[Client] = Sse


WAYS = {
    "header": Way(by_header),
    "parameter": Way(by_parameter),
    "both": Way(from_a_place),
    "lines": Way(in_lines, Lines),
    "snapshot": Way(with_a_snapshot),
}


@dataclass
class Watched:
    """A run, and how it is watched. Where its log stands still, the same question need not be asked twice."""

    ask: Asgi
    way: Way
    path: str
    again: bool = True
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])

    async def get(self, client: Client) -> Answer:
        headers, query = self.way.request(client)
        asked = json.dumps([headers, query])
        if self.again or asked not in self.answers:
            self.answers[asked] = await self.ask.get(self.path, headers, **query)
        return self.answers[asked]

    async def see_through(self, client: Client) -> Client:
        """What a client has in the end that was cut off."""
        answer = await self.get(client)
        if answer.status == 200:
            client.take(answer.body)
            answer = await self.get(client)
        assert (answer.status, answer.body) == (204, b""), "the end is said, and said again"
        return client


def check(client: Client, log: list[Any], way: Way) -> None:
    first = 3 if way.request is from_a_place else 0
    if isinstance(client, Sse) and way.request is with_a_snapshot:
        first = client.controls("snapshot")[0]["tail_seq"]
    assert client.log == log[first:]


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """In memory, or on PostgreSQL, where the log of an ended run is packed a while later."""
    async with open_store(store_url) as store:
        yield store


async def packed(store: Store) -> None:
    swept = await store.retention.sweep(compact_after=0, keep_days=None, pause=0)
    assert swept is not None


async def cut_after_every_byte(store: Store, way: Way, story: Story, *, again: bool) -> int:
    """Gives the number of cuts."""
    run_id = await told(store, story)
    await packed(store)
    log = lines(await log_of(store, run_id))
    async with asgi(store) as ask:
        watched = Watched(ask, way, f"/api/runs/{run_id}/events", again)
        recorded = (await watched.get(way.client())).body
        for client in way.client.at_every_byte(recorded):
            check(await watched.see_through(client), log, way)
    return len(recorded) + 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_finished_run_s_stream_may_be_cut_after_every_byte(store: Store, way: str):
    assert await cut_after_every_byte(store, WAYS[way], rich_story(), again=False) > 1000


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", WAYS)
async def test_a_finished_run_s_stream_may_be_cut_after_every_byte_with_each_question_asked(store: Store, way: str):
    assert await cut_after_every_byte(store, WAYS[way], rich_story(), again=True) > 1000


@pytest.mark.parametrize("way", WAYS)
async def test_the_stream_of_a_run_that_goes_on_may_be_cut_after_every_byte(store: Store, way: str):
    """It was cut while the run went on, and is taken up when it has ended."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    events = rest_of(rich_story())
    # One by one: what waits together may be merged.
    for event in events[:25]:
        await writer.write_one(event)
    tail = len(await log_of(store, run_id))
    async with asgi(store) as ask:
        watched = Watched(ask, WAYS[way], f"/api/runs/{run_id}/events", again=False)
        headers, query = watched.way.request(watched.way.client())

        def enough(body: bytes) -> bool:
            last = b'"tail_seq":%d,"run"' % tail if "snapshot" in query else b'"seq":%d,' % tail
            return last in body and body.endswith(b"\n")

        recorded = (await ask.get(watched.path, headers, enough=enough, **query)).body
        for event in events[25:]:
            await writer.write_one(event)
        log = lines(await log_of(store, run_id))
        for client in watched.way.client.at_every_byte(recorded):
            check(await watched.see_through(client), log, watched.way)


@pytest.mark.parametrize("way", WAYS)
async def test_a_stream_may_be_cut_again_and_again(store: Store, way: str):
    run_id = await told(store, rich_story())
    await packed(store)
    log = lines(await log_of(store, run_id))
    draw = random.Random(SEED)
    async with asgi(store) as ask:
        watched = Watched(ask, WAYS[way], f"/api/runs/{run_id}/events", again=False)
        for _ in range(20):
            client = watched.way.client()
            while (answer := await watched.get(client)).status == 200:
                client.take(answer.body[: draw.randint(1, 4000)])
            check(client, log, watched.way)


async def test_the_small_dialect_may_be_cut_after_every_byte(store: Store):
    """Its clients repeat their POST with the key of the first one."""
    key, path = {"idempotency-key": "k"}, "/api/vision-framework-v2/generate-stream"
    body = {"content-type": "application/json"}
    async with asgi(store) as ask:
        post = partial(ask.ask, "POST", path, content=json.dumps(BRIEF).encode())
        await post(key | body, enough=lambda body: b"Queued" in body)
        run_id = await store.runs.find("default", "k")
        assert run_id is not None
        await (await hold(store, run_id)).write(rest_of(failed_story()))
        recorded = (await post(key | body)).body
        whole = [frame.json for frame in parse(recorded)]
        answers: dict[str, Answer] = {}
        for client in Sse.at_every_byte(recorded):
            if client.last_id not in answers:
                answers[client.last_id] = await post(key | body | client.headers)
            client.take(answers[client.last_id].body)
            assert client.log == whole


# --- all runs -------------------------------------------------------------------------------------------------------


async def the_feed(ask: Asgi, client: Sse, newest: int) -> Answer:
    """As far as it goes now: it has no end."""

    def enough(body: bytes) -> bool:
        return b"id: %d\n" % newest in body and body.endswith(b"\n\n")

    def opened(body: bytes) -> bool:
        return b"stream_open" in body

    said = opened if client.last_id == str(newest) else enough
    return await ask.get("/api/runs/events", client.headers, enough=said, after=0)


async def test_the_stream_of_all_runs_may_be_cut_after_every_byte(store: Store):
    for story in (simple_story(), failed_story(), rich_story()):
        await told(store, story)
    async with asgi(store) as ask:
        listed = json.loads((await ask.get("/api/runs")).body)
        recorded = (await the_feed(ask, Sse(), listed["cursor"])).body
        changes = [frame.json for frame in parse(recorded) if frame.event == "message"]
        answers: dict[str, Answer] = {}
        for client in Sse.at_every_byte(recorded):
            if client.last_id not in answers:
                answers[client.last_id] = await the_feed(ask, client, listed["cursor"])
            client.take(answers[client.last_id].body)
            assert client.log == changes
    assert sorted([change["run"] for change in changes], key=lambda run: run["run_id"], reverse=True) == listed["runs"]


async def test_a_viewer_of_all_runs_who_is_cut_off_while_they_change_knows_them_as_they_are_in_the_end(store: Store):
    draw = random.Random(SEED)
    async with asgi(store) as ask:
        client, newest = Sse(), 0
        for _ in range(15):
            run_id = await accept(store)
            await (await hold(store, run_id)).write(rest_of(draw.choice([simple_story, failed_story])()))
            newest = json.loads((await ask.get("/api/runs")).body)["cursor"]
            answer = await the_feed(ask, client, newest)
            client.take(answer.body[: draw.randint(0, len(answer.body))])
        client.take((await the_feed(ask, client, newest)).body)
        listed = json.loads((await ask.get("/api/runs")).body)["runs"]
    cursors = [change["cursor"] for change in client.log]
    assert cursors == sorted(set(cursors)), f"seed {SEED}"
    known = {change["run"]["run_id"]: change["run"] for change in client.log}
    assert list(known.values()) == listed[::-1]


# --- over a wire ----------------------------------------------------------------------------------------------------


async def cut_over_a_wire(store: Store, run_id: UUID, cuts: list[int]) -> None:
    log = lines(await log_of(store, run_id))
    async with running(settings_with(), store) as api, api.client() as client:
        for cut in cuts:
            viewer, taken = Sse(), b""
            async with client.stream("GET", f"/api/runs/{run_id}/events") as response:
                async for piece in response.aiter_raw(chunk_size=1):
                    taken += piece
                    if len(taken) >= cut:
                        break
            viewer.take(taken)
            viewer.take((await client.get(f"/api/runs/{run_id}/events", headers=viewer.headers)).content)
            assert viewer.log == log, f"cut after {cut} bytes"


async def test_over_a_wire_it_is_the_same(store: Store):
    run_id = await told(store, rich_story())

    await cut_over_a_wire(store, run_id, random.Random(SEED).sample(range(1, 8000), 20))


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_over_a_wire_it_is_the_same_for_a_thousand_cuts(store: Store):
    run_id = await told(store, rich_story())

    await cut_over_a_wire(store, run_id, random.Random(SEED).sample(range(1, 8000), 1000))


async def test_viewers_who_come_at_every_event_outlive_every_api(store: Store):
    """Behind each event another viewer comes, and then the API ends and another one begins at the same address."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    viewers: list[Sse] = []
    port = 0
    for event in [*rest_of(simple_story()), None]:
        async with running(settings_with(), store, port) as api, api.client() as client:
            port = api.port
            viewers.append(Sse())
            tail = len(await log_of(store, run_id))
            await asyncio.gather(*(until_now(client, run_id, viewer, tail) for viewer in viewers))
        if event is not None:
            await writer.write_one(event)
    log = lines(await log_of(store, run_id))
    assert all(viewer.log == log for viewer in viewers)
    assert len(viewers) == len(log)


async def test_a_viewer_of_all_runs_outlives_every_api(store: Store):
    """Runs come and change while nobody answers; whoever comes back with its cursor knows of each."""
    viewer, port, listed = Sse(), 0, {"cursor": 0, "runs": list[Any]()}
    for story in (simple_story(), failed_story(), rich_story(), None):
        async with running(settings_with(), store, port) as api, api.client() as client:
            port = api.port
            listed = (await client.get("/api/runs")).json()
            async with client.stream(
                "GET", "/api/runs/events", headers=viewer.headers, params={"after": 0}
            ) as response:
                stream = Viewer(response)
                while int(viewer.last_id or 0) < listed["cursor"]:
                    frame = await stream.next()
                    viewer.seen.append(frame)
                    viewer.last_id = frame.own_id or viewer.last_id
        if story is not None:
            await told(store, story)
    known = {change["run"]["run_id"]: change["run"] for change in viewer.log}
    assert list(known.values()) == listed["runs"][::-1]
    assert len(viewer.log) == len(known) == 3


async def until_now(client: Any, run_id: UUID, viewer: Sse, tail: int) -> None:
    """Goes on where it was, and leaves with the last event that there is."""
    async with watching(client, run_id, int(viewer.last_id) if viewer.last_id else None) as stream:
        while int(viewer.last_id or 0) < tail:
            frame = await stream.next()
            viewer.seen.append(frame)
            viewer.last_id = frame.own_id or viewer.last_id
