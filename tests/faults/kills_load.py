"""The runs: so many at once, each replaced by another when it ends, and what people want of some of them meanwhile."""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal
from uuid import UUID

from events.contract import LAST_WORDS
from steps.vision_framework.examples import EXAMPLES
from tests import vision
from tests.e2e.stack import ROOT
from tests.faults.kills_client import Api

Kind = Literal["plain", "asked", "cancelled", "paused", "retried", "retry"]
KINDS: dict[Kind, float] = {"plain": 0.58, "asked": 0.1, "cancelled": 0.08, "paused": 0.12, "retried": 0.12}
AGAIN = ("validation", "one_pager", "scoring")
"""Where a complete run is done again from."""
INSISTING = ROOT / "docs" / "examples" / "orchard.json"
LONG = 25.0
"""Seconds in which something may be wanted of a run."""


@dataclass
class Record:
    """One run that was accepted, as its client knows it. `wanted` is what was asked of it after that."""

    run_id: str
    kind: Kind
    started: float = field(default_factory=time.monotonic)
    wanted: list[str] = field(default_factory=list[str])
    status: str = "queued"
    problem: str = ""
    seconds: float = 0.0

    @property
    def excused(self) -> bool:
        """It ended as somebody had asked."""
        return self.status == "cancelled" and "cancel" in self.wanted


@dataclass
class Load:
    """`live` and `past` are what the viewers choose from."""

    api: Api
    rng: Random
    records: dict[str, Record] = field(default_factory=dict[str, Record])
    live: dict[str, Record] = field(default_factory=dict[str, Record])
    past: deque[str] = field(default_factory=lambda: deque(maxlen=10))
    wrong: list[str] = field(default_factory=list[str])
    stopping: bool = False
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    over: bool = False
    _count: int = 0

    async def go(self, runs: int) -> None:
        """Keep `runs` of them live until `stop`, and return when the last one has ended."""
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._look())
            slots = [group.create_task(self._slot()) for _ in range(runs)]
            await asyncio.wait(slots)
            looking.cancel()
        self.over = True
        await self._tell()

    async def busy(self, runs: int) -> None:
        """Wait until there are as many for the first time."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.live) >= runs)

    def stop(self) -> None:
        """Start no more."""
        self.stopping = True

    async def choose(self, rng: Random, late: bool) -> str | None:
        """A run to watch: one that goes on, or with `late` one that has just ended; None when all is over."""
        async with self._news:
            await self._news.wait_for(lambda: self.live or self.stopping)
        chosen = list(self.past) if late and self.past else list(self.live)
        return rng.choice(chosen) if chosen else None

    async def _slot(self) -> None:
        await asyncio.sleep(self.rng.uniform(0.0, 5.0))  # not all at the same point of their lives
        while not self.stopping:
            kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
            record = await self._start(kind)
            await self._want(record)
            await self._end(record)
            if kind == "retried" and record.status == "complete" and not self.stopping:
                again = await self._start("retry", record)
                await self._end(again)

    async def _start(self, kind: Kind, of: Record | None = None) -> Record:
        """A run is started with a key, and asked for with it again for as long as there is no answer."""
        self._count += 1
        key = {"Idempotency-Key": f"kills-{self._count}"}
        answers = self._answers(kind)
        body: dict[str, Any] = {"pipeline": "vision_framework", "input": answers}
        path = "/api/runs"
        if of is not None:
            path, body = f"/api/runs/{of.run_id}/retry", {"from_step": self.rng.choice(AGAIN)}
        answer = await self.api.ask("POST", path, body, key)
        assert answer.status_code == 202, f"POST {path}: {answer.status_code} {answer.text}"
        record = Record(answer.json()["run_id"], kind)
        if record.run_id in self.records:
            self.wrong.append(f"run {record.run_id} was given for two keys")
        # Now and then the answer gets lost on its way, and the client asks again.
        if self.rng.random() < 0.2:
            again = await self.api.ask("POST", path, body, key)
            if again.status_code != 202 or again.json()["run_id"] != record.run_id:
                self.wrong.append(f"POST {path} again: {again.status_code} {again.text[:200]}, not {record.run_id}")
        self.records[record.run_id] = self.live[record.run_id] = record
        await self._tell()
        return record

    def _answers(self, kind: Kind) -> dict[str, Any]:
        """What a founder says: whom the model asks back, something that no repair makes right."""
        if kind == "asked":
            return json.loads(INSISTING.read_text()) | {"on_invalid": "ask"}
        return self.rng.choice(list(EXAMPLES.values())).model_dump(mode="json")

    async def _want(self, record: Record) -> None:
        """What people want of a run in its middle."""
        if record.kind == "asked":
            return await self._reply(record)
        if record.kind not in ("cancelled", "paused"):
            return
        await asyncio.sleep(self.rng.uniform(0.0, LONG))
        if record.kind == "cancelled":
            await self._ask(record, "cancel")
        elif await self._ask(record, "pause"):
            await asyncio.sleep(self.rng.uniform(0.5, 8.0))
            await self._ask(record, "unpause")

    async def _reply(self, record: Record) -> None:
        """Answer whatever the run asks until it has ended: that it be repaired again, or with what is right."""
        while record.status not in LAST_WORDS:
            async with self._news:
                await self._news.wait_for(lambda: record.status in {"waiting", *LAST_WORDS})
            await asyncio.sleep(self.rng.uniform(0.2, 4.0))
            view = (await self.api.ask("GET", f"/api/runs/{record.run_id}")).json()
            for asked in view.get("asked") or ():
                record.wanted.append("answer")
                await self._answer(record, asked)
            await asyncio.sleep(1.0)  # for the next look, which no longer finds it waiting

    async def _answer(self, record: Record, asked: dict[str, Any]) -> None:
        wrong = asked["schema"]["oneOf"][0]["properties"]["sections"]["required"]
        edit = {"action": "edit", "sections": {name: vision.FRAMEWORK[name] for name in wrong}}
        value = self.rng.choice([edit, edit, {"action": "repair"}])
        path = f"/api/runs/{record.run_id}/inputs/{asked['input_id']}"
        answer = await self.api.ask("POST", path, {"value": value})
        if answer.status_code not in (202, 409):
            self.wrong.append(f"POST {path}: {answer.status_code} {answer.text[:200]}")

    async def _ask(self, record: Record, what: str) -> bool:
        """False when the run had ended before."""
        record.wanted.append(what)
        answer = await self.api.ask("POST", f"/api/runs/{record.run_id}/{what}")
        if answer.status_code not in (202, 409):
            self.wrong.append(f"{what} of run {record.run_id}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code == 202

    async def _end(self, record: Record) -> None:
        """Wait for the last word."""
        async with self._news:
            await self._news.wait_for(lambda: record.status in LAST_WORDS)

    async def _look(self) -> None:
        """See how the runs are, for all who wait for their ends; a look never finds one that should not be."""
        while True:
            await asyncio.sleep(0.7)
            answer = await self.api.ask("GET", "/api/runs?limit=100")
            if answer.status_code != 200:
                self.wrong.append(f"GET /api/runs: {answer.status_code} {answer.text[:200]}")
                continue
            for view in answer.json()["runs"]:
                self._saw(view)
            await self._tell()

    def _saw(self, view: dict[str, Any]) -> None:
        record = self.live.get(str(UUID(view["run_id"])))
        if record is None:
            return
        record.status = view["status"]
        if record.status in LAST_WORDS:
            record.seconds = time.monotonic() - record.started
            problem: dict[str, Any] = view.get("problem") or {}
            record.problem = problem.get("title", "")
            del self.live[record.run_id]
            self.past.append(record.run_id)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()
