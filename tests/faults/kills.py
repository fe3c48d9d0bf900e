"""The promises under fire: real processes are killed at random while runs go on and are watched.

    python -m tests.faults.kills --kills 200 --runs 20 --viewers 40 --seed 7

Says how it goes, and in the end prints one table. The exit code is 1 when anything that must be 0 is not, or fewer than
95 of 100 runs were complete. The seed gives the kills, the runs and the manners of the viewers; what chance adds to it
is the machine's.
"""

import argparse
import asyncio
import json
import logging
import random
import shutil
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from events.store import open_store
from tests.clusters import open_folder
from tests.faults.kills_client import open_api
from tests.faults.kills_killer import Death, Killer, planned
from tests.faults.kills_load import Load
from tests.faults.kills_report import Report
from tests.faults.kills_stack import open_site
from tests.faults.kills_verdict import Calls, Verdict
from tests.faults.kills_viewers import Viewer

DRAIN = 300.0
"""Seconds after the last kill by which every run must have ended; on a calm machine it is one run's length."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much. `gap` is the mean of the seconds between two kills; a piece of the model's text comes `every` seconds,
    and an answer takes `length` times as long as it does by default."""

    kills: int = 200
    runs: int = 20
    viewers: int = 40
    seed: int = 0
    workers: int = 3
    apis: int = 2
    gap: float = 3.5
    every: float = 0.15
    length: float = 1.0


async def kill(plan: Plan, say: "Progress", logs: Path | None = None) -> Report:
    """Start everything, kill, wait for every end, look at all of it. What the processes said is left in `logs`."""
    began = time.monotonic()
    chance = Random(plan.seed)
    rngs = {name: Random(chance.random()) for name in ("site", "load", "api", "kills", "viewers")}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(open_folder("stepglass-kills-"))
        say(f"seed {plan.seed}; starting {plan.apis} APIs, {plan.workers} workers, PostgreSQL, Prefect, a model")
        stack.callback(_keep, folder, logs)
        how = {"workers": plan.workers, "apis": plan.apis}
        opening = open_site(folder, rngs["site"], **how, every=plan.every, length=plan.length)
        site = await stack.enter_async_context(opening)
        store = await stack.enter_async_context(open_store(site.stack.database_url))
        api = await stack.enter_async_context(open_api(site.ports, rngs["api"]))
        load = Load(api, rngs["load"])
        verdict = Verdict(store.log, Calls(site.account))
        report = Report(plan.seed, load, verdict, site)

        def did(death: Death) -> None:
            report.deaths.append(death)
            for words in report.news:
                say(f"! {words}")
            say.now(f"{len(report.deaths)}/{plan.kills} {death.kill.how} {death.name}; {report.brief}")

        killer = Killer(site, planned(plan.kills, plan.gap, rngs["kills"]), lambda: len(load.live), did)
        async with asyncio.TaskGroup() as group:
            going = group.create_task(load.go(plan.runs))
            for n in range(plan.viewers):
                rng = Random(rngs["viewers"].random())
                group.create_task(Viewer(f"viewer {n + 1}", site.ports, rng, load.choose, verdict.viewing).watch())
            judging = group.create_task(_judge(load, verdict))
            await load.busy(plan.runs)
            await killer.go()
            say.now("that was the last one; waiting for every run to end", keep=True)
            load.stop()
            async with asyncio.timeout(DRAIN):
                await going
            await judging
        verdict.close(load.records)
        report.stubborn = killer.stubborn
        report.seconds = time.monotonic() - began
    return report


def _keep(folder: Path, logs: Path | None) -> None:
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
        for file in (*folder.glob("*.log"), *folder.glob("*.jsonl"), *folder.glob("postgres/server.log")):
            shutil.copy(file, logs)


async def _judge(load: Load, verdict: Verdict) -> None:
    """Look at each run once, soon after its end; return when all have been."""
    judged: set[str] = set()
    while True:
        over = [record for record in load.records.values() if record.seconds and record.run_id not in judged]
        for record in over:
            judged.add(record.run_id)
            await verdict.run(record)
        if not over and load.over:
            return
        await asyncio.sleep(0.5)


async def _stoppable(work: Coroutine[Any, Any, Report]) -> Report:
    """Ended by SIGTERM as by Ctrl-C: nothing that was started is left."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


class Progress:
    """Lines that stay; and in a terminal one that changes."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        self._write(text, "\n")

    def now(self, text: str, *, keep: bool = False) -> None:
        self._write(text, "" if self._terminal and not keep else "\n")

    def _write(self, text: str, end: str) -> None:
        seconds = time.monotonic() - self._began
        start = "\r\x1b[K" if self._terminal else ""
        sys.stderr.write(f"{start}{seconds:6.1f} s  {text}{end}")
        sys.stderr.flush()


def parsed(arguments: list[str] | None = None) -> tuple[Plan, Path | None, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=(__doc__ or "").split("\n")[0])
    plan = Plan()
    for name, words in {
        "kills": "how many",
        "runs": "runs that are live at any time",
        "viewers": "viewers at any time",
        "workers": "workers",
        "apis": "replicas of the API",
        "gap": "seconds between two kills, in the mean",
        "every": "seconds between two pieces of the model's text",
        "length": "how long the model takes for an answer",
    }.items():
        default = getattr(plan, name)
        kind = float if name in ("gap", "every", "length") else int
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{words} ({default})")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats the same kills")
    parser.add_argument("--json", type=Path, help="writes all of it to this file, too")
    parser.add_argument("--logs", type=Path, help="leaves what every process said in this folder")
    given = vars(parser.parse_args(arguments))
    file, logs = given.pop("json"), given.pop("logs")
    return Plan(**given), file, logs


def main() -> int:
    plan, file, logs = parsed()
    # The store of our own loses its server as often as the others; what it says of that is no news here.
    logging.disable(logging.CRITICAL)
    try:
        report = asyncio.run(_stoppable(kill(plan, Progress(), logs)))
    except asyncio.CancelledError:
        return 130
    sys.stdout.write(report.table)
    if file is not None:
        file.write_text(json.dumps(report.plain, indent=2) + "\n")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
