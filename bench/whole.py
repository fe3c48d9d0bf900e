"""A whole run at the original's pace, ten times faster: against the original's order, one step after the other, and
against the longest chain of its own model calls.

The framework comes with a flaw, so that the validation's second is a call for both. What is timed is what a viewer
sees, from the POST to the last event. The original is the bare loop, which does nothing but ask and stream.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from bench._lab import Lab, Model, Rival, Running
from bench._measure import Measure
from bench._plot import Plot
from bench._script import original, vision_script
from bench._viewer import Frame, viewer
from steps.vision_framework.document import SECTION_NAMES

ORIGINAL = "the sequential original"
ORDER = [["brief"], ["framework"], ["validation"], ["one_pager"], ["qa"], [f"scoring/{name}" for name in SECTION_NAMES]]


async def measure(lab: Lab) -> list[Measure]:
    ours, theirs, chains = list[float](), list[float](), list[float]()
    async with lab.postgres() as postgres, lab.model(vision_script()) as model:
        async with lab.rival("bare_loop", "--model", model.url, http=True) as bare, lab.stack(postgres, model) as stack:
            for _ in range(3):  # the first runs of a process pay for what all others find open
                await run_ours(stack, model)
                await run_original(bare)
            await model.plays(vision_script(original(), repair=True))
            for number in range(lab.rounds(3)):
                theirs.append(await run_original(bare))
                took, chain = await run_ours(stack, model)
                ours.append(took)
                chains.append(chain)
                lab.tell(f"round {number + 1}: {took:.3f} s, calls {chain:.3f} s, original {theirs[-1]:.3f} s")
    return told(lab, ours, theirs, chains)


def told(lab: Lab, ours: list[float], theirs: list[float], chains: list[float]) -> list[Measure]:
    took, before = statistics.median(ours), statistics.median(theirs)
    beside = statistics.median([run / chain for run, chain in zip(ours, chains, strict=True)])
    values = {"": [(0, took), (0, statistics.median(chains)), (0, before)]}
    labels = ["Stepglass", "its longest chain of calls", "the sequential original"]
    lab.draw(Plot("whole", "A whole run, ten times faster than the original", "", "s", values, "bars", labels))
    return [
        Measure("whole run at the original's pace, 10 times faster", took, "s"),
        Measure("whole run", took / before, "", ORIGINAL, most=0.60),
        Measure("whole run", beside, "", "critical path of its model calls", most=1.03),
    ]


async def run_ours(stack: Running, model: Model) -> tuple[float, float]:
    """Seconds of one of our runs, and of the longest chain of its calls."""
    async with viewer(stack.api) as watching:
        run_id, frames = await watching.start()
        ended = await until(frames, b'"type":"complete"')
    return ended - watching.posted, longest_chain([call for call in await model.calls() if call["run"] == run_id])


async def run_original(bare: Rival) -> float:
    async with viewer(bare.url) as watching:
        frames = await watching.start_bare("original", ORDER)
        return await until(frames, b"{}") - watching.posted


async def until(frames: AsyncGenerator[Frame], wanted: bytes, seconds: float = 60.0) -> float:
    """When the event came in which `wanted` stands. Raises `RuntimeError` when the stream ends without it."""
    async with asyncio.timeout(seconds), aclosing(frames):
        async for moment, data in frames:
            if wanted in data:
                return moment
            if b'"type":"error"' in data:
                raise RuntimeError(f"The run failed: {data[:500]!r}")
    raise RuntimeError(f"The stream ended without {wanted!r} at {time.monotonic()}.")


def longest_chain(calls: list[dict[str, Any]]) -> float:
    """Seconds of the calls that must follow each other: framework, repairs, then what needs the valid framework. The
    brief's calls are a chain of their own."""

    def longest(*steps: str) -> float:
        return max((call["last"] - call["asked"] for call in calls if call["step"] in steps), default=0.0)

    repairs = sum(call["last"] - call["asked"] for call in calls if call["step"] == "validation")
    return max(longest("brief"), longest("framework") + repairs + longest("one_pager", "qa", "scoring"))
