"""Places: what one tenant may keep open, streams and waits alike, and what is left for the others."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.streams import NoPlace, Streams
from events.errors import StoreUnavailable
from events.store import Store
from tests.api.batching import waiting
from tests.api.conftest import ApiServer, problem, running, settings_with, until
from tests.api.test_generate_stream import URL as STREAM
from tests.api.test_starting import BRIEF, START
from tests.api.writing import accept, hold, rest_of, started_with, told
from tests.histories import simple_story

WAIT = {"Prefer": "wait=30", "Idempotency-Key": "k"}
ACME, BETA = ({"Authorization": f"Bearer the-token-of-{tenant}"} for tenant in ("acme", "beta"))


@pytest.fixture
async def shared(store: Store) -> AsyncIterator[ApiServer]:
    """Two tenants, of which each may have two streams."""
    settings = settings_with(streams=2, api_tokens="acme:the-token-of-acme,beta:the-token-of-beta")
    async with running(settings, store) as api:
        yield api


def streams_of(api: ApiServer) -> Streams:
    return api.server.lifespan.state["streams"]


async def test_m1_waits_count_against_the_limit_of_streams(shared: ApiServer, store: Store):
    streams = streams_of(shared)
    theirs = await accept(store, tenant="beta")
    async with shared.client() as client:
        waits = [asyncio.create_task(client.post("/api/runs", json=START, headers=WAIT | ACME)) for _ in range(12)]
        await until(lambda: sum(wait.done() for wait in waits) == 10)
        assert streams.open == {"acme": 2}
        assert problem(await client.get("/api/runs/events", headers=ACME)) == (429, "too-many-viewers")
        async with client.stream("GET", f"/api/runs/{theirs}/events", headers=BETA) as other:
            assert other.status_code == 200

        run_id = await store.runs.find("acme", "k")
        assert run_id is not None
        await (await hold(store, run_id)).write(rest_of(simple_story()))
        answers = [await wait for wait in waits]

    # A start without a place is answered as if it had not asked to wait.
    told_at_once = [answer for answer in answers if answer.status_code == 202]
    assert len(told_at_once) == 10
    assert not any("preference-applied" in answer.headers for answer in told_at_once)
    assert {answer.json()["run_id"] for answer in answers} == {str(run_id)}
    assert [answer.json()["status"] for answer in answers if answer.status_code == 200] == ["complete"] * 2
    assert not streams.total


async def test_m1_a_run_that_has_ended_is_shown_without_a_place(store: Store):
    async with running(settings_with(streams=1), store) as api, api.client() as client:
        first = await client.post("/api/runs", json=START, headers={"Idempotency-Key": "k"})
        await (await hold(store, await started_with(store, "k"))).write(rest_of(simple_story()))
        streams_of(api).capacity = 0

        again = await client.post("/api/runs", json=START, headers=WAIT)

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["preference-applied"] == "wait=30"


async def test_m1_a_wait_whose_client_leaves_frees_its_place(shared: ApiServer):
    streams, body = streams_of(shared), json.dumps(START)
    head = f"POST /api/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: {ACME['Authorization']}\r\n"
    head += f"Prefer: wait=60\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", shared.port)
    writer.write((head + body).encode())
    await until(lambda: streams.total)

    writer.close()

    await until(lambda: not streams.total)


async def test_m1_who_starts_and_watches_has_its_place_before_the_run_is_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    starting, go = asyncio.Event(), asyncio.Event()
    accept_run = store.runs.accept

    async def slowly(*given: Any, **more: Any) -> Any:
        starting.set()
        await go.wait()
        return await accept_run(*given, **more)

    monkeypatch.setattr(store.runs, "accept", slowly)
    async with running(settings_with(streams=1), store) as api, api.client() as client:
        first = asyncio.create_task(client.post(STREAM, json=BRIEF, headers={"Idempotency-Key": "k"}))
        await starting.wait()
        second = await client.post(STREAM, json=BRIEF)
        go.set()
        await (await hold(store, await started_with(store, "k"))).write(rest_of(simple_story()))
        assert (await first).status_code == 200
        assert not streams_of(api).total

    assert problem(second) == (429, "too-many-viewers")
    assert len((await store.runs.page("default")).runs) == 1


async def test_m1_a_start_that_fails_leaves_its_place(store: Store, monkeypatch: pytest.MonkeyPatch):
    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(store.runs, "accept", away)
    async with running(settings_with(streams=1), store) as api, api.client() as client:
        for _ in range(3):
            assert problem(await client.post(STREAM, json=BRIEF)) == (503, "unavailable")
        assert not streams_of(api).total


async def test_m1_whatever_goes_on_while_it_is_read_is_counted(store: Store):
    batch, run_id = await waiting(store), await told(store, simple_story())
    asked = [f"/api/batches/{batch}/results", f"/api/runs/{run_id}/events", "/api/runs/events"]
    async with running(settings_with(), store) as api, api.client() as client:
        streams_of(api).capacity = 0
        answers = [await client.get(path) for path in asked] + [await client.post(STREAM, json=BRIEF)]

    assert [problem(answer) for answer in answers] == [(503, "too-many-streams")] * 4


# --- shares -----------------------------------------------------------------------------------------------------------


def filled(streams: Streams, *tenants: str) -> None:
    """They take places in turn until none of them gets another one."""
    while tenants:
        left: list[str] = []
        for tenant in tenants:
            try:
                streams.place(tenant)
                left.append(tenant)
            except NoPlace:
                pass
        tenants = tuple(left)


def test_m1_two_tenants_may_both_have_what_the_settings_say():
    streams = Streams(most=2000, shared=True)
    filled(streams, "acme", "beta")
    assert streams.open == {"acme": 2000, "beta": 2000}


@pytest.mark.parametrize("most", [2000, 1_000_000])
@pytest.mark.parametrize("many", [3, 20])
def test_m1_tenants_that_take_all_they_get_leave_room_for_one_with_few(most: int, many: int):
    streams = Streams(most=most, shared=True)
    filled(streams, *(f"tenant-{each}" for each in range(many)))
    for _ in range(50):
        streams.place("other")


def test_m1_nor_do_three_that_come_one_after_another_fill_the_process():
    streams = Streams(most=2000, shared=True)
    for tenant in ("acme", "beta", "gamma"):
        filled(streams, tenant)
    assert streams.capacity - streams.total > 300
    streams.place("other")


def test_m1_a_tenant_past_its_share_is_told_so_and_the_last_places_are_for_others():
    streams = Streams(most=1_000_000, capacity=30, shared=True)
    filled(streams, "acme")
    assert streams.open == {"acme": 20}
    with pytest.raises(NoPlace, match="20 open at this server. Its last places") as refused:
        streams.place("acme")
    assert refused.value.kind == "too-many-viewers"
    streams.place("beta")


def test_m1_where_there_is_one_tenant_it_may_have_them_all():
    streams = Streams(most=1_000_000, capacity=30)
    filled(streams, "default")
    assert streams.open == {"default": 30}
    with pytest.raises(NoPlace) as refused:
        streams.place("default")
    assert refused.value.kind == "too-many-streams"


@pytest.mark.parametrize(
    ("tokens", "shared"),
    [
        ({}, False),
        ("acme:the-token-of-acme|new-token-of-acme", False),
        ("acme:the-token-of-acme,beta:the-token-of-beta", True),
    ],
)
async def test_m1_the_process_is_shared_where_the_settings_name_several_tenants(
    store: Store, tokens: str | dict[str, str], shared: bool
):
    async with running(settings_with(api_tokens=tokens), store) as api:
        assert streams_of(api).shared == shared


def test_m1_a_place_is_free_again_once_it_is_left():
    streams = Streams(most=1)
    for _ in range(3):
        with streams.place("acme"):
            assert streams.open == {"acme": 1}
            with pytest.raises(NoPlace):
                streams.place("acme")
    assert not streams.open
    assert not streams.total
