"""From POST to the first event, the first `step_start` and the first token: of a run alone, of one beside nineteen that
are under way, and of twenty that are posted at the same moment.

The bare loop makes one call and streams it, and says that it has begun before it makes it; a run of ours makes its
first calls. Both have one model, whose first token comes at once and the others at 20 a second. Contestants take turns;
each figure is the median over all starts.

What is aimed at for the first event is aimed at for runs that come one by one. Of twenty in one moment most wait for
each other, at the bare loop as well: there it is told how much longer ours wait.
"""

import asyncio
import math
import statistics
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from bench._lab import Lab, Model, Rival, Running
from bench._measure import Measure
from bench._plot import Plot
from bench._script import BRIEF, Answer, Script, vision_script
from bench._viewer import Frame, viewer

BARE = "the bare loop"
LABELS = ("Stepglass", "bare loop")
MANY = 20
ASKED, EVENT, STEP, TOKEN = "model asked", "first event", "first step_start", "first token"
MARKS = {EVENT: b'"type":"', STEP: b'"type":"step_start"', TOKEN: b'"type":"model_chunk"'}
BARE_MARKS = {EVENT: b'"run"', TOKEN: b'"text"'}

Start = dict[str, float]
"""Milliseconds after the POST, by what was seen."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """`start` a run, leave it when it has begun; `under_way`: so many runs that somebody watches."""

    start: Callable[[], Awaitable[Start]]
    stream: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def under_way(self, many: int) -> AsyncGenerator[None]:
        watching = [asyncio.ensure_future(self.stream()) for _ in range(many)]
        await asyncio.sleep(1.5 if many else 0)  # what they begin with is over by then
        try:
            yield
        finally:
            for each in watching:
                each.cancel()
            for ended in await asyncio.gather(*watching, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended


async def measure(lab: Lab) -> list[Measure]:
    found: list[Measure] = []
    async with lab.postgres() as postgres, lab.model(script()) as model:
        async with lab.rival("bare_loop", "--model", model.url, http=True) as bare, lab.stack(postgres, model) as stack:
            both = (ours_of(stack, model), bare_of(bare, model))
            for each in both:  # the first runs of a process pay for what all others find open
                await one_by_one(each, 3)
                await at_once(each, MANY)
            rounds = lab.rounds(4)
            found += told(lab, "1 run at once", await taken(rounds, both, one_by_one, 8), aim=True)
            found += told(lab, f"{MANY} runs at once", await taken(rounds, both, beside_others, 6), aim=True)
            found += told(lab, f"{MANY} posted in one moment", await taken(rounds, both, at_once, MANY), aim=False)
    return found


def script() -> Script:
    """No run ends while it is looked at: they are cancelled."""
    answers = vision_script()
    return answers | {
        "brief": Answer(BRIEF * 10, every=0.05),
        "framework": Answer(answers["framework"].text, every=0.25),
    }


async def taken(
    rounds: int,
    both: Sequence[Contestant],
    how: Callable[[Contestant, int], Awaitable[list[Start]]],
    count: int,
) -> list[dict[str, float]]:
    """The medians of each contestant; they take turns, the other way round every second time."""
    found: list[list[Start]] = [[] for _ in both]
    for number in range(rounds):
        for which in range(len(both)) if number % 2 else reversed(range(len(both))):
            found[which] += await how(both[which], count)
            await asyncio.sleep(0.3)  # what was left ends meanwhile
    return [{name: statistics.median(start[name] for start in starts) for name in starts[0]} for starts in found]


async def one_by_one(contestant: Contestant, count: int) -> list[Start]:
    return [await contestant.start() for _ in range(count)]


async def beside_others(contestant: Contestant, count: int) -> list[Start]:
    async with contestant.under_way(MANY - 1):
        return await one_by_one(contestant, count)


async def at_once(contestant: Contestant, count: int) -> list[Start]:
    return await asyncio.gather(*(contestant.start() for _ in range(count)))


def ours_of(stack: Running, model: Model) -> Contestant:
    async def start() -> Start:
        async with viewer(stack.api) as watching:
            run_id, frames = await watching.start()
            seen = await first(frames, MARKS)
            await watching.cancel(run_id)
        return await with_call(model, run_id, seen, watching.posted)

    async def stream() -> None:
        async with viewer(stack.api) as watching:
            run_id, frames = await watching.start()
            try:
                await to_the_end(frames)
            finally:
                await watching.cancel(run_id)

    return Contestant(start, stream)


def bare_of(bare: Rival, model: Model) -> Contestant:
    numbers = iter(range(1_000_000))

    async def start() -> Start:
        run = f"bare-{next(numbers)}"
        async with viewer(bare.url) as watching:
            seen = await first(await watching.start_bare(run, [["brief"]]), BARE_MARKS)
        return await with_call(model, run, seen, watching.posted)

    async def stream() -> None:
        async with viewer(bare.url) as watching:
            await to_the_end(await watching.start_bare("beside", [["brief"]]))

    return Contestant(start, stream)


async def to_the_end(frames: AsyncGenerator[Frame]) -> None:
    async with aclosing(frames):
        async for _ in frames:
            pass


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
    asked: float = min(call["asked"] for call in await model.calls_of(run))
    return {name: (moment - posted) * 1000 for name, moment in {ASKED: asked, **seen}.items()}


def told(lab: Lab, what: str, medians: list[dict[str, float]], *, aim: bool) -> list[Measure]:
    ours, bare = medians
    names = [EVENT, STEP, ASKED, TOKEN]
    series = {
        label: [(0.0, each.get(name, math.nan)) for name in names] for label, each in zip(LABELS, medians, strict=True)
    }
    lab.draw(Plot(f"start-{what.replace(' ', '-')}", f"From POST: {what}", "", "ms", series, "bars", names))
    event = Measure(f"POST to {EVENT}, {what}", ours[EVENT], "ms", most=15)
    if not aim:
        event = Measure(f"POST to {EVENT}, {what}", ours[EVENT] - bare[EVENT], "ms behind", BARE)
    return [
        event,
        Measure(f"POST to {STEP}, {what}", ours[STEP], "ms"),
        Measure(f"POST to the model's first request, {what}", ours[ASKED], "ms"),
        Measure(f"POST to {TOKEN}, {what}", ours[TOKEN] - bare[TOKEN], "ms behind", BARE, most=150),
        Measure(f"POST to {TOKEN}, {what}: the bare loop itself", bare[TOKEN], "ms"),
    ]
