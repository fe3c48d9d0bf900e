"""What an engine costs: processor seconds of all processes of a contestant, for each run of the same steps.

    python -m bench --only cost

All contestants are there at the same time, each with a PostgreSQL and a Prefect server of its own where it needs one,
and work in turn; the model server and the viewers are other processes, and count for nobody. What a contestant takes
while it has nothing to do is measured first and taken off.
"""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack

from bench._contestants import Contestant, bare_prefect, dbos, ours, rival
from bench._lab import Lab
from bench._measure import Measure
from bench._script import vision_script

RUNS = 20
AT_ONCE = 2
"""As many as there are cores, and fewer than a worker shows live in Prefect: so Prefect sees all of ours as they go."""
SETTLE = 4.0
"""Seconds after the last run in which what was put off is done: Prefect writes its states down every second."""
IDLE = 5.0


async def measure(lab: Lab) -> list[Measure]:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(lab.model(vision_script()))
        postgres = await stack.enter_async_context(lab.postgres())
        stepglass, _ = await stack.enter_async_context(ours(lab, postgres, model))
        contestants = [
            stepglass,
            await stack.enter_async_context(bare_prefect(lab, model)),
            await stack.enter_async_context(rival(lab, "langgraph_stream", model)),
            await stack.enter_async_context(
                dbos(lab, model, await stack.enter_async_context(lab.postgres(databases=["dbos"])))
            ),
            await stack.enter_async_context(rival(lab, "plain_asyncio", model)),
        ]
        return measures(await costs(lab, contestants))


def measures(cost: dict[str, float]) -> list[Measure]:
    """`cost` in seconds a run, by contestant."""
    found = [Measure(f"engine cost of a run, {name}", round(1000 * each, 1), "ms CPU") for name, each in cost.items()]
    for name in cost:
        if name != "stepglass":
            most = 1.25 if name == "bare_prefect" else None
            ratio = round(cost["stepglass"] / cost[name], 3)
            found.append(Measure("engine cost of a run", ratio, "times", against=name, most=most))
    return found


async def costs(lab: Lab, contestants: list[Contestant]) -> dict[str, float]:
    """Medians over the rounds, in seconds a run."""
    for each in contestants:
        await each.carries(2 * AT_ONCE, AT_ONCE)  # whoever is first pays for what all others find open
        await each.told()
    await asyncio.sleep(SETTLE)
    idle = await resting(contestants)
    rounds: dict[str, list[float]] = {each.name: [] for each in contestants}
    for number in range(lab.rounds(2)):
        for each in contestants:
            took = await cost(each, idle[each.name])
            rounds[each.name].append(took)
            lab.tell(f"round {number + 1}: {each.name}: {1000 * took:.1f} ms CPU a run")
    return {name: statistics.median(found) for name, found in rounds.items()}


async def resting(contestants: list[Contestant]) -> dict[str, float]:
    """Processor seconds of each second in which nobody does anything."""
    before = {each.name: each.cpu for each in contestants}
    await asyncio.sleep(IDLE)
    return {each.name: (each.cpu - before[each.name]) / IDLE for each in contestants}


async def cost(contestant: Contestant, idle: float) -> float:
    """Seconds a run."""
    before, began = contestant.cpu, time.monotonic()
    await contestant.carries(RUNS, AT_ONCE)
    await contestant.told()
    await asyncio.sleep(SETTLE)
    return (contestant.cpu - before - idle * (time.monotonic() - began)) / RUNS
