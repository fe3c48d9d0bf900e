"""Events per second through one API process to 1, 100 and 1,000 viewers of one run.

The viewers stand at the end of a run that goes on. The API process is stopped, so many events are written to the run's
log, and the process goes on: from then until the last viewer has its last event, it reads them, makes frames of them
and writes as fast as it can. What the writing costs is thus not in it, and nothing is ready in advance.

Against a bare ASGI callable on the same server that has the same frames ready in memory. Once it writes one event at a
time, as one who is told of events does who does not merge them; once as many at a time as our API put into one write.
"""

import signal
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil

from bench._flood import flood
from bench._front import Served, crowd, front, write
from bench._lab import Lab
from bench._measure import Measure
from bench._plot import Plot
from events.store import Store

EVENTS = {1: 50_000, 100: 20_000, 1000: 3000}
"""How many each viewer gets, by the number of viewers."""
SINGLE = {1: 50_000, 100: 2000, 1000: 200}
"""The same where each is a write of its own, which takes longer."""
OURS, ONE, SAME = "ours", "raw ASGI, one event a write", "raw ASGI, the same writes"
LEAST = 0.7


@dataclass(frozen=True, slots=True)
class Flow:
    """`rate` in events a second to all viewers together, `worked` in events per second of the process's own time."""

    rate: float
    worked: float
    per_write: float


async def measure(lab: Lab) -> list[Measure]:
    flows: defaultdict[tuple[str, int], list[Flow]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as name:
        async with front(lab) as (store, api):
            ready = Path(name) / "frames"
            ready.write_bytes(await frames(store, api))
            async with lab.rival("raw_asgi", "--frames", str(ready), http=True) as rival:
                raw = Served(urlsplit(rival.url).port or 0, psutil.Process(rival.process.pid))
                for viewers in EVENTS:
                    for _ in range(lab.rounds(5)):
                        ours = await live(store, api, viewers)
                        flows[OURS, viewers].append(ours)
                        flows[ONE, viewers].append(await written(raw, viewers, 1, SINGLE[viewers]))
                        each = max(1, round(ours.per_write))
                        flows[SAME, viewers].append(await written(raw, viewers, each, EVENTS[viewers]))
    return told(lab, flows)


async def frames(store: Store, api: Served) -> bytes:
    """The frames of a long log, as our API makes them."""
    async with flood(store) as run:
        await write(run, max(EVENTS.values()))
    async with httpx2.AsyncClient(timeout=60) as client:
        answer = await client.get(f"http://127.0.0.1:{api.port}/api/runs/{run.run_id}/events")
    return b"".join(each + b"\n\n" for each in answer.content.split(b"\n\n") if each.startswith(b"id: "))


async def live(store: Store, api: Served, viewers: int) -> Flow:
    async with flood(store) as run:
        path, events = f"/api/runs/{run.run_id}/events?after={run.tail}", EVENTS[viewers]
        async with crowd(api, path, viewers, "--events", str(events)) as watching:
            api.process.send_signal(signal.SIGSTOP)
            try:
                await write(run, events)
            finally:
                worked, began = api.worked, time.monotonic()
                api.process.send_signal(signal.SIGCONT)
            return flow(await watching.said(), api, worked, began, viewers * events)


async def written(raw: Served, viewers: int, each: int, events: int) -> Flow:
    path = f"/events?each={each}&events={events}"
    async with httpx2.AsyncClient() as client, crowd(raw, path, viewers, "--events", str(events)) as watching:
        worked, began = raw.worked, time.monotonic()
        await client.get(f"http://127.0.0.1:{raw.port}/go")
        return flow(await watching.said(), raw, worked, began, viewers * events)


def flow(seen: dict[str, float], served: Served, worked: float, began: float, expected: int) -> Flow:
    """Raises `AssertionError` when a viewer missed something, or saw it twice or in another order."""
    assert seen["events"] == expected and seen["wrong"] == 0, f"of {expected} events the viewers saw {seen}"
    return Flow(expected / (seen["last"] - began), expected / max(0.01, served.worked - worked), seen["per_write"])


def told(lab: Lab, flows: dict[tuple[str, int], list[Flow]]) -> list[Measure]:
    found: list[Measure] = []
    series: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for viewers in EVENTS:
        ours = flows[OURS, viewers]
        to = f"to {viewers:,} viewer{'s' * (viewers > 1)}"
        found.append(Measure(f"events through one API process {to}", median(ours), "events/s"))
        for name in (ONE, SAME):
            # Each round's own ratio: what else the machine does meanwhile is in both.
            ratios = [one.rate / other.rate for one, other in zip(ours, flows[name, viewers], strict=True)]
            # To a lone viewer, ready bytes in large writes are a copy in memory: whoever reads a store is far behind.
            least = None if (name, viewers) == (SAME, 1) else LEAST
            found.append(Measure(f"the same {to}", statistics.median(ratios), "times", name, least=least))
        for name in (OURS, ONE, SAME):
            series[name].append((float(viewers), median(flows[name, viewers]) / 1e6))
    labels = [f"{viewers:,} viewers" for viewers in EVENTS]
    lab.draw(Plot("fanout", "Events through one process", "", "million events/s", series, "bars", labels))
    return found


def median(flows: list[Flow]) -> float:
    return statistics.median(each.rate for each in flows)
