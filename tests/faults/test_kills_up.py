"""What `stepglass up` keeps alive: whichever of its processes dies, it comes back, and the runs go on."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import psutil
import pytest

from events.contract import LAST_WORDS
from steps.vision_framework.examples import EXAMPLES
from tests.clusters import open_folder
from tests.e2e.stack import until
from tests.e2e.up import Up, below, named

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]

LONG = 240.0
"""Seconds for what takes a few on a calm machine."""
VICTIMS = ("worker", "api", "postgres", "prefect", "deployments", "server")
"""By the names that `ps` shows; `server` is PostgreSQL itself, which is nobody's child."""


@pytest.fixture
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone."""
    yield


@pytest.fixture
async def stack() -> AsyncIterator[Up]:
    with open_folder("stepglass-kills-") as folder:
        yield Up(folder / "data", speed=1.0)


class Runs:
    """Runs over HTTP, while the API may be away."""

    def __init__(self, port: int, client: httpx2.AsyncClient) -> None:
        self._url, self._client = f"http://127.0.0.1:{port}/api/runs", client

    async def _ask(self, method: str, path: str = "", **more: Any) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        async def answered() -> bool:
            try:
                answer = await self._client.request(method, self._url + path, **more)
            except httpx2.TransportError:
                return False
            if answer.is_success:
                found.append(answer.json())
            return answer.is_success

        await until(answered, f"{method} {path} is answered", LONG)
        return found[0]

    async def start(self, key: str) -> str:
        body = {"pipeline": "vision_framework", "input": next(iter(EXAMPLES.values())).model_dump(mode="json")}
        return (await self._ask("POST", json=body, headers={"Idempotency-Key": key}))["run_id"]

    async def view(self, run_id: str) -> dict[str, Any]:
        return await self._ask("GET", f"/{run_id}")

    async def under_way(self, run_id: str) -> None:
        async def writing() -> bool:
            return any(step.get("text") for step in (await self.view(run_id))["steps"])

        await until(writing, f"something is written in run {run_id}", LONG)

    async def ended(self, run_id: str) -> dict[str, Any]:
        async def over() -> bool:
            return (await self.view(run_id))["status"] in LAST_WORDS

        await until(over, f"run {run_id} has ended", LONG)
        return await self.view(run_id)


@pytest.mark.usefixtures("blockbuster")
async def test_whichever_process_dies_comes_back_and_the_run_under_it_completes(stack: Up):
    async with stack.up() as (process, said), httpx2.AsyncClient(timeout=10) as client:
        runs = Runs(stack.port, client)
        for victim in VICTIMS:
            run_id = await runs.start(f"under-{victim}")
            await runs.under_way(run_id)
            part = "postgres" if victim == "server" else victim
            before = back(said, part)

            if victim == "server":
                pid = int((stack.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
                psutil.Process(pid).kill()
            else:
                named(below(process, stack.data_dir), f"stepglass {victim}").kill()

            await until(lambda part=part, before=before: back(said, part) > before, f"{part} is back", LONG)
            view = await runs.ended(run_id)
            assert view["status"] == "complete", f"{victim}: {json.dumps(view.get('problem'))}\n" + "\n".join(
                said[-30:]
            )
        process.terminate()


def back(said: list[str], part: str) -> int:
    """How often a part was said to be back."""
    return sum(part in line and line.endswith("is back.") for line in said)
