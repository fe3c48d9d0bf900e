"""Requests that are meant to hurt, or that come again: a body of 1 GB, a million keys, the same POST after a restart.

The API is a process of its own, so that its memory can be measured. Rows: the same POST 20 times at once, after a
restart, with another body, from another tenant; body of 1 GB, a million keys, depth 10,000; P7, P13.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from blockbuster import BlockBuster

from tests import vision
from tests.e2e.stack import Part, Stack, free_port, open_stack

pytestmark = pytest.mark.timeout(240)

MB = 1024 * 1024
START: dict[str, Any] = {"pipeline": "vision_framework", "input": vision.BRIEF}
JSON = {"Content-Type": "application/json"}
ENOUGH = 60 * MB
"""What the process may grow by while it refuses a gigabyte: a fraction of that, for buffers and Python's own ways."""


@pytest.fixture
async def stack(tmp_path: Path, database_url: str, blockbuster: BlockBuster) -> AsyncIterator[Stack]:
    blockbuster.deactivate()
    async with open_stack(tmp_path, database_url, "http://127.0.0.1:9/v1") as stack:
        stack.env["STEPGLASS_API_TOKENS"] = "one:the-token-of-one,two:the-token-of-two"
        yield stack


def client(url: str, tenant: str = "one") -> httpx2.AsyncClient:
    token = {"Authorization": f"Bearer the-token-of-{tenant}"}
    return httpx2.AsyncClient(base_url=url, timeout=60, headers=token, trust_env=False)


class Highest:
    """The most memory that a process had while this was looked at, in bytes."""

    def __init__(self, part: Part) -> None:
        self._process = psutil.Process(part.process.pid)
        self.before = self.most = self._process.memory_info().rss
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self.most = max(self.most, self._process.memory_info().rss)
            await asyncio.sleep(0.01)

    async def grown(self) -> int:
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        return self.most - self.before


async def pieces(count: int, piece: bytes) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield piece


async def keys(count: int) -> AsyncIterator[bytes]:
    yield b'{"pipeline": "vision_framework", "input": {'
    for start in range(0, count, 10_000):
        yield "".join(f'"key{number}": {number}, ' for number in range(start, start + 10_000)).encode()
    yield b'"last": 0}}'


async def test_a_body_of_a_gigabyte_a_million_keys_and_great_depth_cost_no_memory(stack: Stack):
    url = await stack.api()
    part = stack.parts[-1]
    async with client(url) as http:
        assert (await http.post("/api/runs", json=START)).status_code == 202  # what is loaded at first is not counted
        looked = Highest(part)
        for body in (pieces(1024, b"x" * MB), pieces(1024, b"[" * MB), keys(1_000_000)):
            try:
                answer = await http.post("/api/runs", content=body, headers=JSON)
                assert answer.status_code == 413
            except httpx2.TransportError:
                pass  # it was answered, and cut off, while we were still sending
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            deep = await http.post("/api/runs", content=opening * 10_000 + b"1" + closing * 10_000, headers=JSON)
            assert (deep.status_code, deep.json()["type"]) == (422, "/problems/json-too-deep")
        assert await looked.grown() < ENOUGH
        assert len((await http.get("/api/runs")).json()["runs"]) == 1


async def test_the_same_start_comes_again_in_every_way(stack: Stack):
    port = free_port()
    url = await stack.api(port)
    key = {"Idempotency-Key": "once"}
    async with client(url) as http:
        answers = await asyncio.gather(*(http.post("/api/runs", json=START, headers=key) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {202}
        (run_id,) = {answer.json()["run_id"] for answer in answers}
    await stack.parts[-1].kill()

    url = await stack.api(port)
    async with client(url) as http, client(url, "two") as other:
        again = await http.post("/api/runs", json=START, headers=key)
        assert (again.status_code, again.json()["run_id"]) == (202, run_id)
        assert again.json() == answers[0].json(), "the same answer"
        another = START | {"input": vision.BRIEF | {"company_name": "Another"}}
        assert (await http.post("/api/runs", json=another, headers=key)).status_code == 422
        theirs = await other.post("/api/runs", json=another, headers=key)
        assert (theirs.status_code, theirs.json()["run_id"] != run_id) == (202, True)
        assert len((await http.get("/api/runs")).json()["runs"]) == 1


async def test_a_start_whose_answer_was_lost_with_the_api_makes_one_run(stack: Stack):
    """The client cannot know whether its run was accepted before the API was killed: it asks again with its key."""
    port = free_port()
    key = {"Idempotency-Key": "once"}
    for _ in range(3):
        url = await stack.api(port)
        async with client(url) as http:
            asking = asyncio.create_task(http.post("/api/runs", json=START, headers=key))
            await asyncio.sleep(0)
            await stack.parts[-1].kill()
            await asyncio.gather(asking, return_exceptions=True)
    url = await stack.api(port)
    async with client(url) as http:
        assert (await http.post("/api/runs", json=START, headers=key)).status_code == 202
        assert len((await http.get("/api/runs")).json()["runs"]) == 1
