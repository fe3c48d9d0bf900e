"""A worker, an API and a model server, each over a wire, on one store, with pipelines that stay where they are."""

import asyncio
import time
from asyncio import TaskGroup
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from httpx2 import AsyncClient
from pydantic import BaseModel

from events.contract import RunQueued, RunQueuedData
from events.log import Entry, tail
from events.runs import NewRun
from events.store import Store, open_store
from flows._carry import Tools
from flows._fork import fork
from flows._pipeline import Pipeline, pipeline
from flows.worker import Worker
from llm.openai import open_model
from steps._ask import ask
from steps._step import step
from steps._write import write_text
from tests.api.conftest import running, settings_with
from tests.check_history import ModelCall, check_history
from tests.fundamentals.test_a_step import Ask, Haiku, Topic
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.scripted_replies import error, said, without_end

FROGS = Topic(name="frogs")
PATIENCE = 30.0
LONG = 60.0


class Wish(BaseModel):
    season: str


@step("Endless", retries=0)
async def endless(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Endless, too", retries=0)
async def endless_too(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Unlucky", retries=2, backoff=LONG)
async def unlucky(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@step("Quick", retries=0)
async def quick(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("Writing", plan={endless: ()})
async def writing(topic: Topic) -> Haiku:
    return await endless(topic)


@pipeline("Side by side", plan={endless: (), endless_too: (), unlucky: ()})
async def beside(topic: Topic) -> Haiku:
    async with TaskGroup() as group:
        text = group.create_task(endless(topic))
        group.create_task(endless_too(topic))
        group.create_task(unlucky(topic))
    return text.result()


@pipeline("Waiting to try again", plan={unlucky: ()})
async def trying(topic: Topic) -> Haiku:
    return await unlucky(topic)


@pipeline("Asking", plan={quick: (), endless: (quick,)})
async def asking(topic: Topic) -> Haiku:
    text = await quick(topic)
    wish = await ask(Wish, "Which season?")
    return await endless(Topic(name=text.text + wish.season))


@pipeline("Two in a row", plan={quick: (), endless: (quick,)})
async def in_a_row(topic: Topic) -> Haiku:
    return await endless(Topic(name=(await quick(topic)).text))


@pipeline("Over soon", plan={quick: ()})
async def short(topic: Topic) -> Haiku:
    return await quick(topic)


PIPELINES: dict[str, Pipeline] = {each.name: each for each in (writing, beside, trying, asking, in_a_row, short)}


@dataclass
class Took:
    """Seconds from the request to cancel until the last word was seen, and until the last call was hung up."""

    last_word: float
    hung_up: float


@dataclass
class Theatre:
    """`store` is the worker's; the API and we look through `eyes`, as another process would."""

    store: Store
    eyes: Store
    api: AsyncClient
    server: ScriptedModelServer
    tools: Tools

    async def accept(self, of: Pipeline) -> UUID:
        queued = RunQueued(data=RunQueuedData(pipeline=of.name))
        return (await self.eyes.runs.accept(NewRun(of.name, FROGS.model_dump(), [queued]))).run_id

    async def accept_again(self, run_id: UUID, of: Pipeline, from_step: str) -> UUID:
        """A run that takes over what is good of another one."""
        source = await self.eyes.runs.view(run_id, "default")
        forked = await fork(of, self.eyes.log, source, FROGS, same_input=True, from_step=from_step)
        assert forked.reused, "there is something to take over"
        return (await self.eyes.runs.accept(NewRun(of.name, FROGS.model_dump(), forked.first))).run_id

    async def heard(self, run_id: UUID, kind: str, step: str | None = None, count: int = 1) -> None:
        """Wait until its log has so many events of a type."""
        async with asyncio.timeout(PATIENCE):
            async for entry in tail(self.eyes.log, run_id):
                fits = entry.type == kind and step in (None, getattr(entry.event, "step", None))
                if fits and (count := count - 1) == 0:
                    return

    async def whole(self, run_id: UUID) -> list[Entry]:
        async with asyncio.timeout(PATIENCE):
            return [entry async for entry in tail(self.eyes.log, run_id)]

    async def cancel(self, run_id: UUID) -> int:
        """Again where the API says that it cannot now, as a client should: a machine may have no time."""
        while (status := (await self.api.post(f"/api/runs/{run_id}/cancel")).status_code) == 503:
            continue
        return status

    async def cancelled(self, run_id: UUID) -> Took:
        """Press cancel and wait for what must follow."""
        began = time.monotonic()
        assert await self.cancel(run_id) == 202
        entries = await self.whole(run_id)
        over = time.monotonic()
        assert entries[-1].type == "cancelled"
        calls = [call for call in self.server.calls if call.run == str(run_id) and call.ended is None]
        gone = [await call.gone() for call in calls]
        self.check(run_id, entries)
        return Took(over - began, max(gone, default=began) - began)

    def check(self, run_id: UUID, entries: list[Entry]) -> None:
        calls = [
            ModelCall(run_id, call.step or "", call.attempt, call.lane)
            for call in self.server.calls
            if call.run == str(run_id)
        ]
        check_history({run_id: entries}, calls, max_attempts=3)

    @asynccontextmanager
    async def worker(self, most: int = 100) -> AsyncGenerator[Worker]:
        worker = Worker(self.tools, PIPELINES, most=most)
        working = asyncio.create_task(worker.work())
        try:
            yield worker
        finally:
            worker.drain()
            async with asyncio.timeout(PATIENCE):
                await working


@asynccontextmanager
async def theatre(database_url: str, *, places: int = 100, lease: float = 10.0) -> AsyncGenerator[Theatre]:
    """`places` are the calls that the model takes at once."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        server = await enter(scripted_model())
        for each in ("endless", "endless_too"):
            server.answers(each, without_end(every=0.02))
        server.answers("unlucky", error(500, "Try again"))
        server.answers("quick", said("An old ", "pond"))
        store, eyes = await enter(open_store(database_url)), await enter(open_store(database_url))
        model = await enter(open_model(replace(server.config, max_concurrent=places)))
        api = await enter(running(settings_with(), eyes))
        tools = Tools(store.log, store.runs, model, lease=lease, renew_every=0.3 * lease)
        yield Theatre(store, eyes, await enter(api.client()), server, tools)
