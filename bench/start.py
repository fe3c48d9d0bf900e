"""From POST to the first event, the first `step_start` and the first token, one run alone and twenty at once.

The bare loop makes one call and streams it; a run of ours makes its first calls. Both have one model, which sends its
first token at once and the others at 20 a second. Contestants take turns; each figure is the median over all runs.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from bench._lab import Lab, Model, Rival, Running
from bench._measure import Measure
from bench._plot import Plot
from bench._script import Answer, vision_script
from bench._viewer import Frame, viewer

BARE = "the bare loop"
AT_ONCE = (1, 20)
ASKED, EVENT, STEP, TOKEN = "model asked", "first event", "first step_start", "first token"
MARKS = {EVENT: b'"type":"', STEP: b'"type":"step_start"', TOKEN: b'"type":"model_chunk"'}
BARE_MARKS = {TOKEN: b'"text"'}


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds after the POST, by what was seen."""

    seen: dict[str, float]


async def measure(lab: Lab) -> list[Measure]:
    script = vision_script()
    # What the run does after its first tokens is not looked at: it goes on at a model's pace, and is cancelled.
    script |= {step: Answer(script[step].text, every=0.05) for step in ("brief", "framework")}
    found: list[Measure] = []
    async with lab.postgres() as postgres, lab.model(script) as model:
        async with lab.rival("bare_loop", "--model", model.url, http=True) as bare, lab.stack(postgres, model) as stack:
            ours, theirs = contestants(stack, bare, model)
            await rounds(lab, 2, 1, ours, theirs)  # the first runs of a process pay for what all others find open
            for many in AT_ONCE:
                got, bare_got = await rounds(lab, lab.rounds(30 if many == 1 else 6, 3), many, ours, theirs)
                found += told(lab, many, medians(got), medians(bare_got))
    return found


Contestant = Callable[[], Awaitable[Start]]


def contestants(stack: Running, bare: Rival, model: Model) -> tuple[Contestant, Contestant]:
    numbers = iter(range(1_000_000))

    async def ours() -> Start:
        async with viewer(stack.api) as watching:
            run_id, frames = await watching.start()
            seen = await first(frames, MARKS)
            await watching.cancel(run_id)
        return await with_call(model, run_id, seen, watching.posted)

    async def theirs() -> Start:
        run = f"bare-{next(numbers)}"
        async with viewer(bare.url) as watching:
            seen = await first(await watching.start_bare(run, [["brief"]]), BARE_MARKS)
        return await with_call(model, run, seen, watching.posted)

    return ours, theirs


async def first(frames: AsyncGenerator[Frame], marks: dict[str, bytes], seconds: float = 60.0) -> dict[str, float]:
    """When each of the marks was first seen."""
    seen: dict[str, float] = {}
    async with asyncio.timeout(seconds), aclosing(frames):
        async for moment, data in frames:
            for name, mark in marks.items():
                if name not in seen and mark in data:
                    seen[name] = moment
            if len(seen) == len(marks):
                return seen
    raise RuntimeError(f"The stream ended; seen were {', '.join(seen) or 'no events'} of {', '.join(marks)}.")


async def with_call(model: Model, run: str, seen: dict[str, float], posted: float) -> Start:
    """With the moment at which the model had the first request of the run."""
    calls = await model.calls_of(run)
    moments: dict[str, Any] = {ASKED: min(call["asked"] for call in calls), **seen}
    return Start({name: (moment - posted) * 1000 for name, moment in moments.items()})


async def rounds(lab: Lab, count: int, many: int, *contestants: Contestant) -> tuple[list[Start], list[Start]]:
    """So many rounds of `many` runs at once, the contestants in turn; the other way round every second time."""
    found: tuple[list[Start], list[Start]] = ([], [])
    for number in range(count):
        for which in (0, 1) if number % 2 else (1, 0):
            found[which].extend(await asyncio.gather(*(contestants[which]() for _ in range(many))))
            await asyncio.sleep(0.1)  # what was cancelled ends meanwhile
    return found


def medians(starts: list[Start]) -> dict[str, float]:
    return {name: statistics.median(start.seen[name] for start in starts) for name in starts[0].seen}


def told(lab: Lab, many: int, ours: dict[str, float], bare: dict[str, float]) -> list[Measure]:
    at_once = f"{many} {'runs' if many > 1 else 'run'} at once"
    names = [EVENT, STEP, ASKED, TOKEN]
    series = {"Stepglass": [(0.0, ours[name]) for name in names]}
    series["bare loop"] = [(0.0, bare.get(name, 0.0)) for name in names]
    lab.draw(Plot(f"start-{many}", f"From POST, {at_once}", "", "ms", series, "bars", names))
    return [
        Measure(f"POST to first event, {at_once}", ours[EVENT], "ms", most=15),
        Measure(f"POST to first step_start, {at_once}", ours[STEP], "ms"),
        Measure(f"POST to the model's first request, {at_once}", ours[ASKED], "ms"),
        Measure(f"POST to first token, {at_once}", ours[TOKEN] - bare[TOKEN], "ms behind", BARE, most=150),
        Measure(f"POST to first token, {at_once}", bare[TOKEN], "ms of the bare loop"),
    ]
