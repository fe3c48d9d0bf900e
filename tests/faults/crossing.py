"""A worker in this process whose ways to PostgreSQL and to the model lead over wires that a test may damage.

A viewer watches over a good one. Runs are Vision Frameworks that a scripted model gets right.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from events.contract import RunQueued, RunQueuedData
from events.hub import Hub
from events.log import Entry, tail
from events.runs import NewRun
from events.store import Store, open_store
from flows._carry import Tools
from flows.vision_framework import vision_framework
from flows.worker import Worker
from llm.config import Deadlines
from llm.openai import open_model
from tests import vision
from tests.check_history import check_history
from tests.faults.scripted import made
from tests.faults.wire import Wire, wire_to_port, wire_to_socket
from tests.proxy import SOCKET
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.watching import Watcher

PIPELINES = {vision_framework.name: vision_framework}


@dataclass
class Crossing:
    """`store` is reached over the damaged wire `database`, `near` over a good one; `model` is the wire to the model."""

    near: Store
    store: Store
    hub: Hub
    server: ScriptedModelServer
    database: Wire
    model: Wire
    tools: Tools
    _working: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def accept(self) -> UUID:
        queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
        return (await self.near.runs.accept(NewRun("vision_framework", vision.BRIEF, [queued]))).run_id

    def work(self, name: str = "a worker") -> None:
        """Another worker, on the damaged wires, until the crossing is left."""
        worker = Worker(self.tools, PIPELINES)
        worker.name = name
        task = asyncio.create_task(worker.work(look_every=0.2))
        self._working.add(task)

    async def heard(self, run_id: UUID, kind: str) -> Entry:
        """The first event of a kind, once it is there."""
        async with asyncio.timeout(40):
            async for entry in tail(self.near.log, run_id):
                if entry.type == kind:
                    return entry
        raise AssertionError(f"{run_id} ended without {kind}")

    async def ended(self, run_id: UUID) -> list[Entry]:
        async with asyncio.timeout(50):
            return [entry async for entry in tail(self.near.log, run_id)]

    async def watch(self, run_id: UUID) -> Watcher:
        """A viewer from the first to the last event, over the damaged wire."""
        return await Watcher(self.hub, self.near, run_id).watch()

    async def check(self, run_id: UUID, *watchers: Watcher, max_attempts: int = 3) -> list[Entry]:
        entries = await self.ended(run_id)
        calls = [made(run_id, call) for call in self.server.calls if call.run == str(run_id)]
        readers = [watcher.reader for watcher in watchers]
        check_history({run_id: entries}, calls, readers, max_attempts=max_attempts, calls_per_attempt={"validation": 2})
        return entries

    async def rest(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)


@asynccontextmanager
async def crossing(database_url: str, *, far: str | None = None, lease: float = 2.0) -> AsyncGenerator[Crossing]:
    """`far` is another damaged way to the database, where a test has one; `lease` in seconds."""
    parts = urlsplit(database_url)
    behind = Path(parse_qs(parts.query)["host"][0]) / SOCKET
    async with AsyncExitStack() as stack:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="sg-"))
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, folder)
        database = await stack.enter_async_context(wire_to_socket(behind, folder / SOCKET))
        server = await stack.enter_async_context(scripted_model())
        vision.script(server)
        model = await stack.enter_async_context(wire_to_port(server.port))
        near = await stack.enter_async_context(open_store(database_url))
        wired = f"{parts.scheme}://{parts.netloc}{parts.path}?host={folder}"
        store = await stack.enter_async_context(open_store(far or wired))
        hub = await stack.enter_async_context(Hub(store))
        # Deadlines that only a wire that is dead misses, however busy the machine is.
        config = replace(server.config, base_url=f"http://127.0.0.1:{model.port}/v1", deadlines=Deadlines())
        client = await stack.enter_async_context(open_model(config))
        tools = Tools(store.log, store.runs, client, lease=lease, renew_every=0.3 * lease)
        crossed = Crossing(near, store, hub, server, database, model, tools)
        try:
            yield crossed
        finally:
            for wire in (database, model):
                wire.flowing.set()
                if wire.deaf:
                    wire.reset()
                wire.deaf = False
            await crossed.rest()
