"""Prefect's server killed before, during and after a run, hanging, answering 503: viewers see the same, and on time.

P9 and P12. What is the same: of each step the same words in the same order, and between steps the same order of
beginnings and ends; ids, times and how chunks were put together may differ.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from blockbuster import BlockBuster

from events.log import Entry, tail
from events.store import Store
from tests import vision
from tests.check_history import check_history
from tests.e2e.runs import start
from tests.e2e.stack import Part, Stack, open_stack, until
from tests.faults.scripted import made
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.scripted_replies import Gate

pytestmark = pytest.mark.timeout(300)

SOON = 15.0
"""Seconds until the first token: Prefect's own client would wait for 74 before it gave up, and that twice."""
GIVE_UP = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModelServer]:
    async with scripted_model() as server:
        vision.script(server)
        yield server


@pytest.fixture
async def stack(
    tmp_path: Path, database_url: str, model: ScriptedModelServer, blockbuster: BlockBuster
) -> AsyncIterator[Stack]:
    blockbuster.deactivate()
    async with open_stack(tmp_path, database_url, model.url) as stack:
        yield stack


@pytest.fixture
async def refusing() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says 503 to everything; its port, and the first lines of what it was asked."""
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).strip())
        writer.write(GIVE_UP)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], asked


def told(entries: list[Entry]) -> dict[str, list[tuple[str, Any]]]:
    """By step and lane, what was said of it, without what is of the moment: times, money's estimates and progress."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for entry in entries:
        event: Any = entry.event
        place = f"{getattr(event, 'step', '')} {getattr(event, 'lane', None) or ''}".strip()
        said = found.setdefault(place, [])
        if event.type == "model_chunk":
            before = said.pop()[1] if said and said[-1][0] == "text" else ""
            said.append(("text", before + event.data.text))
        elif event.type == "partial":
            said.append(("partial", (event.data.path, _timeless(event.data.value))))
        elif event.type == "step_complete":
            said.append(("complete", _timeless(event.data.result)))
        elif event.type not in ("progress", "usage"):
            said.append((event.type, None))
    return found


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        plain: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType] # JSON
        return {name: _timeless(each) for name, each in plain.items() if name not in ("updated_at", "metadata")}
    return value


async def whole(store: Store, run_id: UUID) -> list[Entry]:
    async with asyncio.timeout(120):
        return [entry async for entry in tail(store.log, run_id)]


async def carried(store: Store, model: ScriptedModelServer) -> tuple[float, list[Entry]]:
    """The seconds until the first token of a run, and all of it."""
    before, began = len(model.calls), time.monotonic()
    run_id = await start(store)
    async with asyncio.timeout(120):
        async for entry in tail(store.log, run_id):
            if entry.type == "model_chunk":
                break
    first = time.monotonic() - began
    entries = await whole(store, run_id)
    check_history({run_id: entries}, [made(run_id, call) for call in model.calls[before:]], max_attempts=3)
    return first, entries


async def plain(stack: Stack, store: Store, model: ScriptedModelServer) -> dict[str, list[tuple[str, Any]]]:
    """A run of a worker that knows of no Prefect: what all the others are compared with."""
    port, stack.prefect_port = stack.prefect_port, None
    worker = await stack.worker()
    _, entries = await carried(store, model)
    await worker.kill()
    stack.prefect_port = port
    return told(entries)


async def test_a_server_that_answers_503_changes_nothing_and_delays_nobody(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer, refusing: tuple[int, list[bytes]]
):
    expected = await plain(stack, postgres_store, model)
    stack.prefect_port, asked = refusing
    await stack.worker()
    await until(lambda: asked, "Prefect was asked")

    first, entries = await carried(postgres_store, model)

    assert first < SOON
    assert told(entries) == expected
    assert entries[-1].type == "complete"


async def knowing(stack: Stack) -> Part:
    worker = await stack.worker()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect", 120)
    return worker


@pytest.mark.faults
@pytest.mark.parametrize("when", ["before", "during", "after", "hanging before", "hanging during"])
async def test_a_server_that_is_killed_or_hangs_changes_nothing_and_delays_nobody(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer, when: str
):
    expected = await plain(stack, postgres_store, model)
    prefect = await stack.prefect()
    await knowing(stack)

    async def break_it() -> None:
        if when.startswith("hanging"):
            prefect.hang()
        else:
            await prefect.kill()

    if when.endswith("before"):
        await break_it()
    if not when.endswith("during"):
        first, entries = await carried(postgres_store, model)
    else:
        gate = Gate()
        model.answers("framework", vision.framework().holding(gate, after=5))
        going = asyncio.create_task(carried(postgres_store, model))
        async with asyncio.timeout(120):
            await gate.reached.wait()
        await break_it()
        gate.open()
        first, entries = await going
    if when == "after":
        await break_it()
        model.answers("framework", vision.framework())
        _, again = await carried(postgres_store, model)
        assert told(again) == expected

    assert first < SOON
    assert told(entries) == expected
