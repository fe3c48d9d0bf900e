"""Connections without a request: how they end, and that nobody who asks for something is among them."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from api._idle import SECONDS, Idle
from api._wire import Protocol
from api.serve import SPARE_FILES, config, make_room_for_streams
from api.streams import MOST_STREAMS
from events.store import Store
from observe.meters import Reading
from tests.api.conftest import ApiServer, running, serving, settings_with, until
from tests.api.test_starting import START
from tests.api.test_watching import watching
from tests.api.writing import accept
from tests.observe.test_meters import figures

HEALTH = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
REFUSED = b"POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
BIG = b"." * 16 * 1024 * 1024


@dataclass(eq=False)
class Client:
    """What a connection knows of it."""

    takes: bool = False
    gone: bool = False

    def has_time(self) -> bool:
        return self.takes

    def give_up(self) -> None:
        self.gone = True


def waiting(idle: Idle, *clients: Client) -> float:
    """They are connected now."""
    for client in clients:
        idle.opened(client)
    return asyncio.get_running_loop().time()


async def test_m2_a_client_that_sends_no_request_has_ten_seconds():
    reading = Reading()
    idle, silent, asks = Idle(reading), Client(), Client()
    now = waiting(idle, silent, asks)
    idle.look(now + SECONDS - 1)
    assert not silent.gone
    idle.discard(asks)

    idle.look(now + SECONDS)

    assert (silent.gone, asks.gone, idle.total) == (True, False, 0)
    assert figures(reading)["stepglass_connections_dropped_total['late']"] == 1
    assert figures(reading)["stepglass_connections_idle[]"] == 0


async def test_m2_a_client_that_says_a_little_now_and_then_has_no_more_than_that():
    idle, slow = Idle(), Client()
    now = waiting(idle, slow)
    idle.add(slow)

    idle.look(now + SECONDS)

    assert slow.gone


async def test_m2_of_too_many_those_go_that_have_been_silent_for_longest():
    reading = Reading()
    idle, clients = Idle(reading, most=3), [Client() for _ in range(5)]

    waiting(idle, *clients)

    assert [client.gone for client in clients] == [True, True, False, False, False]
    assert figures(reading)["stepglass_connections_dropped_total['crowded']"] == 2
    assert figures(reading)["stepglass_connections[]"] == 3


async def test_m2_of_too_many_nobody_goes_who_has_asked():
    idle, ask, silent, new = Idle(most=3), [Client(), Client()], Client(), Client()
    waiting(idle, *ask, silent)
    for client in ask:
        idle.discard(client)

    waiting(idle, new)

    assert [client.gone for client in (*ask, silent, new)] == [False, False, True, False]


async def test_m2_where_all_have_asked_there_is_no_room_for_another_one():
    idle, asks, new = Idle(most=1), Client(), Client()
    waiting(idle, asks)
    idle.discard(asks)

    waiting(idle, new)

    assert (asks.gone, new.gone) == (False, True)


async def test_m2_a_client_that_still_takes_its_answer_has_as_long_again():
    idle, slow = Idle(), Client(takes=True)
    now = waiting(idle, slow)

    idle.look(now + SECONDS)
    assert not slow.gone
    slow.takes = False
    idle.look(now + SECONDS + 1)
    assert not slow.gone
    idle.look(now + 2 * SECONDS)

    assert slow.gone


def test_m2_there_are_files_for_them_beside_the_streams(monkeypatch: pytest.MonkeyPatch):
    wanted: list[int] = []

    def usual(kind: int) -> tuple[int, int]:
        return 1024, 1_000_000

    def raised(kind: int, limits: tuple[int, int]) -> None:
        wanted.append(limits[0])

    monkeypatch.setattr("resource.getrlimit", usual)
    monkeypatch.setattr("resource.setrlimit", raised)

    make_room_for_streams()

    assert wanted == [MOST_STREAMS + 1000 + SPARE_FILES]


# --- over the wire ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def hasty(store: Store) -> AsyncIterator[ApiServer]:
    """A server for which a moment is long."""
    async with running(settings_with(), store, idle=Idle(seconds=0.05, every=0.01)) as api:
        yield api


async def rest_after(api: ApiServer, *parts: bytes) -> bytes:
    """What comes until the server closes the connection, each part sent when all before it was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    *asked, last = parts
    try:
        async with asyncio.timeout(10):
            for part in asked:
                writer.write(part)
                await reader.readuntil(b"}")
            writer.write(last)
            return await reader.read()
    finally:
        writer.close()


async def test_m2_a_connection_that_says_nothing_is_closed(hasty: ApiServer):
    assert await rest_after(hasty, b"") == b""
    await until(lambda: not hasty.server.server_state.connections)


@pytest.mark.parametrize("before", [[], [HEALTH]])
async def test_m2_half_a_head_is_answered_with_a_problem(hasty: ApiServer, before: list[bytes]):
    answer = await rest_after(hasty, *before, HEALTH[:30])

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/request-timeout" in answer


async def test_m2_a_body_that_nobody_waits_for_keeps_no_connection(hasty: ApiServer):
    assert await rest_after(hasty, REFUSED, b"x") == b""


async def test_m2_who_watches_is_not_idle(hasty: ApiServer, store: Store):
    run_id, idle = await accept(store), hasty.server.lifespan.state["idle"]
    async with hasty.client() as client, watching(client, run_id) as viewer:
        await viewer.next_event()
        _, silent = await asyncio.open_connection("127.0.0.1", hasty.port)
        await until(lambda: idle.total == 1)
        # The silent one comes later and goes sooner.
        await until(lambda: len(hasty.server.server_state.connections) == 1)
        assert not idle.total
        silent.close()


async def half_a_body(api: ApiServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A start of which five bytes have not come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    body = json.dumps(START).encode()
    head = "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-5])
    await until(lambda: api.server.server_state.tasks)
    return reader, writer


async def test_m2_a_body_may_take_longer_than_a_head(hasty: ApiServer):
    reader, writer = await half_a_body(hasty)
    assert await rest_after(hasty, b"") == b""

    writer.write(json.dumps(START).encode()[-5:])

    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 202 ")
    writer.close()


async def test_m2_a_body_that_does_not_come_gives_way_where_there_are_too_many(store: Store):
    run_id, reading = await accept(store), Reading()
    async with running(settings_with(), store, idle=Idle(reading, most=2)) as api, api.client() as client:
        async with watching(client, run_id) as viewer:
            await viewer.next_event()
            reader, writer = await half_a_body(api)
            async with api.client() as other:
                assert (await other.get("/api/health")).status_code == 200
            assert await reader.read() == b""
            writer.close()
    assert figures(reading)["stepglass_connections_dropped_total['crowded']"] == 1


def crowded(idle: Idle) -> Starlette:
    """An application with answers that are larger than what a connection holds on its way."""

    async def whole(request: Request) -> Response:
        return Response(BIG)

    async def in_pieces(request: Request) -> Response:
        async def pieces() -> AsyncGenerator[bytes]:
            for _ in range(16):
                yield BIG[: 1024 * 1024]

        return StreamingResponse(pieces())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[dict[str, Any]]:
        yield {"idle": idle}

    return Starlette(routes=[Route("/whole", whole), Route("/in-pieces", in_pieces)], lifespan=lifespan)


@pytest.mark.parametrize("path", ["/whole", "/in-pieces"])
async def test_m2_an_answer_that_nobody_takes_keeps_no_connection(path: str):
    reading = Reading()
    app = crowded(Idle(reading, seconds=0.05, unread=0.05, every=0.01))
    async with serving(config(settings_with(), app)) as api:
        # A reader with a limit takes no more when nobody takes from it.
        _, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1024)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

        await until(lambda: figures(reading).get("stepglass_connections_dropped_total['unread']"))
        await until(lambda: not api.server.server_state.connections)

        writer.transport.abort()


class Pipe(asyncio.Transport):
    """To a client that has so much left to take, each time that somebody looks."""

    def __init__(self, *left: int) -> None:
        super().__init__()
        self.left = list(left)
        self.aborted = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return self.left.pop(0)

    def abort(self) -> None:
        self.aborted.set()


def to(pipe: Pipe, idle: Idle) -> Protocol:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    protocol = Protocol(config=uvicorn.Config(nothing), server_state=ServerState(), app_state={"idle": idle})
    protocol.connection_made(pipe)
    return protocol


async def test_m2_a_write_waits_for_a_client_as_long_as_it_takes_some_of_it():
    pipe = Pipe(900, 800, 700, 700)

    to(pipe, Idle(unread=0.01)).pause_writing()

    async with asyncio.timeout(10):
        await pipe.aborted.wait()
    assert pipe.left == []


async def test_m2_a_write_that_the_client_has_taken_is_looked_after_no_longer():
    pipe = Pipe(900, 900)
    protocol = to(pipe, Idle(unread=0.0))
    protocol.pause_writing()

    protocol.resume_writing()

    # Behind what was due by now.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not pipe.aborted.is_set()


async def test_m2_the_end_of_an_answer_is_waited_for_as_long_as_some_of_it_is_taken():
    protocol = to(Pipe(60, 50, 50), Idle())

    assert [protocol.has_time() for _ in range(3)] == [True, True, False]


async def test_m2_half_a_head_behind_an_answer_that_nobody_takes_is_not_answered():
    pipe = Pipe(60)
    protocol = to(pipe, Idle())
    protocol.data_received(HEALTH[:30])

    protocol.give_up()

    # A pipe that anything is written into raises.
    assert pipe.aborted.is_set()
