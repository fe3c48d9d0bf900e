"""The first figures: from POST to first event, to first step, from a token's sending to its viewer, and all of it
again without Prefect.

    python -m bench.spine [--runs 20]

Starts what it needs on free ports and in a temporary directory, and prints a table of medians.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

from events import migrations
from events.embedded import embedded_postgres
from tests import vision
from tests.e2e.stack import open_stack, until
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.scripted_replies import Move, Reply, chunk, pause, usage

PACE = 0.05
"""Seconds between two tokens: 20 a second, as a large model writes."""


@dataclass
class Timings:
    """Milliseconds."""

    first_event: list[float] = field(default_factory=list[float])
    first_step: list[float] = field(default_factory=list[float])
    first_token: list[float] = field(default_factory=list[float])
    token: list[float] = field(default_factory=list[float])


async def events(client: httpx2.AsyncClient, url: str) -> AsyncGenerator[tuple[float, dict[str, Any]]]:
    """Log events of a run with the moment at which they came (monotonic seconds)."""
    async with client.stream("GET", url, headers={"Accept": "text/event-stream"}) as answer:
        answer.raise_for_status()
        named = False
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                named = True
            elif line.startswith("data:") and not named:
                yield time.monotonic(), json.loads(line[5:])
            elif not line:
                named = False


async def one_run(client: httpx2.AsyncClient, api: str, timings: Timings) -> None:
    began = time.monotonic()
    started = await client.post(f"{api}/api/runs", json={"pipeline": "vision_framework", "input": vision.BRIEF})
    started.raise_for_status()
    first = step = token = False
    async for moment, event in events(client, api + started.json()["events_url"]):
        since = (moment - began) * 1000
        if not first:
            timings.first_event.append(since)
            first = True
        if event["type"] == "step_start" and not step:
            timings.first_step.append(since)
            step = True
        if event["type"] == "model_chunk" and not token:
            timings.first_token.append(since)
            token = True


async def token_latency(client: httpx2.AsyncClient, api: str, model: ScriptedModelServer, timings: Timings) -> None:
    """One run whose one-pager is written at `PACE`, each token marked with its number."""
    sent: dict[int, float] = {}

    def stamp(number: int) -> Any:
        async def now() -> None:
            sent[number] = time.monotonic()

        return now

    words = vision.ONE_PAGER.split(" ")
    moves: list[Move] = []
    for number, word in enumerate(words[:120]):
        moves += [pause(PACE), stamp(number), chunk({"content": f"{word} "})]
    moves += [chunk({"content": " ".join(words[120:])}), chunk(finish="stop"), usage(10, 10), b"data: [DONE]\n\n"]
    model.answers("one_pager", Reply(moves))
    started = await client.post(f"{api}/api/runs", json={"pipeline": "vision_framework", "input": vision.BRIEF})
    seen = 0
    async for moment, event in events(client, api + started.json()["events_url"]):
        if event["type"] == "model_chunk" and event["step"] == "one_pager":
            for number in range(seen, min(120, seen + event["data"]["tokens"])):
                timings.token.append((moment - sent[number]) * 1000)
            seen += event["data"]["tokens"]
    vision.script(model)


async def measure(api: str, model: ScriptedModelServer, runs: int) -> Timings:
    timings = Timings()
    async with httpx2.AsyncClient(timeout=60) as client:
        await one_run(client, api, Timings())  # the first run of a process pays for what all others find open
        for _ in range(runs):
            await one_run(client, api, timings)
        await token_latency(client, api, model, timings)
    return timings


def median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} (max {max(values):.1f})" if values else "-"


async def main(runs: int) -> None:
    table = Table("ms, median of each", "Prefect live", "Prefect hanging", "Prefect stopped", title="The spine")
    found: list[Timings] = []
    with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as folder:
        with embedded_postgres(Path(folder) / "data") as url:
            await asyncio.to_thread(lambda: asyncio.run(migrations.migrate(url)))
            async with scripted_model() as model, open_stack(Path(folder), url, model.url) as stack:
                vision.script(model)
                prefect = await stack.prefect()
                worker = await stack.worker()
                api = await stack.api()
                await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect")
                found.append(await measure(api, model, runs))
                prefect.hang()
                found.append(await measure(api, model, runs))
                await prefect.kill()
                found.append(await measure(api, model, runs))
    for label, name in (
        ("POST to first event", "first_event"),
        ("POST to first step_start", "first_step"),
        ("POST to first token", "first_token"),
        ("token sent to token seen", "token"),
    ):
        table.add_row(label, *(median(getattr(each, name)) for each in found))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="runs for each median (default: 20)")
    asyncio.run(main(parser.parse_args().runs))
