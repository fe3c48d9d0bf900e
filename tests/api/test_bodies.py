"""What may come in a body, and what happens to one that is too large, too slow, too deep, or no JSON at all."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import nullcontext

import h11
import pytest
from httpx2 import AsyncClient

from api import body
from api._bodies import LINGER_BYTES
from api._wire import HEADER_LIMIT, Connection, Protocol, Refused
from events.store import Store
from tests.api.conftest import ApiServer, problem
from tests.api.test_starting import START
from tests.api.writing import accept

HEAD = "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{} {}", b"nul", b"NaN", b"'a'", b"\xff\xfe", b'"\\ud800"', b"\xef\xbb\xbf{}", b"1" * 5000],
)
async def test_what_is_no_json_is_refused(client: AsyncClient, content: bytes):
    response = await client.post("/api/runs", content=content, headers={"Content-Type": "application/json"})

    assert problem(response) == (400, "invalid-json")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/json2"])
async def test_only_json_is_taken(client: AsyncClient, content_type: str):
    content = json.dumps(START)

    response = await client.post("/api/runs", content=content, headers={"Content-Type": content_type})

    assert problem(response) == (415, "unsupported-media-type")
    assert response.headers["accept-post"] == "application/json"


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "Application/JSON"])
async def test_json_may_say_that_it_is_in_utf_8(client: AsyncClient, content_type: str):
    content = json.dumps(START)

    response = await client.post("/api/runs", content=content, headers={"Content-Type": content_type})

    assert response.status_code == 202


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
async def test_json_of_ten_thousand_levels_is_refused(client: AsyncClient, opening: bytes):
    response = await client.post("/api/runs", content=opening * 10_000, headers={"Content-Type": "application/json"})

    assert problem(response) == (422, "json-too-deep")


async def test_a_body_just_within_the_limit_is_read(client: AsyncClient):
    content = json.dumps(START).encode()

    response = await client.post(
        "/api/runs", content=content.ljust(256 * 1024), headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 202


async def test_a_body_over_the_limit_is_refused_by_its_declared_length(client: AsyncClient):
    response = await client.post(
        "/api/runs", content=b" " * (256 * 1024 + 1), headers={"Content-Type": "application/json"}
    )

    assert problem(response) == (413, "body-too-large")


async def test_a_body_without_a_length_is_counted_and_not_read_on(client: AsyncClient):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * 1024 * 1024:
            sent += 16 * 1024
            yield b" " * 16 * 1024

    tracemalloc.start()
    try:
        response = await client.post("/api/runs", content=endless(), headers={"Content-Type": "application/json"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert problem(response) == (413, "body-too-large")
    assert sent <= body.MAX_BODY + LINGER_BYTES + 2 * 16 * 1024
    assert peak < 4 * 1024 * 1024


async def test_a_body_that_never_ends_is_given_up(client: AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body, "MAX_SECONDS", 0.02)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = await client.post("/api/runs", content=stuck(), headers={"Content-Type": "application/json"})

    assert problem(response) == (408, "request-timeout")


async def raw(api: ApiServer, *parts: bytes) -> tuple[bytes, bool]:
    """Send these bytes over a connection of its own; what came back until it closed, and whether all could be sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    sent = True
    try:
        async with asyncio.timeout(10):
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            except ConnectionError:
                sent = False
            answer = b""
            try:
                while data := await reader.read(65536):
                    answer += data
            except ConnectionResetError:
                sent = False
            return answer, sent
    finally:
        writer.close()


async def test_over_the_wire_a_body_too_large_is_answered_before_it_has_come(api_server: ApiServer):
    head = f"{HEAD}Content-Length: 1000000000\r\n\r\n"

    answer, _ = await raw(api_server, head.encode(), b" " * 1000)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"/problems/body-too-large" in answer


async def test_over_the_wire_a_chunked_body_is_cut_off_at_the_limit(api_server: ApiServer, store: Store):
    head = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

    answer, sent_all = await raw(api_server, head.encode(), *[chunk] * 4000)

    # Who goes on sending for ever may lose our answer when the connection is reset, never more than that.
    assert answer.startswith(b"HTTP/1.1 413 ") or not sent_all
    assert not sent_all
    assert (await store.runs.page("default")).runs == []


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("size", [300_000, 1_000_000, 5_000_000])
async def test_over_the_wire_who_sends_too_much_always_hears_so(api_server: ApiServer, size: int, chunked: bool):
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 10_000):
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    async with api_server.client() as client:
        for _ in range(5):
            response = await client.post("/api/runs", content=pieces() if chunked else b" " * size, headers=headers)
            assert problem(response) == (413, "body-too-large")
            assert response.headers["connection"] == "close"


async def test_over_the_wire_what_is_refused_for_another_reason_is_not_read_to_its_end(api_server: ApiServer):
    head = "POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"

    answer, sent_all = await raw(api_server, head.encode(), *[b" " * 65536] * 4000)

    assert answer.startswith(b"HTTP/1.1 404 ") or not sent_all
    assert not sent_all


async def test_over_the_wire_a_client_that_waits_to_continue_is_not_made_to_send(api_server: ApiServer):
    head = f"{HEAD}Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n"

    answer, _ = await raw(api_server, head.encode())

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_headers_of_ten_megabytes_are_refused(api_server: ApiServer):
    head = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Long: "

    answer, sent_all = await raw(api_server, head, *[b"a" * 65536] * 160)

    assert answer.startswith(b"HTTP/1.1 431 ") or not sent_all
    assert not sent_all


async def test_headers_just_too_large_are_refused_with_a_problem(api_server: ApiServer):
    answer, _ = await raw(api_server, b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 65536)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer
    assert b"/problems/headers-too-large" in answer


async def test_what_is_not_http_is_refused_with_a_problem(api_server: ApiServer):
    answer, _ = await raw(api_server, b"HELO you\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"/problems/bad-request" in answer


TWICE = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
AGAIN = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_l5_a_body_that_is_framed_in_two_ways_is_refused_and_nothing_behind_it_is_read(api_server: ApiServer):
    answer, _ = await raw(api_server, f"{HEAD}{TWICE}0\r\n\r\n".encode() + AGAIN)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"/problems/bad-request" in answer and b"Send one of them" in answer


async def test_l5_a_transfer_encoding_of_http_1_0_is_refused(api_server: ApiServer):
    head = HEAD.replace("HTTP/1.1", "HTTP/1.0")

    answer, _ = await raw(api_server, f"{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.0 has no Transfer-Encoding" in answer


async def test_l5_a_request_behind_another_one_is_checked_as_well(api_server: ApiServer):
    answer, _ = await raw(api_server, AGAIN + f"{HEAD}{TWICE}0\r\n\r\n".encode() + AGAIN)

    statuses = [part[:4] for part in answer.split(b"HTTP/1.1")[1:]]
    assert statuses == [b" 200", b" 400"]


def test_l5_headers_that_are_too_large_are_refused_though_they_come_in_one_read():
    largest = HEADER_LIMIT - len("/ab: localhostX-Long: ") - 2 * 2 - 2
    for size, refused in ((largest, False), (largest + 10, True)):
        conn = Connection(h11.SERVER, HEADER_LIMIT)
        conn.receive_data(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * size + b"\r\n\r\n")
        with pytest.raises(Refused) if refused else nullcontext() as error:
            conn.next_event()
        assert error is None or error.value.kind == "headers-too-large"


async def test_l5_what_is_refused_while_it_is_being_answered_is_cut_off(api_server: ApiServer, store: Store):
    run_id = await accept(store)
    reader, writer = await asyncio.open_connection("127.0.0.1", api_server.port)
    writer.write(f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readuntil(b"stream_open")
    [connection] = api_server.server.server_state.connections
    assert isinstance(connection, Protocol)

    connection.refuse("bad-request", "Its body broke off.")

    async with asyncio.timeout(10):
        rest = await reader.read()
    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n"), "a stream that is cut off does not look whole"
    writer.close()


async def test_who_leaves_in_the_middle_of_a_body_leaves_nothing_behind(api_server: ApiServer, store: Store):
    _, writer = await asyncio.open_connection("127.0.0.1", api_server.port)
    writer.write(f"{HEAD}Content-Length: 1000\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()

    async with api_server.client() as client:
        assert (await client.get("/api/health")).status_code == 200
    assert (await store.runs.page("default")).runs == []
