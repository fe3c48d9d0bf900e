"""What the tutorial needs: a store in memory, a model that says what it is told to, and somebody who carries a run."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from events.contract import Event, RunQueued, RunQueuedData
from events.log import Entry, tail
from events.memory import Memory, open_memory
from events.runs import NewRun
from flows._carry import Carry, Tools
from flows._closing import Outcome
from flows._pipeline import Pipeline
from tests.check_history import check_history
from tests.scripted_llm import ScriptedModel


@dataclass
class Clock:
    """The store's clock, which goes on when a test says so. Seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """Runs pipelines on a store of their own, and tells their stories."""

    store: Memory
    model: ScriptedModel
    clock: Clock
    run_id: UUID = UUID(int=0)

    @property
    def tools(self) -> Tools:
        return Tools(self.store.log, self.store.runs, self.model)

    async def accept(self, pipeline: Pipeline, given: BaseModel, *, max_cost_usd: float | None = None) -> UUID:
        queued = RunQueued(data=RunQueuedData(pipeline=pipeline.name, max_cost_usd=max_cost_usd))
        return await self.accept_first(pipeline, given, [queued])

    async def accept_first(self, pipeline: Pipeline, given: BaseModel, first: Sequence[Event]) -> UUID:
        """With these events at the beginning of its log."""
        new = NewRun(pipeline.name, given.model_dump(mode="json"), first)
        self.run_id = (await self.store.runs.accept(new)).run_id
        return self.run_id

    async def claimed(self, pipeline: Pipeline, holder: str = "a worker") -> Carry:
        claim = await self.store.runs.claim(holder, run_id=self.run_id)
        assert claim is not None
        return Carry(claim, pipeline, self.tools)

    async def run(self, pipeline: Pipeline, given: BaseModel, *, max_cost_usd: float | None = None) -> Outcome:
        """From the POST to the last word."""
        await self.accept(pipeline, given, max_cost_usd=max_cost_usd)
        return await self.run_on(pipeline)

    async def run_on(self, pipeline: Pipeline) -> Outcome:
        """From a claim, the first or another, to the last word."""
        return await (await self.claimed(pipeline)).go()

    async def entries(self) -> list[Entry]:
        return await self.store.log.read(self.run_id)

    async def story(self) -> list[str]:
        """The log as lines: the type, and the step where there is one. Progress by the clock is left out."""
        events = [entry.event for entry in await self.entries()]
        return [" ".join([e.type, getattr(e, "step", "")]).strip() for e in events if e and e.type != "progress"]

    async def last(self, kind: str) -> Any:
        """The data of the last event of a type."""
        return [entry.event for entry in await self.entries() if entry.type == kind][-1]

    async def heard(self, kind: str) -> None:
        """Wait until the log has an event of a type."""
        async for entry in tail(self.store.log, self.run_id):
            if entry.type == kind:
                return

    async def shown(self, step: str, count: int = 1) -> None:
        """Wait until a step has shown so many parts."""
        async for entry in tail(self.store.log, self.run_id):
            count -= entry.type == "partial" and getattr(entry.event, "step", None) == step
            if not count:
                return

    async def check(self, max_attempts: int = 3) -> None:
        check_history({self.run_id: await self.entries()}, max_attempts=max_attempts)


@asynccontextmanager
async def new_stage() -> AsyncGenerator[Stage]:
    clock = Clock()
    async with open_memory(clock) as store:
        yield Stage(store, ScriptedModel(), clock)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage
