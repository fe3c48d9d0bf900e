"""Strangers at every port of `stepglass up`: another origin, another host, a WebSocket from elsewhere, and nobody."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from playwright.async_api import async_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from cli._ports import any_free
from cli._prefect import LOGIN
from scripts.programs import program as installed
from steps.vision_framework.examples import EXAMPLES
from tests.clusters import open_folder
from tests.e2e.stack import until
from tests.e2e.up import Up, below

pytestmark = pytest.mark.timeout(240)

TOKENS = {"acme": "token-of-acme-0123456789", "other": "token-of-other-0123456789"}
NAME = "house.example"
METRICS = "token-of-metrics-0123456789"
ELSEWHERE = "http://stranger.localhost"

TRIES = """async ([api, id, start, login]) => {
    const headers = { "Content-Type": "application/json", Authorization: login };
    const run = `${api}/deployments/${id}/create_flow_run`;
    const asked = [
        fetch(`${api}/deployments/filter`, { method: "POST", headers, body: "{}" }),
        fetch(run, { method: "POST", headers, body: start }),
    ];
    const socket = new WebSocket(api.replace("http", "ws") + "/events/out", "prefect");
    const opened = new Promise((tell, fail) => {
        socket.onopen = tell;
        socket.onerror = fail;
    });
    const tries = [...asked, opened].map((one) => one.then(() => "answered", () => "blocked"));
    // Without asking first, as a form does: the answer cannot be read, but would have done its work.
    await fetch(run, { method: "POST", mode: "no-cors", body: start }).catch(() => null);
    return await Promise.all(tries);
}"""
"""What a page of a stranger tries, in a browser whose user is logged in to Prefect."""


@dataclass
class Port:
    """One that the stack opens: what is asked there, and what its owner sends along."""

    url: str
    method: str
    path: str
    authorization: str
    health: str | None = None
    body: Any = None

    async def ask(
        self, headers: Mapping[str, str] | None = None, *, known: bool = False, method: str | None = None
    ) -> httpx2.Response:
        """`known`: with its owner's credentials."""
        sent = {**(headers or {}), **({"Authorization": self.authorization} if known else {})}
        async with httpx2.AsyncClient(base_url=self.url, timeout=10, trust_env=False) as client:
            return await client.request(method or self.method, self.path, headers=sent, json=self.body)


@dataclass
class House:
    """A stack with tenants, figures and everything else that opens a port."""

    up: Up
    said: list[str]
    ports: dict[str, Port]
    processes: list[psutil.Process]

    @property
    def login(self) -> tuple[str, str]:
        user, _, password = (self.up.data_dir / LOGIN).read_text().strip().partition(":")
        return user, password

    async def prefect(self, method: str, path: str, body: Any = None) -> Any:
        """As an operator who is logged in."""
        async with httpx2.AsyncClient(timeout=10, auth=self.login, trust_env=False) as client:
            answer = await client.request(method, f"{self.ports['prefect'].url}/api/{path}", json=body)
            return answer.raise_for_status().json() if answer.content else None

    async def batch(self) -> str:
        """The id of the deployment `batch`, once all are registered."""
        found: list[str] = []

        async def registered() -> bool:
            there = await self.prefect("POST", "deployments/filter", {})
            found.extend(each["id"] for each in there if each["name"] == "batch")
            return bool(found)

        await until(registered, "the deployments are registered", 90)
        return found[0]


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    more = {"STEPGLASS_API_TOKENS": ",".join(f"{tenant}:{token}" for tenant, token in TOKENS.items())}
    demo, metrics = any_free(), any_free()
    more |= {"STEPGLASS_METRICS": "1", "STEPGLASS_METRICS_TOKEN": METRICS, "STEPGLASS_METRICS_PORT": str(metrics)}
    more |= {"STEPGLASS_DEMO_PORT": str(demo), "STEPGLASS_HOSTS": NAME}
    with open_folder("stepglass-house-") as folder:
        up = Up(folder / "data", more=more)
        async with up.up() as (process, said):
            await until(lambda: any("its page is at" in line for line in said), "Prefect is there", 120)
            login = (up.data_dir / LOGIN).read_text().strip()
            acme, scraper = f"Bearer {TOKENS['acme']}", f"Bearer {METRICS}"
            ports = {
                "api": Port(f"http://127.0.0.1:{up.port}", "POST", "/api/runs", acme, "/api/health", {}),
                "prefect": Port(
                    f"http://127.0.0.1:{up.prefect_port}",
                    "POST",
                    "/api/deployments/filter",
                    basic(login),
                    "/api/health",
                    {},
                ),
                "demo": Port(f"http://127.0.0.1:{demo}", "GET", "/v1/models", "Bearer unknown"),
                "metrics": Port(f"http://127.0.0.1:{metrics}", "GET", "/metrics", scraper),
            }
            yield House(up, said, ports, below(process, up.data_dir))
            process.terminate()


def basic(login: str) -> str:
    return f"Basic {b64encode(login.encode()).decode()}"


EVERY_PORT = pytest.mark.parametrize("port", ["api", "prefect", "demo", "metrics"])
"""`test_c1_every_port_of_the_stack_is_one_that_is_asked_here` fails where there is another."""


async def test_c1_every_port_of_the_stack_is_one_that_is_asked_here_and_on_loopback(house: House):
    listening = {
        (found.laddr.ip, found.laddr.port)
        for process in house.processes
        if process.is_running()
        for found in process.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN
    }

    assert listening == {("127.0.0.1", httpx2.URL(port.url).port) for port in house.ports.values()}


@EVERY_PORT
async def test_c1_nobody_is_refused_at_every_port(house: House, port: str):
    assert (await house.ports[port].ask()).status_code == 401


@EVERY_PORT
async def test_c1_a_page_of_another_origin_is_refused_at_every_port(house: House, port: str):
    asked = house.ports[port]

    headers = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}
    preflight = await asked.ask(headers, method="OPTIONS")
    answer = await asked.ask({"Origin": ELSEWHERE}, known=port in ("api", "prefect"))

    assert not preflight.is_success
    assert answer.status_code == (403 if port in ("api", "prefect") else 401)
    assert "access-control-allow-origin" not in {*preflight.headers, *answer.headers}


@EVERY_PORT
async def test_c1_a_name_that_is_not_ours_is_refused_at_every_port(house: House, port: str):
    """Under which a page of somebody else's asks this machine (DNS rebinding). Only a worker may ask the demo model."""
    answer = await house.ports[port].ask({"Host": "stranger.example"}, known=port != "demo")

    assert answer.status_code == (421 if port != "demo" else 401)


async def test_m10_a_name_from_the_settings_is_answered_by_the_metrics_of_the_worker(house: House):
    assert (await house.ports["metrics"].ask({"Host": NAME}, known=True)).status_code == 200


@EVERY_PORT
@pytest.mark.parametrize("path", ["/api/events/out", "/api/logs/out", "/api/events/in"])
async def test_c1_a_websocket_from_elsewhere_is_refused_at_every_port(house: House, port: str, path: str):
    url = house.ports[port].url.replace("http", "ws")

    with pytest.raises((InvalidHandshake, ConnectionClosed)):
        await connect(f"{url}{path}", origin=ELSEWHERE, subprotocols=[Subprotocol("prefect")], proxy=None)  # pyright: ignore[reportArgumentType] # a NewType of str


@pytest.mark.parametrize("path", ["/api/events/out", "/api/logs/out", "/api/events/in"])
async def test_h1_a_websocket_of_nobody_is_closed_before_it_hears_anything(house: House, path: str):
    url = house.ports["prefect"].url.replace("http", "ws")

    async with connect(f"{url}{path}", subprotocols=[Subprotocol("prefect")], proxy=None) as socket:
        await socket.send(json.dumps({"type": "auth", "token": "stepglass:guessed"}))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_c1_health_stays_open(house: House):
    for port in house.ports.values():
        if port.health:
            async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
                assert (await client.get(port.url + port.health)).status_code == 200


async def test_c1_a_page_of_another_origin_reads_and_starts_nothing_in_prefect(house: House):
    deployment = await house.batch()
    start = json.dumps({"parameters": {"file": "stranger.jsonl"}})

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed("chromium"), chromium_sandbox=False)
        page = await browser.new_page()
        await page.route(f"{ELSEWHERE}/", lambda route: route.fulfill(body="<title>A stranger</title>"))
        await page.goto(f"{ELSEWHERE}/")
        api = f"{house.ports['prefect'].url}/api"
        found = await page.evaluate(TRIES, [api, deployment, start, house.ports["prefect"].authorization])
        await browser.close()

    assert found == ["blocked", "blocked", "blocked"]
    assert "stranger.jsonl" not in json.dumps(await house.prefect("POST", "flow_runs/filter", {}))


async def test_h1_the_login_is_said_beside_the_address_and_kept_for_its_owner_alone(house: House):
    path = house.up.data_dir / LOGIN
    login = path.read_text().strip()

    (line,) = [line for line in house.said if "its page is at" in line]
    assert house.ports["prefect"].url in line and f"the login is {login} " in line
    assert path.stat().st_mode & 0o777 == 0o600
    assert await house.prefect("GET", "admin/version")
    logs = [log.read_text() for log in (house.up.data_dir / "logs").iterdir()]
    assert not [text for text in logs if login.partition(":")[2] in text]


async def test_h1_no_text_of_a_tenant_is_published_in_prefect_where_there_are_tokens(house: House):
    given = next(iter(EXAMPLES.values())).model_dump(mode="json")
    start = {"pipeline": "vision_framework", "input": given}
    headers = {"Authorization": f"Bearer {TOKENS['acme']}", "Prefer": "wait=60"}
    async with httpx2.AsyncClient(base_url=house.ports["api"].url, timeout=90, headers=headers) as client:
        view = (await client.post("/api/runs", json=start)).raise_for_status().json()
    assert view["status"] == "complete"

    async def published() -> list[dict[str, Any]]:
        return await house.prefect("POST", "artifacts/filter", {})

    await until(published, "the run is shown in Prefect", 60)
    # Steps and their times are told later of a run that Prefect could not see while it ran.
    assert {each["key"] for each in await published()} <= {"stepglass-run", "steps"}
    flow_runs = await house.prefect("POST", "flow_runs/filter", {"flow_runs": {"tags": {"all_": ["stepglass"]}}})
    assert given["company_name"] not in json.dumps(flow_runs)


async def test_c1_a_flow_run_cannot_be_told_a_command_even_where_somebody_opened_the_pool(house: House, tmp_path: Path):
    """Somebody with the login, or with the database."""
    deployment = await house.batch()
    told: dict[str, Any] = {"command": f"touch {tmp_path / 'made'}", "env": {"A": "B"}, "working_dir": str(tmp_path)}
    body = {"parameters": {"file": "none.jsonl"}, "state": {"type": "SCHEDULED"}, "job_variables": told}
    run = f"deployments/{deployment}/create_flow_run"

    with pytest.raises(httpx2.HTTPStatusError, match="422"):
        await house.prefect("POST", run, body)
    properties: dict[str, Any] = {name: {} for name in told}
    job = {name: f"{{{{ {name} }}}}" for name in told}
    template = {"job_configuration": job, "variables": {"type": "object", "properties": properties}}
    await house.prefect("PATCH", "work_pools/stepglass", {"base_job_template": template})
    flow_run = await house.prefect("POST", run, body)

    async def ended() -> bool:
        return (await house.prefect("GET", f"flow_runs/{flow_run['id']}"))["state_type"] in ("COMPLETED", "CRASHED")

    await until(ended, "the flow run has ended", 90)
    assert (await house.prefect("GET", f"flow_runs/{flow_run['id']}"))["state_type"] == "COMPLETED"
    assert not await asyncio.to_thread((tmp_path / "made").exists)


async def test_l2_everything_that_the_stack_keeps_is_its_owner_s_alone(house: House):
    kept = [house.up.data_dir, *house.up.data_dir.rglob("*")]

    assert len(kept) > 20
    assert [(str(path), oct(path.lstat().st_mode)) for path in kept if readable_by_others(path)] == []


def readable_by_others(path: Path) -> bool:
    """Its own mode is enough for a directory; a file in a closed directory is closed as well. Where root runs the
    database's server as another user, its group may pass through a directory without listing it."""
    return not path.is_symlink() and path.is_dir() and bool(path.lstat().st_mode & 0o067)
