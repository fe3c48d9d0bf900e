"""From the model's sending of a token to the viewer's having it: 1, 20 and 100 runs write 20 tokens a second each.

Every token carries the moment at which the model sent it, and its number: none may be missing. All runs of a round
write the whole time that is measured, each has one viewer, and all viewers are one process. The bare loop makes the
same call of the same model, and its viewer has what the openai client has read, as soon as it can be written.
"""

import asyncio
import json
import statistics
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench._lab import Lab
from bench._measure import Measure
from bench._plot import Plot
from bench._processes import cpu_seconds
from bench._script import Answer, Script, vision_script
from bench._words import words
from tests import vision
from tests.e2e.stack import ROOT

BARE = "the bare loop"
EVERY = 0.05
AIMS: dict[int, tuple[float, float]] = {1: (3, 15), 20: (8, 60), 100: (40, 300)}
"""By runs at once: how many ms the median and the 99th percentile may be behind the bare loop's."""
ROUNDS = {1: 3, 20: 2, 100: 2}
SECONDS = 4.0
OVER = 1.5
"""Seconds in which the runs of a round begin: they do not write in step."""
SETTLE = 1.0
STARTED = 0.05
"""Seconds for each run of ours until all that belongs to a start is done: Prefect is told of it while it writes."""


@dataclass(slots=True)
class Seen:
    """Of one contestant, over all rounds: delays in ms, in order of size, and how often a viewer was written to."""

    delays: list[float] = field(default_factory=list[float])
    writes: int = 0

    def add(self, told: dict[str, Any]) -> None:
        self.delays = sorted(self.delays + told["delays"])
        self.writes += told["writes"]

    @property
    def median(self) -> float:
        return statistics.median(self.delays)

    @property
    def p99(self) -> float:
        return self.delays[int(len(self.delays) * 0.99)]

    @property
    def merged(self) -> float:
        """Tokens that came with one write."""
        return len(self.delays) / self.writes


def script() -> Script:
    """The framework's call writes on and on; the brief is there at once, so that each run makes one call."""
    # Enough for the slowest start of all; what is not written is not missed.
    endless = Answer(words(20 * 90), every=EVERY, stamped=True)
    return {**vision_script(), "framework": endless}


async def measure(lab: Lab) -> list[Measure]:
    found: list[Measure] = []
    seen: dict[int, tuple[Seen, Seen]] = {}
    async with lab.postgres() as postgres, lab.model(script()) as model:
        async with lab.rival("bare_loop", "--model", model.url, http=True) as bare, lab.stack(postgres, model) as stack:
            await in_turn(
                stack.api, bare.url, 5, 0.5, 1
            )  # the first runs of a process pay for what all others find open
            for many in AIMS:
                rounds = lab.rounds(ROUNDS[many])
                busy = cpu_seconds(*stack.pids, postgres.pid)
                seen[many] = await in_turn(stack.api, bare.url, many, SECONDS, rounds)
                lab.tell(f"{many}: {cpu_seconds(*stack.pids, postgres.pid) - busy:.1f} s of processor time for ours")
                found += told(lab, many, *seen[many])
    picture(lab, seen)
    return found


async def in_turn(ours: str, bare: str, many: int, seconds: float, rounds: int) -> tuple[Seen, Seen]:
    """`many` runs at once, round after round; ours, and the bare loop's."""
    given = {"pipeline": "vision_framework", "input": vision.BRIEF}
    all_seen = Seen(), Seen()
    calls = [{"run": f"bare-{number}", "steps": [["framework"]]} for number in range(many)]
    contestants = [
        (all_seen[0], ours, "/api/runs", [given] * many, SETTLE + STARTED * many),
        (all_seen[1], bare, "/runs", calls, SETTLE),
    ]
    for number in range(rounds):
        for seen, url, path, bodies, before in contestants[:: -1 if number % 2 else 1]:
            order = {"port": urlsplit(url).port, "path": path, "bodies": bodies}
            seen.add(await viewers({**order, "over": OVER, "before": before, "seconds": seconds}))
    return all_seen


async def viewers(order: dict[str, Any]) -> dict[str, Any]:
    """What `bench._token_viewers` says. Raises `RuntimeError` with its complaint, as when a token is missing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench._token_viewers",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await process.communicate(json.dumps(order).encode() + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"The viewers ended: {complaint.decode(errors='replace')[-2000:]}")
    return json.loads(said)


def told(lab: Lab, many: int, ours: Seen, bare: Seen) -> list[Measure]:
    at_once = f"{many} {'runs' if many > 1 else 'run'} at once"
    name = "model sends a token → viewer has it"
    median, p99 = AIMS[many]
    lab.tell(
        f"{many}: {len(ours.delays)} tokens, {ours.merged:.2f} a write; bare {len(bare.delays)}, {bare.merged:.2f}"
    )
    return [
        Measure(f"{name}, median, {at_once}", ours.median - bare.median, "ms behind", BARE, most=median),
        Measure(f"{name}, p99, {at_once}", ours.p99 - bare.p99, "ms behind", BARE, most=p99),
        Measure(f"{name}, median, {at_once}", bare.median, "ms of the bare loop"),
        Measure(f"{name}, p99, {at_once}", bare.p99, "ms of the bare loop"),
    ]


def picture(lab: Lab, seen: dict[int, tuple[Seen, Seen]]) -> None:
    names = [f"{part}, {many} at once" for many in seen for part in ("median", "p99")]
    series = {
        name: [(0.0, value) for both in seen.values() for value in (both[which].median, both[which].p99)]
        for which, name in enumerate(("Stepglass", "bare loop"))
    }
    lab.draw(Plot("tokens", "From the model's token to the viewer", "", "ms", series, "bars", names))
