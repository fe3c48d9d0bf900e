"""A batch of a thousand runs without pacing: what a run of it takes, and whether that grows with their number.

    python -m bench --only batches

An API and a worker as users run them, without Prefect, whose share `cost` measures. The batch is told in hundreds:
what each took is held against the first hundred.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass

import httpx2

from bench._lab import Lab, Model, Postgres, Running
from bench._measure import Measure
from bench._plot import Plot
from bench._processes import cpu_seconds, memory
from bench._script import Answer, vision_script
from tests import vision

RUNS, WARM = 1000, 100
AT_ONCE = 10
EVERY = 0.05
FLAT = 1.1
ENV = {"STEPGLASS_RUNS_PER_MINUTE": "1000000", "STEPGLASS_LIVE_RUNS": "1000000"}
"""A tenant's limits would hold it back, as they are to do."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How things stood when `done` runs had ended: the moment, processor seconds and bytes of our processes."""

    done: int
    at: float
    cpu: float
    bytes: int


async def measure(lab: Lab) -> list[Measure]:
    script = {place: Answer(answer.text) for place, answer in vision_script().items()}
    runs = 100 if lab.quick else RUNS
    async with (
        lab.postgres() as postgres,
        lab.model(script) as model,
        lab.stack(postgres, model, prefect=False, env=ENV) as running,
        httpx2.AsyncClient(base_url=running.api, timeout=60) as client,
    ):
        await whole(lab, client, running, postgres, "warm", WARM, WARM)
        await forgotten(model)
        marks = await whole(lab, client, running, postgres, "big", runs, runs // 10)
        began = time.monotonic()
        await whole(lab, client, running, postgres, "big", runs, runs)
        again = time.monotonic() - began
    return measures(lab, marks, again)


async def forgotten(model: Model) -> None:
    """What the model server remembers of calls is not ours to pay for."""
    await model.forget()


async def whole(
    lab: Lab, client: httpx2.AsyncClient, running: Running, postgres: Postgres, name: str, runs: int, each: int
) -> list[Mark]:
    """Carry a batch to its end; a mark at its beginning and whenever `each` more runs have ended."""
    items = [{"key": str(n), "input": {**vision.BRIEF, "company_name": f"{name} {n}"}} for n in range(runs)]
    order = {"name": name, "concurrency": AT_ONCE, "items": items}
    marks = [mark(0, running, postgres)]
    batch = (await client.post("/api/batches", json=order)).raise_for_status().json()["batch_id"]
    while True:
        view = (await client.get(f"/api/batches/{batch}")).raise_for_status().json()
        counts = view.get("counts") or {}
        done = counts.get("complete", 0) + counts.get("failed", 0) + counts.get("cancelled", 0)
        if done >= marks[-1].done + each or (view["status"] == "complete" and done > marks[-1].done):
            marks.append(mark(done, running, postgres))
            if each < runs:
                last, now = marks[-2:]
                lab.tell(f"{done} runs: {(now.done - last.done) / (now.at - last.at):.1f} a second")
        if view["status"] in ("complete", "error", "cancelled"):
            assert counts.get("complete") == runs, f"the batch ended as {view['status']} with {counts}"
            return marks
        await asyncio.sleep(EVERY)


def mark(done: int, running: Running, postgres: Postgres) -> Mark:
    cpu = cpu_seconds(*running.pids, postgres.pid)
    return Mark(done, time.monotonic(), cpu, memory(*running.pids))


def measures(lab: Lab, marks: list[Mark], again: float) -> list[Measure]:
    pairs = list(zip(marks, marks[1:], strict=False))
    rate = [(after.done - before.done) / (after.at - before.at) for before, after in pairs]
    cpu = [1000 * (after.cpu - before.cpu) / (after.done - before.done) for before, after in pairs]
    lab.draw(
        Plot(
            "batch",
            "A batch of a thousand runs",
            "runs that have ended",
            "ms CPU a run",
            {"api, worker and PostgreSQL": [(after.done, took) for (_, after), took in zip(pairs, cpu, strict=True)]},
        )
    )
    first, total = marks[1], marks[-1]
    each = (total.bytes - first.bytes) / max(1, total.done - first.done) / 1000
    against = "the first hundred"
    return [
        Measure("runs a second in a batch", round(total.done / (total.at - marks[0].at), 2), "runs/s"),
        Measure("runs a second, later hundreds", ratio(rate), "times", against, least=0.9),
        Measure("engine cost of a run in a batch", round(statistics.median(cpu), 1), "ms CPU"),
        Measure("engine cost of a run, later hundreds", ratio(cpu), "times", against, most=FLAT),
        Measure("memory that a run of a batch leaves in api and worker", round(each, 2), "KB"),
        Measure(
            "memory of api and worker after all runs", round(total.bytes / first.bytes, 3), "times", against, most=FLAT
        ),
        Measure("the same batch started again: all skipped", round(again, 2), "s"),
    ]


def ratio(windows: list[float]) -> float:
    """The last third over the first."""
    later = windows[-max(1, len(windows) // 3) :]
    return round(statistics.median(later) / windows[0], 3)
