"""How much longer a run takes than the longest chain of its model calls, with the demo model at its own pace.

    python -m bench.critical_path [--speed 4]

The chain is the longer of the brief's calls and of what leads through the framework: framework, repairs, then the
longest of one-pager, QA and score cards. The demo model says when each call began and ended.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from rich.console import Console
from rich.table import Table

from events import migrations
from events.contract import RunQueued, RunQueuedData
from events.embedded import embedded_postgres
from events.log import tail
from events.runs import NewRun
from events.store import Store, open_store
from steps.vision_framework.examples import EXAMPLES
from tests.e2e.stack import Stack, answers, free_port, open_stack, until


def chain(calls: list[dict[str, Any]]) -> float:
    """Milliseconds of the longest chain of a run's calls."""

    def longest(*steps: str) -> float:
        return max((call["ended"] - call["started"] for call in calls if step_of(call) in steps), default=0.0)

    repairs = sum(call["ended"] - call["started"] for call in calls if step_of(call) == "validation")
    return max(longest("brief"), longest("framework") + repairs + longest("one_pager", "qa", "scoring"))


def step_of(call: dict[str, Any]) -> str:
    labels = dict(pair.strip().split("=", 1) for pair in call["label"].split(";"))
    return labels["step"]


async def run_one(store: Store, demo: str, name: str) -> tuple[float, float]:
    """Duration of a run and of the chain of its calls, in ms."""
    queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
    given = EXAMPLES[name].model_dump(mode="json")
    run_id: UUID = (await store.runs.accept(NewRun("vision_framework", given, [queued]))).run_id
    first = last = 0
    async for entry in tail(store.log, run_id):
        event = entry.event
        assert event is not None
        first, last = first or event.ts, event.ts
    async with httpx2.AsyncClient() as client:
        listed: Any = (await client.get(f"{demo}/demo/calls", params={"last": 1000})).json()
    calls: list[dict[str, Any]] = [call for call in listed["calls"] if f"run={run_id}" in call["label"]]
    return float(last - first), chain(calls)


async def main(speed: float) -> None:
    table = Table("example", "run s", "chain of calls s", "ratio", title=f"Critical path, demo model at {speed:g}×")
    with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as folder:
        with embedded_postgres(Path(folder) / "data") as url:
            await asyncio.to_thread(lambda: asyncio.run(migrations.migrate(url)))
            port = free_port()
            demo = f"http://127.0.0.1:{port}"
            async with open_stack(Path(folder), url, f"{demo}/v1") as stack, open_store(url) as store:
                await ready(stack, demo, port, speed)
                await run_one(store, demo, next(iter(EXAMPLES)))
                for name in EXAMPLES:
                    took, calls = await run_one(store, demo, name)
                    table.add_row(name, f"{took / 1000:.2f}", f"{calls / 1000:.2f}", f"{took / calls:.3f}")
    Console().print(table)


async def ready(stack: Stack, demo: str, port: int, speed: float) -> None:
    stack.env |= {"STEPGLASS_MODEL_HEAVY": "stepglass-demo-heavy", "STEPGLASS_MODEL_LIGHT": "stepglass-demo-light"}
    await stack.start("demo", {"STEPGLASS_DEMO_PORT": str(port), "STEPGLASS_DEMO_SPEED": str(speed)})
    await answers(f"{demo}/v1/models")
    await stack.prefect()
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=4, help="pace of the demo model (default: 4)")
    asyncio.run(main(parser.parse_args().speed))
