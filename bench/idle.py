"""What a viewer costs who waits: the memory of one process with 5,000 of them, by the viewer.

Ours watch a run in which nothing happens. Theirs are bare sse-starlette, whose generator waits for its next event, and
a bare ASGI callable that waits for its viewer to leave. What is measured is the process's own memory (PSS), before and
with its viewers; a hundred others have come and gone before, so that nothing is counted that the first ones leave.
"""

import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from bench._flood import flood
from bench._front import Served, crowd, front
from bench._lab import Lab
from bench._measure import Measure
from bench._plot import Plot

VIEWERS = 5000
FIRST = 100
REST = 1.5
"""Seconds in which what opening took is given back."""
OURS, BARE, RAW = "ours", "bare sse-starlette", "raw ASGI"
KB = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one viewer: bytes while it waits, and seconds of processor time to let it in."""

    memory: float
    opening: float


async def measure(lab: Lab) -> list[Measure]:
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    viewers = 1000 if lab.quick else VIEWERS
    for _ in range(lab.rounds(3)):
        # Each in a process of its own each time: memory that was given back is not asked for again.
        async with front(lab) as (store, api), flood(store) as run:
            costs[OURS].append(await cost(api, f"/api/runs/{run.run_id}/events", viewers))
        for name, module in ((BARE, "bare_sse"), (RAW, "raw_asgi")):
            async with lab.rival(module, http=True) as rival:
                served = Served(urlsplit(rival.url).port or 0, psutil.Process(rival.process.pid))
                costs[name].append(await cost(served, "/idle", viewers))
    return told(lab, costs)


async def cost(served: Served, path: str, viewers: int) -> Cost:
    async with crowd(served, path, FIRST, "--hold"):
        await asyncio.sleep(REST)
    before, worked, began = served.memory, served.worked, time.monotonic()
    async with crowd(served, path, viewers, "--hold"):
        opening = served.worked - worked
        await asyncio.sleep(REST)
        assert time.monotonic() - began > 0
        return Cost((served.memory - before) / viewers, opening / viewers)


def told(lab: Lab, costs: dict[str, list[Cost]]) -> list[Measure]:
    memory = {name: statistics.median(each.memory for each in found) / KB for name, found in costs.items()}
    opening = {name: statistics.median(each.opening for each in found) * 1000 for name, found in costs.items()}
    ratio = statistics.median(ours.memory / bare.memory for ours, bare in zip(costs[OURS], costs[BARE], strict=True))
    series = {name: [(0.0, value)] for name, value in memory.items()}
    lab.draw(Plot("idle", "Memory of a viewer who waits", "", "KB", series, "bars", ["5,000 viewers"]))
    name = "memory of an idle viewer"
    return [
        Measure(name, memory[OURS], "KB", most=50),
        Measure(name, ratio, "times", BARE, most=1.1),
        *(Measure(name, memory[each], f"KB of {each}") for each in (BARE, RAW)),
        *(Measure("to let in a viewer", opening[each], f"ms of processor time, {each}") for each in costs),
    ]
