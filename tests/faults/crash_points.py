"""Dies at every point of every story, once each, and checks what is left.

    python -m tests.faults.crash_points                     # 40 points, drawn
    python -m tests.faults.crash_points --seed 7             # the same 40 again
    python -m tests.faults.crash_points --all                # every point of every story
    python -m tests.faults.crash_points --only append.step_complete.before:3 --story plain

A story is told once without a death: that gives the points, by name and number. Then it is told again for each of
them; the process is killed there, started again, and what is in the log, what the model was asked for and what the
viewers saw is held against the promises (`tests.check_history`).
"""

import argparse
import asyncio
import logging
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from events import migrations
from events.contract import StepRetry
from events.embedded import embedded_postgres
from events.log import Entry
from steps.errors import SET_ASIDE, WORKER_LOST
from tests.check_history import ModelCall, check_history
from tests.e2e.stack import prefect_env
from tests.faults.lanes import PATIENCE, Lane, Part, open_lane, open_nursery, open_prefect
from tests.faults.stories import STORIES, Stage, Story
from tests.faults.viewers import sight
from tests.scripted_model import LoggedCall

log = logging.getLogger("stepglass.points")

TEMPLATE = "stepglass_points"
EVERY_CHUNK = "chunk.letter"
"""Of this point every visit is a death of its own, in `--all`; of the others the first, the middle and the last."""
OPERATORS = ("prefect.", "update.runs.")
"""Points that are there for operators alone."""
NATURAL = 0.1
"""How often the lease of a dead worker is left to run out by itself; else it is ended once the worker is dead."""
PAID_TWICE = re.compile(r"a model call for .*(complete at|a checkpoint of|taken over)")
BROKEN_OFF = (WORKER_LOST, SET_ASIDE)
"""Why an attempt is withdrawn whose worker is gone; the second where the run was paused or asked meanwhile."""
PATHS = {"cards": "/cards/{}", "scoring": "/scores/{}"}


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The n-th visit of a point in a story."""

    story: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.story} {self.name}:{self.number}"


@dataclass
class Verdict:
    """What came of one telling. `died`: the process got as far as its point."""

    story: str
    point: Point | None
    died: bool = False
    seconds: float = 0.0
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    endless: int = 0
    paid_twice: int = 0
    wrong: list[str] = field(default_factory=list[str])
    visits: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[tuple[str, str | None]] = field(default_factory=Counter[tuple[str, str | None]])
    length: int = 60


async def told(
    lane: Lane, story: Story, point: Point | None, seed: int, clean: Verdict | None = None, like: Verdict | None = None
) -> Verdict:
    """Tell a story, with a death at `point`. `clean` is what came of it without one, `like` of one with more calls."""
    stage = Stage(lane, random.Random(f"{seed} {point}"), length=clean.length if clean else 60)
    verdict, started = Verdict(story.name, point), time.monotonic()
    prepared: set[UUID] = set()
    try:
        async with asyncio.timeout(2 * PATIENCE):
            if story.prepare:
                await lane.going("api")
                await lane.going("worker")
                await story.prepare(stage)
                prepared = set(stage.runs)
            lane.model.forget()
            await _acted(stage, story, verdict)
    except TimeoutError:
        stage.wrong.append("it was not over in time")
    except Exception as error:  # one telling that fails by itself keeps no other from being told
        stage.wrong.append(f"{type(error).__name__}: {error}")
    finally:
        for task in stage.watching:
            task.cancel()
        await asyncio.gather(*stage.watching, return_exceptions=True)
    await _judge(stage, story, verdict, prepared, like or clean)
    verdict.seconds = time.monotonic() - started
    return verdict


async def _acted(stage: Stage, story: Story, verdict: Verdict) -> None:
    """The story itself, by a process that dies in it and one that comes after it."""
    lane, point = stage.lane, verdict.point
    natural = point is not None and stage.draw.random() < NATURAL
    env = {**story.env, "STEPGLASS_LEASE": "1" if natural else "10"}
    how: dict[str, Any] = {"set": story.set, "env": env, "plant": story.plant}
    for other in {"api", "worker"} - {story.armed}:
        await lane.going(other)
    how["crash_at"] = point and f"{point.name}:{point.number}"
    armed = await lane.start(story.armed, **how)
    following = asyncio.create_task(_follow(stage, story, armed, verdict, natural=natural, **how))
    acting = asyncio.create_task(story.act(stage))
    try:
        # Who follows is never done as long as it is needed: if it is, it has failed.
        await asyncio.wait([acting, following], return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
        await acting
        verdict.visits = Counter(armed.visits)
    finally:
        for task in (acting, following):
            task.cancel()
        await asyncio.gather(acting, following, return_exceptions=True)
        if story.armed != "vacuum":
            verdict.died = verdict.died or (armed.ended.done() and armed.ended.result() == -9)
        await lane.stop(story.armed)


async def _follow(stage: Stage, story: Story, armed: Part, verdict: Verdict, *, natural: bool, **how: Any) -> None:
    """Wait for the death, start the process again, and let its leases end. Never returns."""
    lane, part, dead = stage.lane, armed, list[Part]()
    crash_at = how.pop("crash_at")
    while True:
        if part.ended.done() and part.ended.result() == -9:
            verdict.died = True
            dead.append(part)
            part = await lane.start(part.name, crash_at=crash_at if len(dead) < story.deaths else None, **how)
        elif part.ended.done() and part.ended.result() != 0:
            raise AssertionError(f"the {part.name} ended with {part.ended.result()}: {part.output.read_text()[-2000:]}")
        for each in dead if story.armed == "worker" and not natural else ():
            # Again and again: what it had said to the database in its last moment may be done only now.
            await lane.expire(each)
        if part.ended.done():
            await asyncio.sleep(0.1)
        else:
            await asyncio.wait([part.ended], timeout=0.1)


async def _judge(stage: Stage, story: Story, verdict: Verdict, prepared: set[UUID], clean: Verdict | None) -> None:
    entries: dict[UUID, list[Entry]] = {}
    epochs: dict[UUID, list[int | None]] = {}
    for run_id, viewers in stage.runs.items():
        if story.name == "forgotten":
            continue
        entries[run_id] = log = await whole(stage.lane, run_id)
        rows = await stage.lane.sql("SELECT epoch FROM stepglass.events WHERE run_id = $1 ORDER BY seq", run_id)
        epochs[run_id] = [row[0] for row in rows] if len(rows) == len(log) else []
        verdict.runs += 1
        final = log[-1].type if log and log[-1].final else None
        verdict.endless += final is None
        if final is None:
            stage.wrong.append(await _state(stage.lane, run_id, log))
        if run_id not in prepared:
            stage.expect(final in story.ends, f"run {run_id} ended in {final}")
            verdict.length = len(log)
        for viewer in viewers:
            seen = sight(viewer.seen, viewer.after, len(log))
            verdict.lost += seen.lost
            verdict.doubled += seen.doubled
            verdict.reordered += seen.reordered
            stage.expect(not viewer.gaps, f"a viewer of run {run_id} was told of a gap")
            stage.expect(viewer.ended, f"a viewer of run {run_id} was not told of its end")
    calls = [call_of(call) for call in stage.lane.model.calls if call.run]
    made = [call for call in calls if call.run_id in entries]
    stage.expect(len(made) == len(calls) or story.name == "forgotten", "a model call of a run that nobody accepted")
    readers = [viewer.reader for run_id in entries for viewer in stage.runs[run_id]]
    try:
        check_history(entries, made, readers, max_attempts=3, calls_per_attempt=story.calls, epochs=epochs, ended=True)
    except AssertionError as error:
        stage.wrong += str(error).split("\n")[1:]
    verdict.calls = Counter((call.step, call.lane) for call in made)
    verdict.paid_twice = sum(bool(PAID_TWICE.search(words)) for words in stage.wrong)
    if clean is not None:
        verdict.paid_twice += _too_many(clean.calls, verdict.calls, entries.values(), stage)
    verdict.wrong = stage.wrong


def _too_many(
    clean: Counter[tuple[str, str | None]],
    made: Counter[tuple[str, str | None]],
    logs: Iterable[Sequence[Entry]],
    stage: Stage,
) -> int:
    """Calls beyond those of a telling without a death, and one for each attempt that broke off with its worker."""
    withdrawn: Counter[tuple[str, str | None]] = Counter()
    for entry in (entry for log in logs for entry in log):
        if isinstance(event := entry.event, StepRetry) and event.data.problem.type in BROKEN_OFF:
            withdrawn[event.step, event.lane] += 1
    found = 0
    for (step, lane), count in made.items():
        most = clean[step, lane] + withdrawn[step, lane] + (withdrawn[step, None] if lane else 0)
        if clean and count > most:
            stage.wrong.append(f"{count} calls for '{step}' {lane or ''}, and {most} are all that are needed")
            found += count - most
    return found


def call_of(call: LoggedCall) -> ModelCall:
    path = PATHS[call.step].format(call.lane) if call.step in PATHS and call.lane else None
    return ModelCall(UUID(call.run), call.step or "", call.attempt, call.lane, call.at_ms, path)


async def _state(lane: Lane, run_id: UUID, log: Sequence[Entry]) -> str:
    """Where a run stands that has not ended. It is ended now, so that it is in nobody's way."""
    columns = "status, epoch, losses, holder, lease_until, wake_at, parked_at, clock_timestamp() AS now"
    rows = await lane.sql(f"SELECT {columns} FROM stepglass.runs WHERE run_id = $1", run_id)
    await lane.sql(
        "UPDATE stepglass.runs SET lease_until = '-infinity' WHERE run_id = $1 AND holder IS NOT NULL", run_id
    )
    await lane.store.runs.request_cancel(run_id, "default")
    return f"run {run_id} goes on: {[dict(row) for row in rows]}; its log ends in {[each.type for each in log[-12:]]}"


async def whole(lane: Lane, run_id: UUID) -> list[Entry]:
    entries: list[Entry] = []
    while page := await lane.store.log.read(run_id, entries[-1].seq if entries else 0):
        entries += page
    return entries


def told_with(*, prefect: bool) -> list[Story]:
    """The stories with a Prefect server, or those without."""
    return [story for story in STORIES.values() if story.prefect == prefect]


def enumerated(story: str, visits: Counter[str]) -> Iterator[Point]:
    """Every point of a clean telling: of each name the first, the middle and the last visit, and of one step's chunks
    all."""
    for name, times in sorted(visits.items()):
        if STORIES[story].prefect and not name.startswith(OPERATORS):
            continue  # without a Prefect it is the same point
        every = range(1, times + 1) if name == EVERY_CHUNK else sorted({1, (times + 1) // 2, times})
        yield from (Point(story, name, number) for number in every)


def drawn(cleans: dict[str, Verdict], count: int, seed: int) -> list[Point]:
    """`count` points: as many names as there are, in all stories, before one comes twice."""
    draw = random.Random(seed)
    names: dict[str, list[str]] = {}
    for story, clean in sorted(cleans.items()):
        for name in sorted(clean.visits):
            names.setdefault(name, []).append(story)
    found: set[Point] = set()
    for _ in range(10 * count):
        for name in draw.sample(sorted(names), len(names)):
            story = draw.choice(names[name])
            found.add(Point(story, name, draw.randint(1, cleans[story].visits[name])))
            if len(found) == count:
                return sorted(found, key=str)
    return sorted(found, key=str)


@dataclass
class Table:
    """What came of all tellings, and how it is printed."""

    seed: int
    verdicts: list[Verdict] = field(default_factory=list[Verdict])

    @property
    def broken(self) -> list[Verdict]:
        return [each for each in self.verdicts if each.wrong or each.lost or each.doubled or each.endless]

    def __str__(self) -> str:
        rows = [
            ("points", len({each.point and (each.point.story, each.point.name) for each in self.verdicts})),
            ("tellings", len(self.verdicts)),
            ("crashes", sum(each.died for each in self.verdicts)),
            ("runs", sum(each.runs for each in self.verdicts)),
            ("events lost", sum(each.lost for each in self.verdicts)),
            ("doubled", sum(each.doubled for each in self.verdicts)),
            ("reordered", sum(each.reordered for each in self.verdicts)),
            ("runs without last word", sum(each.endless for each in self.verdicts)),
            ("steps paid twice", sum(each.paid_twice for each in self.verdicts)),
            ("tellings with anything wrong", len(self.broken)),
            ("seconds a telling", f"{sum(each.seconds for each in self.verdicts) / max(1, len(self.verdicts)):.2f}"),
        ]
        lines = [f"crash points, seed {self.seed}", *(f"  {name:30} {value:>8}" for name, value in rows)]
        for each in self.broken:
            lines += [
                f"{each.point or each.story}: lost {each.lost}, doubled {each.doubled}",
                *(f"    {w[:1500]}" for w in each.wrong),
            ]
            repeat = each.point and f"--story {each.point.story} --only {each.point.name}:{each.point.number}"
            lines.append(f"  again: python -m tests.faults.crash_points --seed {self.seed} {repeat or ''}")
        return "\n".join(lines)


@asynccontextmanager
async def open_lanes(postgres: str, template: str, count: int, prefect: str = "") -> AsyncGenerator[list[Lane]]:
    """`postgres` is the URL of a database in a cluster, `template` one there that is up to date."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stepglass-points-")))
        env = os.environ | ({**prefect_env(prefect), "PREFECT_HOME": str(folder)} if prefect else {})
        nursery = await stack.enter_async_context(open_nursery(env))
        lanes = [
            await stack.enter_async_context(open_lane(postgres, template, nursery, folder / str(number), prefect))
            for number in range(count)
        ]
        yield lanes


async def tell_all(
    lanes: Sequence[Lane], wanted: Sequence[Point | Story], seed: int, cleans: dict[str, Verdict]
) -> list[Verdict]:
    """All of them, as many at once as there are lanes. A story without a point is told cleanly."""
    waiting = list(reversed(wanted))
    verdicts: list[Verdict] = []

    async def work(lane: Lane) -> None:
        while waiting:
            one = waiting.pop()
            story = one if isinstance(one, Story) else STORIES[one.story]
            point = None if isinstance(one, Story) else one
            verdict = await told(lane, story, point, seed, cleans.get(story.name), cleans.get(story.like))
            if point is None:
                cleans[story.name] = verdict
            verdicts.append(verdict)
            if len(verdicts) % 100 == 0 or verdict.wrong:
                told_so_far = (
                    f"{len(verdicts)} of {len(wanted)} told; {verdict.point or verdict.story}: {verdict.wrong[:1]}"
                )
                log.info(told_so_far)

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(work(lane))
    return verdicts


async def crash(
    lanes: Sequence[Lane], stories: Sequence[Story], seed: int, *, count: int | None = None, only: str | None = None
) -> Table:
    """Tell each story cleanly, then with a death at each of its points: at `count` that are drawn, at `only` one."""
    cleans: dict[str, Verdict] = {}
    like = {STORIES[story.like] for story in stories if story.like} - set(stories)
    await tell_all(lanes, [*like], seed, cleans)
    table = Table(seed, [each for each in await tell_all(lanes, stories, seed, cleans) if each.wrong])
    if table.verdicts:
        return table
    if only:
        name, _, number = only.rpartition(":")
        found = [name and Point(story.name, name, int(number)) or Point(story.name, number, 1) for story in stories]
        wanted = found
    elif count is None:
        wanted = [point for story in stories for point in enumerated(story.name, cleans[story.name].visits)]
    else:
        wanted = drawn({story.name: cleans[story.name] for story in stories}, count, seed)
    table.verdicts = await tell_all(lanes, wanted, seed, cleans)
    return table


async def _main(options: argparse.Namespace, postgres: str) -> Table:
    stories = [STORIES[options.story]] if options.story else told_with(prefect=options.prefect)
    async with AsyncExitStack() as stack:
        wanted = any(story.prefect for story in stories)
        prefect = await stack.enter_async_context(open_prefect(postgres)) if wanted else ""
        lanes = await stack.enter_async_context(open_lanes(postgres, TEMPLATE, options.lanes, prefect))
        count = None if options.all else options.points
        return await crash(lanes, stories, options.seed, count=count, only=options.only)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.crash_points", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("STEPGLASS_SEED", random.randrange(10**6))))
    parser.add_argument("--points", type=int, default=40, help="how many are drawn")
    parser.add_argument("--all", action="store_true", help="every point instead")
    parser.add_argument("--only", help="one point, as name or name:n")
    parser.add_argument("--story", choices=STORIES, help="of this story alone")
    parser.add_argument("--prefect", action="store_true", help="of the stories that operators watch in Prefect")
    parser.add_argument("--lanes", type=int, default=2, help="how many are told at once")
    options = parser.parse_args()
    log.addHandler(logging.StreamHandler())
    log.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="stepglass-points-") as folder:
        fast = {"fsync": "off", "full_page_writes": "off"}
        with embedded_postgres(Path(folder), settings=fast, databases=(TEMPLATE,)) as url:
            asyncio.run(migrations.migrate(url))
            started = time.monotonic()
            table = asyncio.run(_main(options, url))
    sys.stdout.write(f"{table}\n  {'seconds in all':30} {time.monotonic() - started:8.1f}\n")
    return bool(table.broken)


if __name__ == "__main__":
    sys.exit(main())
