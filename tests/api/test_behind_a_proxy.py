"""The nginx of docs/examples: streams come through at once, names and origins still count, and no token is logged."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.store import Store
from scripts.programs import program
from tests.api.callers import ACME, TOKENS
from tests.api.conftest import in_process, problem, running, settings_with, until
from tests.api.test_starting import START
from tests.api.writing import accept, hold, rest_of
from tests.e2e.stack import free_port
from tests.histories import simple_story

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "nginx.conf"
SETTINGS = settings_with(api_tokens=TOKENS, public_url="https://stepglass.example")
# One process in the foreground, which keeps everything in its own folder.
MAIN = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log error;
events {{ worker_connections 64; }}
http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{example} }}"""


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """These tests write nginx's configuration and read its log from the loop."""
    yield


@dataclass(frozen=True, slots=True)
class Proxy:
    client: AsyncClient
    log: Path


def adapted(folder: Path, port: int, api: int) -> str:
    """The example, without what a test cannot have: a certificate, the port 443, a place for logs."""
    example = "\n".join(line for line in EXAMPLE.read_text().splitlines() if "ssl_certificate" not in line)
    for theirs, ours in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("http://127.0.0.1:8000;", f"http://127.0.0.1:{api};"),
        ("/var/log/nginx/stepglass.log", f"{folder}/access.log"),
        ("/var/log/nginx/stepglass-error.log", f"{folder}/stepglass-error.log"),
    ):
        assert theirs in example
        example = example.replace(theirs, ours)
    return MAIN.format(folder=folder, example=example)


@asynccontextmanager
async def nginx(folder: Path, api: int) -> AsyncGenerator[Proxy]:
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(adapted(folder, port, api))
    command = (program("nginx"), "-p", str(folder), "-c", str(config))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        await until(lambda: process.returncode is not None or (folder / "pid").exists())
        assert process.returncode is None, process.stderr and (await process.stderr.read()).decode()
        headers = {**ACME, "Host": "stepglass.example"}
        url = f"http://127.0.0.1:{port}"
        async with AsyncClient(base_url=url, headers=headers, timeout=10, verify=False, trust_env=False) as client:
            yield Proxy(client, folder / "access.log")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture
async def proxy(tmp_path: Path, store: Store) -> AsyncIterator[Proxy]:
    async with running(SETTINGS, store) as api, nginx(tmp_path, api.port) as opened:
        yield opened


async def test_l12_behind_nginx_an_event_arrives_before_the_next_is_written(proxy: Proxy, store: Store):
    run_id = await accept(store, tenant="acme")
    writer = await hold(store, run_id)
    first, *rest = rest_of(simple_story())

    async with proxy.client.stream("GET", f"/api/runs/{run_id}/events") as response:
        lines = response.aiter_lines()
        await writer.write([first])
        seen = [line async for line in until_id(lines, 2)]
        await writer.write(rest)
        seen += [line async for line in lines]

    assert [line for line in seen if line.startswith("id:")][:3] == ["id: 1", "id: 2", "id: 3"]


async def test_l12_behind_nginx_names_and_origins_still_count(proxy: Proxy):
    async def start(**headers: str) -> int:
        return (await proxy.client.post("/api/runs", json=START, headers=headers)).status_code

    assert await start(Origin="https://stepglass.example") == 202
    assert await start(Origin="https://evil.example") == 403
    assert await start(Host="evil.example") == 421


async def test_l12_behind_nginx_no_token_is_in_its_log(proxy: Proxy, store: Store):
    run_id = await accept(store, tenant="acme")
    await (await hold(store, run_id)).write(rest_of(simple_story()))
    token = (await proxy.client.post(f"/api/runs/{run_id}/token")).json()["token"]

    response = await proxy.client.get(f"/api/runs/{run_id}/events?token={token}", headers={"Authorization": ""})

    assert response.status_code == 200
    logged = proxy.log.read_text()
    assert f"GET /api/runs/{run_id}/events 200" in logged and "eyJ" not in logged


async def test_l12_behind_nginx_no_token_is_in_its_logs_while_stepglass_is_down(tmp_path: Path):
    async with nginx(tmp_path, api=free_port()) as proxy:
        response = await proxy.client.get("/api/runs/one/events?token=eyJ-of-a-viewer")

    assert response.status_code == 502
    logged = {name: (tmp_path / name).read_text() for name in ("access.log", "error.log", "stepglass-error.log")}
    assert "GET /api/runs/one/events 502" in logged["access.log"]
    assert not [name for name, text in logged.items() if "token" in text or "eyJ" in text]


async def test_l12_behind_nginx_figures_are_not_for_the_world(proxy: Proxy):
    response = await proxy.client.get("/metrics")

    # nginx's own page. Ours would be a problem document: these tests want no figures.
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html")


async def test_l12_what_a_client_says_of_a_proxy_is_not_believed(store: Store):
    forwarded = {
        "X-Forwarded-Host": "localhost",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "for=127.0.0.1;host=localhost;proto=https",
    }
    async with in_process(create_app(SETTINGS, store), headers={**ACME, **forwarded}) as client:
        host = await client.get("/api/runs", headers={"Host": "evil.example"})
        origin = await client.post("/api/runs", json=START, headers={"Origin": "https://evil.example"})
        theirs = {"Origin": "https://proxy.example", "X-Forwarded-Host": "proxy.example"}
        named = await client.post("/api/runs", json=START, headers=theirs)

    assert problem(host) == (421, "unknown-host")
    assert problem(origin) == problem(named) == (403, "forbidden-origin")


async def test_l12_the_address_of_a_client_is_that_of_its_connection(store: Store, caplog: pytest.LogCaptureFixture):
    guess = {"Authorization": "Bearer a-token-of-nobody", "X-Forwarded-For": "203.0.113.9"}
    async with running(SETTINGS, store) as api, api.client() as client:
        assert (await client.get("/api/runs", headers=guess)).status_code == 401

    assert "the last one from 127.0.0.1" in caplog.text


async def until_id(lines: AsyncIterator[str], seq: int) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line == f"id: {seq}":
            return
