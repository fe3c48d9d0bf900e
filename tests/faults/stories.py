"""What is told while a process dies: one story for each thing that people and pipelines do.

A story does what its people do, again and again where nobody answers, and returns when all is over. `armed` is the
process that dies in it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2

from events.alerts import StreamHour
from events.log import Entry
from steps.vision_framework.document import SECTION_NAMES
from tests import vision
from tests.e2e.stack import PREFECT_LOGIN
from tests.faults import shapes
from tests.faults.lanes import PATIENCE, Lane
from tests.faults.viewers import Viewer
from tests.scripted_replies import Gate, error, said, said_json

Act = Callable[["Stage"], Coroutine[Any, Any, None]]


@dataclass
class Stage:
    """One telling of a story: the runs in it, who watches them, and what has been found wrong."""

    lane: Lane
    draw: random.Random
    runs: dict[UUID, list[Viewer]] = field(default_factory=dict[UUID, list[Viewer]])
    watching: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    wrong: list[str] = field(default_factory=list[str])
    gate: Gate = field(default_factory=Gate)
    length: int = 60
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    """What was there before anything died, for the end to compare with."""

    async def begin(self, pipeline: str, given: Mapping[str, Any], **more: Any) -> UUID:
        """Start a run as a client does, with a key, so that asking again starts no other; and watch it."""
        return await self.accepted("/api/runs", {"pipeline": pipeline, "input": given, **more})

    async def accepted(self, path: str, body: Any) -> UUID:
        key = uuid4().hex
        answer = await self.lane.ask("POST", path, body, key=key)
        self.expect(answer.status_code == 202, f"POST {path}: {answer.status_code} {answer.text[:300]}")
        run_id = UUID(answer.json()["run_id"])
        again = await self.lane.ask("POST", path, body, key=key)
        self.expect(again.json().get("run_id") == str(run_id), f"the same POST again: {again.text[:300]}")
        self.watch(run_id)
        return run_id

    def watch(self, run_id: UUID) -> None:
        """Two viewers: one from the beginning, one from somewhere behind it."""
        first = Viewer(self.lane.http, run_id, random.Random(self.draw.random()))
        later = Viewer(self.lane.http, run_id, random.Random(self.draw.random()), self.draw.randint(1, self.length))
        self.runs[run_id] = [first, later]
        self.watching += [asyncio.create_task(first.watch()), asyncio.create_task(self._behind(first, later))]

    async def _behind(self, first: Viewer, later: Viewer) -> None:
        """From a cursor that is in the log by then."""
        await first.beyond(later.after)
        if len(first.seen) and first.seen[-1]["seq"] < later.after:  # the run was over before
            later.begin_at(0)
        await later.watch()

    async def over(self) -> None:
        """Until everybody has seen the end of everything."""
        await asyncio.gather(*self.watching)

    def expect(self, fine: object, words: str) -> None:
        if not fine:
            self.wrong.append(words)

    async def wish(self, run_id: UUID, what: str, body: Any = None, *, also: int = 409) -> None:
        """Ask for something of a run; asked twice, it may be done or over already."""
        answer = await self.lane.ask("POST", f"/api/runs/{run_id}/{what}", body)
        self.expect(answer.status_code in (202, also), f"{what}: {answer.status_code} {answer.text[:300]}")

    async def until(self, condition: Callable[[], Awaitable[object]], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 it is in another process
                await asyncio.sleep(0.02)


@dataclass(frozen=True, eq=False)
class Story:
    """`ends`: the last words that its runs may have. `like`: the story that makes as many calls as this one may, where
    it is another. `prepare` is told before the process that dies is there, by an API and a worker that live. `calls`:
    how many a step makes in one attempt and lane, where it is not one. `plant`: a function that changes something in
    the processes first. `deaths`: how many processes die in a row at the same point."""

    name: str
    armed: str
    act: Act
    ends: frozenset[str] = frozenset({"complete"})
    prepare: Act | None = None
    like: str = ""
    set: Mapping[str, Any] = field(default_factory=dict[str, Any])
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    plant: str | None = None
    deaths: int = 1
    prefect: bool = False
    calls: Mapping[str, int] = field(default_factory=lambda: {"debate": 2, "brief": 2})


FROGS = {"name": "frogs"}


async def plain(stage: Stage) -> None:
    """All goes well."""
    shapes.script(stage.lane.model)
    await stage.begin("shapes", FROGS)
    await stage.over()


async def retrying(stage: Stage) -> None:
    """The first answers are no good."""
    model = stage.lane.model
    shapes.script(model)
    model.answers("letter", shapes.LETTER.then("cut", after=3), shapes.LETTER)
    model.answers("outline", said("no JSON"), said_json({"title": "Frogs", "points": ["They jump."]}, size=12))
    model.answers("cards", error(503), said_json({"mark": 7}), lane="green")
    await stage.begin("shapes", FROGS)
    await stage.over()


async def failing(stage: Stage) -> None:
    """A step fails for good while others are at work."""
    model = stage.lane.model
    shapes.script(model)
    model.answers("letter", error(400))
    model.answers("outline", said_json({"title": "Frogs", "points": []}).holding(Gate(), after=4))
    await stage.begin("shapes", FROGS)
    await stage.over()


async def cancelled(stage: Stage) -> None:
    """Somebody presses cancel while a step writes, and never looks at it again."""
    shapes.script(stage.lane.model)
    stage.lane.model.answers("letter", shapes.LETTER.holding(stage.gate, after=3))
    run_id = await stage.begin("shapes", FROGS)
    await stage.gate.reached.wait()
    await stage.wish(run_id, "cancel")
    await stage.over()


async def paused(stage: Stage) -> None:
    """Somebody pauses while a step writes, and lets it go on once nobody holds the run."""
    shapes.script(stage.lane.model)
    stage.lane.model.answers("letter", shapes.LETTER.holding(stage.gate, after=3))
    run_id = await stage.begin("shapes", FROGS)
    await stage.gate.reached.wait()
    await stage.wish(run_id, "pause")
    stage.gate.open()
    await stage.until(lambda: unheld(stage, run_id))
    await stage.wish(run_id, "unpause")
    await stage.over()


async def unheld(stage: Stage, run_id: UUID) -> bool:
    return (await stage.lane.store.runs.header(run_id, "default")).holder is None


async def asked(stage: Stage) -> None:
    """The run asks a person between two steps."""
    shapes.script(stage.lane.model)
    run_id = await stage.begin("shapes", FROGS | {"asks": True})

    async def waits() -> bool:
        return bool((await stage.lane.store.runs.view(run_id, "default")).asked)

    await stage.until(waits)
    await stage.wish(run_id, "inputs/input-1", {"value": {"season": "spring"}})
    await stage.over()


async def too_dear(stage: Stage) -> None:
    """The money is spent before all is done."""
    shapes.script(stage.lane.model)
    await stage.begin("shapes", FROGS, max_cost_usd=0.2)
    await stage.over()


async def a_failed_run(stage: Stage) -> None:
    """One whose letter failed when everything before the last step was there."""
    model = stage.lane.model
    shapes.script(model)
    model.answers("close", error(400))
    stage.before["source"] = await stage.begin("shapes", FROGS)
    await stage.over()


async def forked(stage: Stage) -> None:
    """A failed run is done again from where it failed."""
    shapes.script(stage.lane.model)
    await stage.accepted(f"/api/runs/{stage.before['source']}/retry", None)
    await stage.over()


async def founded(stage: Stage) -> None:
    """A Vision Framework."""
    model = stage.lane.model
    model.forget()
    vision.script(model)
    model.answers("framework", said_json(vision.FRAMEWORK, size=120))
    pages = vision.ONE_PAGER.splitlines(keepends=True)
    model.answers("one_pager", said("".join(pages[:9]), "".join(pages[9:])))
    model.answers("qa", said_json(vision.QA, size=200))
    for name in SECTION_NAMES:
        marks = vision.MARKS | ({"measurability": 8} if name in vision.MEASURED else {})
        model.answers("scoring", said_json(marks, size=90), lane=name)
    await stage.begin("vision_framework", vision.BRIEF)
    await stage.over()


async def a_finished_run(stage: Stage) -> None:
    """One that ended long ago, and that somebody has read."""
    shapes.script(stage.lane.model)
    stage.lane.model.answers("letter", said(*(f"word {number} " for number in range(40))))
    run_id = await stage.begin("shapes", FROGS)
    await stage.over()
    await stage.lane.sql("UPDATE stepglass.run_totals SET ended_at = ended_at - interval '2 hours'")
    stage.before["run"] = run_id
    stage.before["entries"] = await stage.lane.store.log.read(run_id)


async def packed(stage: Stage) -> None:
    """Its log is packed, and reads as before from every cursor."""
    await stage.until(lambda: done_by(stage, "vacuum"))
    run_id, entries = stage.before["run"], list[Entry](stage.before["entries"])
    rows = await stage.lane.sql("SELECT count(*) FROM stepglass.events WHERE run_id = $1", run_id)
    stage.expect(rows[0][0] < len(entries), f"{rows[0][0]} rows for {len(entries)} events: nothing was packed")
    for after in {0, stage.draw.randrange(len(entries)), stage.draw.randrange(len(entries))}:
        there = await stage.lane.store.log.read(run_id, after)
        stage.expect(there == entries[after:], f"packed, the log reads otherwise from {after} on")
    stage.watch(run_id)
    await stage.over()


async def forgotten(stage: Stage) -> None:
    """It is too old: it goes, with all that belongs to it."""
    await stage.until(lambda: done_by(stage, "vacuum"))
    left = await stage.lane.sql(
        "SELECT (SELECT count(*) FROM stepglass.runs WHERE run_id = $1) AS runs,"
        " (SELECT count(*) FROM stepglass.events WHERE run_id = $1) AS events,"
        " (SELECT count(*) FROM stepglass.run_totals WHERE run_id = $1) AS totals",
        stage.before["run"],
    )
    stage.expect(tuple(left[0]) == (0, 0, 0), f"of a run that was to go, there is left: {dict(left[0])}")


async def shown(stage: Stage) -> None:
    """All goes well, and operators see so in Prefect: as many flow runs as there are, and none that goes on."""
    await plain(stage)
    await seen_to_end(stage, "COMPLETED")


async def shown_cancelled(stage: Stage) -> None:
    await cancelled(stage)
    await seen_to_end(stage, "CANCELLED")


async def shown_failing(stage: Stage) -> None:
    await failing(stage)
    await seen_to_end(stage, "FAILED")


async def seen_to_end(stage: Stage, state: str) -> None:
    """Until Prefect shows each run in this state once, and at most a worker that was lost beside it."""
    wanted = [f"run:{run_id}" for run_id in stage.runs]
    async with httpx2.AsyncClient(timeout=PATIENCE, auth=PREFECT_LOGIN) as http:

        async def ended() -> bool:
            body = {"flow_runs": {"tags": {"all_": wanted}}}
            answer = await http.post(f"{stage.lane.prefect}/flow_runs/filter", json=body)
            found = sorted(flow_run["state_type"] for flow_run in answer.json())
            stage.before["prefect"] = found
            return state in found and set(found) <= {state, "CRASHED"}

        try:
            await stage.until(ended, 15)
        except TimeoutError:
            stage.wrong.append(f"Prefect shows the run as {stage.before['prefect']}, and not as {state}")


async def done_by(stage: Stage, name: str) -> bool:
    """Whether a process came to its end by itself. One that was killed is started again by whoever killed it."""
    part = stage.lane.parts.get(name)
    return part is not None and part.ended.done() and part.ended.result() == 0


async def a_reason_to_warn(stage: Stage) -> None:
    await stage.lane.sql("DELETE FROM stepglass.alerts")
    # The viewers of the stories before have opened thousands that did not fail.
    await stage.lane.sql("DELETE FROM stepglass.stream_counts")
    await stage.lane.store.alerts.count_streams({"default": StreamHour(100, 60)})
    stage.lane.hook.came.clear()


async def warned(stage: Stage) -> None:
    """An alert is raised, and sent to the address until it has arrived."""

    kind, later = "kind = 'stream_failures'", "UPDATE stepglass.alerts"
    about = f"FROM stepglass.alerts WHERE {kind}"

    async def sent() -> bool:
        # As if it were later: a worker that died had it to send for a minute.
        await stage.lane.sql(f"{later} SET next_try_at = clock_timestamp() WHERE tries > 0 AND {kind}")
        return bool(await stage.lane.sql(f"SELECT 1 {about} AND sent_at IS NOT NULL"))

    await stage.until(sent)
    raised = {str(row["alert_id"]) for row in await stage.lane.sql(f"SELECT alert_id {about}")}
    stage.expect(len(raised) == 1, f"{len(raised)} alerts for one reason")
    stage.expect(raised <= set(stage.lane.hook.came), "an alert that is marked as sent has never arrived")


ERROR, CANCELLED = frozenset({"error"}), frozenset({"cancelled"})
OFTEN = {"flows._alerting:FIRST": 0.01, "flows._alerting:EVERY": 0.05}
SMALL = {"events._pg_retention:CHUNKS": 4, "events._pg_retention:RUNS": 1}
HURRY = "tests.faults.nursery:hurry"
STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story("plain", "worker", plain),
        Story("retrying", "worker", retrying),
        Story("deadly", "worker", plain, frozenset({"complete", "error"}), deaths=3),
        Story("failing", "worker", failing, ERROR, like="plain"),
        Story("cancelled", "worker", cancelled, CANCELLED, like="plain"),
        Story("paused", "worker", paused),
        Story("asked", "worker", asked),
        Story("too-dear", "worker", too_dear, ERROR, like="plain"),
        Story("forked", "worker", forked, prepare=a_failed_run),
        Story("vision", "worker", founded),
        Story("alert", "worker", warned, prepare=a_reason_to_warn, set=OFTEN),
        Story("packed", "vacuum", packed, prepare=a_finished_run, set=SMALL),
        Story("forgotten", "vacuum", forgotten, prepare=a_finished_run, set=SMALL, env={"STEPGLASS_KEEP_RUNS": "1e-9"}),
        Story("api-plain", "api", plain),
        Story("api-cancelled", "api", cancelled, CANCELLED, like="plain"),
        Story("api-paused", "api", paused),
        Story("api-asked", "api", asked),
        Story("api-forked", "api", forked, prepare=a_failed_run),
        Story("prefect", "worker", shown, plant=HURRY, prefect=True),
        Story("prefect-cancelled", "worker", shown_cancelled, CANCELLED, like="plain", plant=HURRY, prefect=True),
        Story("prefect-failing", "worker", shown_failing, ERROR, like="plain", plant=HURRY, prefect=True),
    )
}
