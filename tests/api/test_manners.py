"""How every answer looks, whatever it is about: problems, headers, names of requests, pages of other origins."""

import json
import logging
from io import StringIO
from typing import Any

import pytest
from httpx2 import AsyncClient

import logs
from api.app import create_app
from api.problems import KINDS
from events.store import Store
from tests.api.conftest import ApiServer, in_process, problem, settings_with
from tests.api.test_starting import START
from tests.api.writing import told
from tests.histories import simple_story


@pytest.fixture
def told_to_the_log() -> Any:
    """The log of this test, as objects."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    logs.configure("INFO", json=True, secrets=["s3cret-token"], stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_an_address_that_does_not_exist_is_a_problem(client: AsyncClient):
    assert problem(await client.get("/api/nothing")) == (404, "not-found")
    assert problem(await client.get("/api/runs/")) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/runs/x", "GET, HEAD"),
        ("PUT", "/api/health", "GET, HEAD"),
        ("GET", "/api/runs/x/cancel", "POST"),
    ],
)
async def test_a_method_that_an_address_does_not_take_is_a_problem(
    client: AsyncClient, method: str, path: str, allowed: str
):
    response = await client.request(method, path)

    assert problem(response) == (405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == set(allowed.split(", "))


async def test_one_address_may_take_two_methods(client: AsyncClient):
    response = await client.delete("/api/runs")

    assert problem(response) == (405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/nothing", "/docs", "/openapi.json", "/api/runs", "/problems/not-found"]
)
async def test_every_answer_tells_browsers_to_be_careful(client: AsyncClient, path: str):
    headers = (await client.get(path)).headers

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_a_stream_has_the_same_headers(client: AsyncClient, store: Store):
    headers = (await client.get(f"/api/runs/{await told(store, simple_story())}/events")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert len(headers["x-request-id"]) == 32


async def test_a_request_keeps_the_name_that_it_comes_with(client: AsyncClient):
    assert (await client.get("/api/health", headers={"X-Request-ID": "abc-1.2:3"})).headers[
        "x-request-id"
    ] == "abc-1.2:3"
    assert (await client.get("/api/nothing", headers={"X-Request-ID": "n"})).headers["x-request-id"] == "n"


@pytest.mark.parametrize("name", ["", "a b", "x" * 129, 'a"b', "ä", "a\tb"])
async def test_a_name_that_would_do_harm_is_replaced(client: AsyncClient, name: str):
    response = await client.get("/api/health", headers={b"X-Request-ID": name.encode()})

    assert response.headers["x-request-id"] != name
    assert len(response.headers["x-request-id"]) == 32


async def test_one_line_in_the_log_tells_of_a_request_by_its_route_and_without_its_query(
    client: AsyncClient, store: Store, told_to_the_log: Any
):
    run_id = await told(store, simple_story())

    await client.get(f"/api/runs/{run_id}/events?after=3&token=abcdef", headers={"X-Request-ID": "r1"})

    [line] = [line for line in told_to_the_log() if line["event"] == "request"]
    assert line["route"] == "/api/runs/{run_id}/events"
    assert (line["method"], line["status"], line["tenant"], line["request_id"]) == ("GET", 200, "default", "r1")
    assert line["duration_ms"] >= 0
    assert "abcdef" not in json.dumps(line)


async def test_what_nobody_expected_is_told_to_the_log_and_only_named_to_the_client(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch, told_to_the_log: Any
):
    async def broken(*args: Any, **more: Any) -> Any:
        raise RuntimeError("secret internals with s3cret-token")

    monkeypatch.setattr(store.runs, "page", broken)

    response = await client.get("/api/runs", headers={"X-Request-ID": "r2"})

    assert problem(response) == (500, "internal-error")
    assert response.json()["request_id"] == response.headers["x-request-id"] == "r2"
    assert "internals" not in response.text
    [line] = [line for line in told_to_the_log() if line["event"] == "unexpected error"]
    assert line["request_id"] == "r2"
    assert "RuntimeError: secret internals with [redacted]" in line["exception"]


async def test_a_mistake_of_ours_in_the_store_is_ours_too(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    from events.errors import Fenced

    async def fenced(*args: Any, **more: Any) -> Any:
        raise Fenced("epoch 3 of host:123")

    monkeypatch.setattr(store.runs, "page", fenced)

    response = await client.get("/api/runs")

    assert problem(response) == (500, "internal-error")
    assert "epoch" not in response.text


async def test_no_other_page_may_read_or_change_anything_unless_the_settings_say_so(client: AsyncClient):
    evil = {"Origin": "https://evil.example"}

    read = await client.get("/api/runs", headers=evil)
    preflight = await client.options("/api/runs", headers={**evil, "Access-Control-Request-Method": "POST"})

    assert "access-control-allow-origin" not in read.headers
    assert preflight.status_code == 405
    for origin in (
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://evil.example/localhost",
        "",
    ):
        response = await client.post("/api/runs", json=START, headers={"Origin": origin})
        assert problem(response) == (403, "forbidden-origin")


async def test_our_own_page_may_change_things(client: AsyncClient):
    response = await client.post("/api/runs", json=START, headers={"Origin": "http://localhost"})

    assert response.status_code == 202


async def test_a_page_of_an_allowed_origin_may_ask_with_a_token_and_read_our_headers(store: Store):
    settings = settings_with(cors_origins="https://app.example", api_tokens="acme:the-token-of-acme")
    page = {"Origin": "https://app.example"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    async with in_process(create_app(settings, store)) as client:
        preflight = await client.options("/api/runs", headers={**page, **asks})
        refused = await client.post("/api/runs", json=START, headers=page)
        started = await client.post(
            "/api/runs", json=START, headers={**page, "Authorization": "Bearer the-token-of-acme"}
        )
        other = await client.options("/api/runs", headers={**asks, "Origin": "https://evil.example"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    assert (refused.status_code, started.status_code) == (401, 202)
    for response in (refused, started):
        assert response.headers["access-control-allow-origin"] == "https://app.example"
        assert "X-Run-ID" in response.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers


async def test_every_kind_of_problem_is_explained_at_its_address(client: AsyncClient):
    for kind in KINDS.values():
        page = await client.get(kind.uri)
        assert page.status_code == 200
        assert kind.title.replace("'", "&#x27;") in page.text
    assert problem(await client.get("/problems/none")) == (404, "not-found")


async def test_over_the_wire_the_server_does_not_say_what_it_is_made_of(api_server: ApiServer):
    async with api_server.client() as client:
        response = await client.get("/api/health")

    assert "server" not in response.headers
    assert response.headers["content-type"] == "application/json"
