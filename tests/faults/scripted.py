"""One Vision Framework in this process, whose model misbehaves at one step, in one lane, at the attempts that one says.

Everything else about the model is right. No time passes between attempts: how long would have been waited is noted.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from events.contract import Event, RunQueued, RunQueuedData
from events.log import Entry
from events.memory import Memory, open_memory
from events.runs import NewRun
from flows._carry import Carry, Tools
from flows._closing import Outcome
from flows._opening import read_all
from flows.vision_framework import vision_framework
from llm.client import Call, Delta, Model, Usage
from llm.config import ModelConfig
from llm.openai import open_model
from tests import vision
from tests.check_history import ModelCall, check_history
from tests.scripted_model import LoggedCall, ScriptedModelServer, scripted_model
from tests.scripted_replies import Reply, said, said_json

STEPS = {
    "brief": "founder_brief",
    "framework": None,
    "validation": None,
    "one_pager": None,
    "qa": None,
    "scoring": "vision",
}
"""Each step, and the lane of it that misbehaves where it has several."""

BROKEN = vision.FRAMEWORK | {"vision": "Too short."}
"""A draft that the validation has to have repaired."""


def good(step: str) -> Reply:
    """What the model says at this place when it is right."""
    return {
        "brief": said("# The company\n\n", "It brings power ", "to every village."),
        "framework": said_json(BROKEN if step == "validation" else vision.FRAMEWORK),
        "validation": said_json({"vision": vision.FRAMEWORK["vision"]}),
        "one_pager": vision.one_pager(),
        "qa": said_json(vision.QA),
        "scoring": said_json(vision.MARKS),
    }[step]


@dataclass
class Choosing:
    """The model of the process, but another one for the calls that are to go wrong: with other deadlines, say."""

    model: Model
    other: Model
    step: str
    lane: str | None
    attempts: range

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[Delta]]:
        labels = call.labels
        here = (labels["step"], labels.get("lane")) == (self.step, self.lane) and int(
            labels["attempt"]
        ) in self.attempts
        async with (self.other if here else self.model).stream(call) as deltas:
            yield deltas

    def estimate(self, call: Call, written: str) -> Usage:
        return self.model.estimate(call, written)


@dataclass
class Played:
    """A run that has ended, and what may be asked of it. `waits`: seconds between attempts that nobody waited."""

    run_id: UUID
    outcome: Outcome
    entries: list[Entry]
    calls: list[LoggedCall]
    waits: list[float] = field(default_factory=list[float])

    def events(self, kind: str) -> list[Any]:
        found: list[Event] = [entry.event for entry in self.entries if entry.event and entry.type == kind]
        return found

    def text(self, step: str, lane: str | None = None) -> str:
        """What the log has of an answer, all attempts joined."""
        chunks = [event for event in self.events("model_chunk") if (event.step, event.lane) == (step, lane)]
        return "".join(event.data.text for event in chunks)

    def asked(self, step: str, lane: str | None = None) -> int:
        return len([call for call in self.calls if (call.step, call.lane) == (step, lane)])

    def check(self) -> None:
        """Every promise, and that no call was made twice that needed to be made once."""
        check_history(
            {self.run_id: self.entries},
            [made(self.run_id, call) for call in self.calls],
            max_attempts=3,
            calls_per_attempt={"validation": 2},
        )


def made(run_id: UUID, call: LoggedCall) -> ModelCall:
    parts = {"brief": f"/{call.lane}", "scoring": f"/scores/{call.lane}"}
    step = call.step or ""
    return ModelCall(run_id, step, call.attempt, call.lane, path=parts.get(step))


class Play:
    """`replies` at the place that misbehaves, the n-th for attempt n; `config` for the calls of `attempts` there."""

    def __init__(self, server: ScriptedModelServer, store: Memory, waits: list[float]) -> None:
        self.server, self.store, self.waits = server, store, waits

    async def run(self, step: str, *replies: Reply, attempts: int = 0, **config: Any) -> Played:
        lane = STEPS[step]
        vision.script(self.server)
        if step == "validation":
            self.server.answers("framework", said_json(BROKEN))
        self.server.answers(step, *replies, lane=lane)
        async with AsyncExitStack() as stack:
            model = await stack.enter_async_context(open_model(self.server.config))
            if attempts:
                other = await self._other(stack, self.server.config, config)
                model = Choosing(model, other, step, lane, range(1, attempts + 1))
            return await self._carry(model)

    async def _other(self, stack: AsyncExitStack, config: ModelConfig, changed: dict[str, Any]) -> Model:
        return await stack.enter_async_context(open_model(replace(config, **changed)))

    async def _carry(self, model: Model) -> Played:
        queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
        run_id = (await self.store.runs.accept(NewRun("vision_framework", vision.BRIEF, [queued]))).run_id
        claim = await self.store.runs.claim("a worker", run_id=run_id)
        assert claim is not None
        async with asyncio.timeout(30):
            outcome = await Carry(claim, vision_framework, Tools(self.store.log, self.store.runs, model)).go()
        return Played(run_id, outcome, await read_all(self.store.log, run_id), self.server.calls, self.waits)


@asynccontextmanager
async def new_play(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Play]:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    # The time between two attempts, and no other: a copy of the module, so that nobody else's sleep is touched.
    monkeypatch.setattr("steps._step.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": wait}))
    async with scripted_model() as server, open_memory() as store:
        yield Play(server, store, waits)
