"""Where batches are tried: a store in memory, a pipeline whose runs do as they are told, and a worker for all."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from events.contract import Counts, Partial, PartialWithdrawn, Progress, RunQueued, RunQueuedData, StepRetry
from events.log import Entry, tail
from events.memory import Memory
from events.runs import NewRun
from events.view import RunView
from flows._carry import Carry, Tools
from flows._children import beginners
from flows._orphans import end_orphans
from flows._pipeline import Pipeline, pipeline
from flows.batch import batch
from flows.worker import Worker
from settings import Settings
from steps._step import step
from steps.batch.order import BatchItem, BatchOrder
from steps.errors import StepFailed
from tests.check_history import check_history
from tests.fundamentals.conftest import new_stage
from tests.scripted_llm import ScriptedModel
from tests.scripted_replies import Gate

PATIENCE = 20.0
"""Seconds that something may take at most on a machine with much else to do."""


class Errand(BaseModel):
    name: str
    size: int = Field(default=1, ge=1)


class Fetched(BaseModel):
    name: str


@dataclass
class Yard:
    """`broken` errands cannot be delivered; `held` ones wait for their gate. `fetched` and `delivered` count."""

    store: Memory
    settings: Settings = field(default_factory=Settings)
    broken: set[str] = field(default_factory=set[str])
    held: dict[str, Gate] = field(default_factory=dict[str, Gate])
    fetched: Counter[str] = field(default_factory=Counter[str])
    delivered: Counter[str] = field(default_factory=Counter[str])
    now: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.errand = errand_of(self)

    @property
    def pipelines(self) -> dict[str, Pipeline]:
        return {each.name: each for each in (self.errand, batch)}

    @property
    def tools(self) -> Tools:
        store = self.store
        children = beginners(store.log, store.runs, store.batches, self.pipelines, self.settings)
        return Tools(store.log, store.runs, ScriptedModel(), renew_every=0.05, children=children)

    def holds(self, *names: str) -> None:
        self.held.update({name: Gate() for name in names})

    async def begin(self, order: BatchOrder, tenant: str = "default") -> UUID:
        first = [RunQueued(data=RunQueuedData(pipeline="batch", title=order.name))]
        new = NewRun("batch", order.model_dump(mode="json"), first, tenant, deadline=1000)
        return (await self.store.runs.accept(new)).run_id

    async def carry(self, run_id: UUID, holder: str = "a worker") -> Carry:
        """The batch alone, by hand."""
        claim = await self.store.runs.claim(holder, run_id=run_id)
        assert claim is not None
        return Carry(claim, batch, self.tools)

    @asynccontextmanager
    async def at_work(self, *, most: int = 100, but_batches: bool = False) -> AsyncGenerator[Worker]:
        """Inside, a worker takes whatever there is."""
        pipelines = {self.errand.name: self.errand} if but_batches else self.pipelines
        worker = Worker(self.tools, pipelines, most=most)
        working = asyncio.create_task(worker.work(look_every=0.05))
        try:
            yield worker
        finally:
            worker.drain()
            await working

    async def done(self, order: BatchOrder) -> UUID:
        """From its start to its end."""
        run_id = await self.begin(order)
        async with self.at_work():
            await self.over(run_id)
        return run_id

    async def over(self, run_id: UUID) -> str:
        """Wait for the last word."""
        async with asyncio.timeout(PATIENCE):
            return [entry.type async for entry in tail(self.store.log, run_id)][-1]

    async def until(self, run_id: UUID, **counts: int) -> Counts:
        """Wait until the batch says so."""
        async with asyncio.timeout(PATIENCE):
            async for entry in tail(self.store.log, run_id):
                event = entry.event
                if isinstance(event, Progress) and (told := event.data.counts) is not None:
                    if all(getattr(told, name) == number for name, number in counts.items()):
                        return told
        raise AssertionError(f"It ended without {counts}: {(await self.view(run_id)).counts}")

    async def heard(self, run_id: UUID, kind: str) -> None:
        async with asyncio.timeout(PATIENCE):
            async for entry in tail(self.store.log, run_id):
                if entry.type == kind:
                    return

    async def parked(self, run_id: UUID) -> None:
        """Wait until nobody holds it."""
        async with asyncio.timeout(PATIENCE):
            while (await self.store.runs.header(run_id, "default")).holder is not None:  # noqa: ASYNC110 - not told
                await asyncio.sleep(0.01)

    async def entries(self, run_id: UUID) -> list[Entry]:
        return await self.store.log.read(run_id, limit=100_000)

    async def view(self, run_id: UUID) -> RunView:
        return await self.store.runs.view(run_id, await self.store.runs.owner(run_id))

    async def children(self, run_id: UUID) -> list[RunView]:
        return (await self.store.runs.page("default", about=run_id, limit=1000)).runs[::-1]

    async def parts(self, run_id: UUID) -> dict[str, dict[str, Any]]:
        """What the log says of each item at its end."""
        found: dict[str, dict[str, Any]] = {}
        plain: set[str] = set()
        for event in (entry.event for entry in await self.entries(run_id)):
            match event:
                case Partial(data=data):
                    assert isinstance(data.value, dict)
                    found[data.path] = data.value
                    plain = plain - {data.path} if data.input_hash else plain | {data.path}
                case PartialWithdrawn(data=data):
                    del found[data.path]
                case StepRetry():
                    found = {path: value for path, value in found.items() if path not in plain}
                case _:
                    pass
        return {value["key"]: value for value in found.values()}

    async def end_orphans(self) -> int:
        return await end_orphans(self.store.batches, self.store.runs)

    async def check(self) -> None:
        """All that there is, and of each item once."""
        runs = (await self.store.runs.page("default", limit=1000)).runs
        check_history({UUID(run.run_id): await self.entries(UUID(run.run_id)) for run in runs}, max_attempts=100)


def errand_of(yard: Yard) -> Pipeline:
    @step("Fetch", retries=0)
    async def fetch(errand: Errand) -> Fetched:
        yard.fetched[errand.name] += 1
        yard.now += 1
        yard.most = max(yard.most, yard.now)
        try:
            if errand.name in yard.held:
                await yard.held[errand.name]()
            return Fetched(name=errand.name)
        finally:
            yard.now -= 1

    @step("Deliver", retries=0)
    async def deliver(fetched: Fetched) -> Fetched:
        yard.delivered[fetched.name] += 1
        if fetched.name in yard.broken:
            raise StepFailed("Nobody was at home", "The parcel is back.")
        return fetched

    @pipeline("Errand", plan={fetch: (), deliver: (fetch,)}, title=lambda errand: errand.name)
    async def errand(given: Errand) -> Fetched:
        return await deliver(await fetch(given))

    return errand


def order(*names: str, **more: Any) -> BatchOrder:
    """An errand of each name."""
    return of({name: {"name": name} for name in names}, **more)


def of(inputs: Mapping[str, Mapping[str, Any]], **more: Any) -> BatchOrder:
    items = [BatchItem(key=key, input=dict(given)) for key, given in inputs.items()]
    return BatchOrder.model_validate({"name": "monday", "pipeline": "errand", **more, "items": items})


@asynccontextmanager
async def new_yard(**settings: Any) -> AsyncGenerator[Yard]:
    async with new_stage() as stage:
        yield Yard(stage.store, Settings(**settings))
