"""Under which names the API answers: a page that rebinds a name of its own to this machine gets nothing."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from events.store import Store
from tests.api.conftest import ApiServer, in_process, problem, settings_with
from tests.api.test_starting import START

EVERYWHERE = ["/api/health", "/api/runs", "/docs", "/", "/openapi.json"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LocalHost:5173", "localhost.", "run.localhost", "127.0.0.1:8000", "127.8.9.1"]
    + ["[::1]:8000", "[::1]", "192.168.1.7:8000", "[fe80::1]"],
)
async def test_names_of_the_machine_for_itself_and_addresses_are_answered(client: AsyncClient, host: str):
    assert (await client.get("/api/runs", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:80@evil", ""]
    + ["[evil]", "2130706433", "127.1", "0x7f.1", "localhost, evil.example", "evil.example#localhost", "notlocalhost"],
)
@pytest.mark.parametrize("path", EVERYWHERE)
async def test_any_other_name_is_refused_whatever_is_asked(client: AsyncClient, host: str, path: str):
    assert problem(await client.get(path, headers={"Host": host})) == (421, "unknown-host")


async def test_nothing_is_started_for_a_name_that_is_rebound(client: AsyncClient, store: Store):
    # Its origin is the name that is asked, so that it would pass for a page of ours.
    evil = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}

    assert problem(await client.post("/api/runs", json=START, headers=evil)) == (421, "unknown-host")

    assert (await store.runs.page("default")).runs == []


@pytest.mark.parametrize(
    ("more", "host"),
    [
        ({"public_url": "https://vision.example:8443/app"}, "vision.example"),
        ({"public_url": "https://vision.example:8443/app"}, "vision.example:8443"),
        ({"host": "studio.lan"}, "studio.lan:8000"),
        ({"hosts": "one.example, Two.Example"}, "two.example"),
        ({"hosts": "*"}, "whatever.example"),
    ],
)
async def test_names_from_the_settings_are_answered(store: Store, more: dict[str, Any], host: str):
    async with in_process(create_app(settings_with(**more), store)) as client:
        assert (await client.get("/api/runs", headers={"Host": host})).status_code == 200


async def test_the_address_of_all_interfaces_makes_no_name_ours(store: Store):
    async with in_process(create_app(settings_with(host="0.0.0.0"), store)) as client:
        assert problem(await client.get("/api/runs", headers={"Host": "evil.example"})) == (421, "unknown-host")


async def test_who_looks_whether_we_live_without_naming_a_host_is_answered(api_server: ApiServer):
    reader, writer = await asyncio.open_connection("127.0.0.1", api_server.port)
    writer.write(b"GET /api/health HTTP/1.0\r\n\r\n")

    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200")
