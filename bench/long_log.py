"""A log of 50,000 events: how soon a late viewer has its first byte and its last event, and what that leaves behind.

Three times the same log: of a run that goes on, of one that has ended, and of one that has ended long ago, whose chunks
are packed. The viewer asks for the log from its first event on. Beside it `GET /api/runs/{id}`: of a run that goes on,
the first look of a process, which reads what the open step has written, is told apart.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench._flood import flood
from bench._front import MB, Served, crowd, front, write
from bench._lab import Lab
from bench._measure import Measure
from events.store import Store

EVENTS = 50_000
REPLAYS, LOOKS = 12, 20
SETTLED = 3
"""Replays after which the process has what it needs for them."""
GOING, ENDED, PACKED = "goes on", "has ended", "is packed"


@dataclass
class Seen:
    """Milliseconds to the first byte, of the events and of the run; events a second; the process's bytes after each."""

    first: list[float] = field(default_factory=list[float])
    rate: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])
    looks: list[float] = field(default_factory=list[float])

    @property
    def growth(self) -> float:
        """Bytes that a further replay leaves."""
        return (self.memory[-1] - self.memory[SETTLED - 1]) / (len(self.memory) - SETTLED)


async def measure(lab: Lab) -> list[Measure]:
    found: list[Measure] = []
    async with front(lab) as (store, api):
        async for name, run_id in logs(store):
            found += told(name, await seen(lab, api, run_id))
    return found


async def logs(store: Store) -> AsyncGenerator[tuple[str, str]]:
    """One run, as it goes on and ends."""
    async with flood(store) as run:
        await write(run, EVENTS)
        yield GOING, str(run.run_id)
    yield ENDED, str(run.run_id)
    await store.retention.sweep(compact_after=0, pause=0)
    yield PACKED, str(run.run_id)


async def seen(lab: Lab, api: Served, run_id: str) -> Seen:
    kept = Seen()
    for _ in range(lab.rounds(REPLAYS, SETTLED + 1)):
        async with crowd(api, f"/api/runs/{run_id}/events?after=0", 1, "--events", str(EVENTS)) as watching:
            told = await watching.said()
        assert told["events"] >= EVENTS and told["wrong"] == 0, f"of {EVENTS} events the viewer saw {told}"
        kept.first.append(told["first"][0] * 1000)
        kept.rate.append(told["events"] / (told["last"] - told["asked"]))
        kept.memory.append(api.memory)
    for _ in range(lab.rounds(LOOKS, 3)):
        kept.looks.append(await look(api, run_id))
    return kept


async def look(api: Served, run_id: str) -> float:
    """Milliseconds from asking for the run to the first byte of the answer, on a connection that is there."""
    async with connected(api) as (reader, writer):
        began = time.monotonic()
        writer.write(f"GET /api/runs/{run_id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.read(12)) == b"HTTP/1.1 200"
        took = time.monotonic() - began
        while await reader.read(MB):
            continue
        return took * 1000


@asynccontextmanager
async def connected(api: Served) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=MB)
    try:
        yield reader, writer
    finally:
        writer.close()


def told(name: str, seen: Seen) -> list[Measure]:
    log = f"log of {EVENTS:,} of a run that {name}"
    look = f"{log}: first byte of `GET /api/runs/{{id}}`"
    # What has ended has no step that is still open: there the first look is as any other.
    first = [Measure(f"{look}, the first time", seen.looks[0], "ms")] if name == GOING else []
    return [
        Measure(f"{log}: first byte to a late viewer", statistics.median(seen.first), "ms", most=20),
        Measure(f"{log}: all of it", statistics.median(seen.rate), "events/s", least=100_000),
        Measure(f"{log}: memory that a further replay leaves", seen.growth / MB, "MB", most=0.25),
        Measure(look, statistics.median(seen.looks), "ms", most=20),
        *first,
    ]
