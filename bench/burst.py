"""A hundred runs started at the same moment: until the last has its first token, and until all are done.

    python -m bench --only burst

Ours against DBOS, on the same PostgreSQL, with the same steps, model and viewers, in turn. Then Prefect's API is
asked, as its page would, until it shows every run of ours at its end.
"""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2

from bench._contestants import Contestant, dbos, ours
from bench._lab import Lab
from bench._measure import Measure
from bench._rider import Ride
from bench._script import original, vision_script
from tests.e2e.stack import PREFECT_LOGIN

RUNS = 100
SHOWN = 60.0
"""Seconds within which every run is in Prefect's page."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Seconds from the first POST: to the last run's first token, to the last run's end."""

    tokens: float
    done: float
    rides: list[Ride]


async def measure(lab: Lab) -> list[Measure]:
    found: dict[str, list[Burst]] = {}
    shown: list[float] = []
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(lab.model(vision_script(original())))
        postgres = await stack.enter_async_context(lab.postgres(databases=["dbos"]))
        stepglass, running = await stack.enter_async_context(ours(lab, postgres, model))
        contestants = [stepglass, await stack.enter_async_context(dbos(lab, model, postgres))]
        for each in contestants:
            await each.carries(10, 10)
        assert running.prefect_url
        for number in range(lab.rounds(2)):
            for each in contestants:
                await lab.calm()
                await model.forget()
                one = await burst(each)
                found.setdefault(each.name, []).append(one)
                lab.tell(f"round {number + 1}: {each.name}: first tokens {one.tokens:.2f} s, done {one.done:.2f} s")
                if each is stepglass:
                    shown.append(await seen(running.prefect_url, one.rides))
                    lab.tell(f"all in Prefect {shown[-1]:.1f} s after the last end")
    return measures(found, shown)


def measures(found: dict[str, list[Burst]], shown: list[float]) -> list[Measure]:
    tokens = {name: statistics.median(one.tokens for one in each) for name, each in found.items()}
    done = {name: statistics.median(one.done for one in each) for name, each in found.items()}
    against = "dbos_steps"
    return [
        *(Measure(f"{RUNS} at once: last first token, {name}", round(each, 2), "s") for name, each in tokens.items()),
        *(Measure(f"{RUNS} at once: all done, {name}", round(each, 2), "s") for name, each in done.items()),
        Measure(f"{RUNS} at once: last first token", ratio(tokens), "times", against=against, most=1.5),
        Measure(f"{RUNS} at once: all done", ratio(done), "times", against=against),
        Measure(f"{RUNS} at once: all in Prefect after", round(max(shown), 1), "s", most=SHOWN),
    ]


def ratio(seconds: dict[str, float]) -> float:
    return round(seconds["stepglass"] / seconds["dbos_steps"], 3)


async def burst(contestant: Contestant) -> Burst:
    began = time.monotonic()
    rides = await contestant.carries(RUNS, RUNS)
    return Burst(max(one.first_token for one in rides) - began, max(one.ended for one in rides) - began, rides)


async def seen(prefect_url: str, rides: list[Ride]) -> float:
    """Seconds from the last run's end until Prefect's API shows each of them as completed; `inf` after two minutes."""
    wanted = {f"run:{one.run_id}" for one in rides}
    ended = max(one.ended for one in rides)
    async with httpx2.AsyncClient(base_url=prefect_url, timeout=30, auth=PREFECT_LOGIN) as client:
        while time.monotonic() < ended + 2 * SHOWN:
            if wanted <= await completed(client):
                return time.monotonic() - ended
            await asyncio.sleep(0.5)
    return float("inf")


async def completed(client: httpx2.AsyncClient) -> set[str]:
    """The tags of the latest flow runs that are completed."""
    ours = {"tags": {"all_": ["stepglass"]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    asked = {"flow_runs": ours, "sort": "END_TIME_DESC", "limit": 200}
    found: list[dict[str, Any]] = (await client.post("/flow_runs/filter", json=asked)).raise_for_status().json()
    return {tag for flow_run in found for tag in flow_run["tags"]}
