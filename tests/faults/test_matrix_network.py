"""The network between a worker, its viewers, PostgreSQL and the model on a bad day: a run is told whole all the same.

Rows: PostgreSQL restarted during a run; connections reset; a commit whose answer was lost.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from events.contract import RunQueued, RunQueuedData
from events.log import tail
from events.runs import NewRun
from events.store import open_store
from tests import vision
from tests.faults.crossing import Crossing, crossing
from tests.faults.wire import Direction, wire_to_socket
from tests.proxy import SOCKET, Proxy, proxied
from tests.scripted_replies import Gate, said_json

pytestmark = pytest.mark.timeout(120)
faults = pytest.mark.faults

PLACES = [0, 1, 7, 100, 900, 2_500, 6_000, 11_000, 20_000, 33_000, 50_000, 80_000]
"""Bytes, from the handshake to deep inside a run."""
DEEPEST = {"database": 33_000, "model": 80_000}
"""What surely passes on each of the two ways before a run has ended."""
QUEUED = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
OFTEN = {6_000}
"""Those of `make test`."""


def places(way: str) -> list[object]:
    reached = [place for place in PLACES if place <= DEEPEST[way]]
    return [pytest.param(place, marks=() if place in OFTEN else faults, id=str(place)) for place in reached]


@pytest.fixture
async def crossed(database_url: str) -> AsyncIterator[Crossing]:
    async with crossing(database_url) as crossed:
        yield crossed


# --- the way to PostgreSQL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("place", places("database"))
async def test_a_way_to_the_database_that_is_cut_anywhere_costs_no_event(crossed: Crossing, way: Direction, place: int):
    run_id = await crossed.accept()
    crossed.database.cut_after(place, way)
    crossed.work()
    watcher = await crossed.watch(run_id)

    entries = await crossed.check(run_id, watcher)
    assert entries[-1].type == "complete"
    assert crossed.database.cuts == 1


async def test_connections_that_are_reset_again_and_again_cost_no_event(crossed: Crossing):
    run_id = await crossed.accept()
    crossed.work()
    watching = asyncio.create_task(crossed.watch(run_id))
    async for entry in tail(crossed.near.log, run_id):
        if entry.type in ("step_start", "partial", "step_complete"):
            crossed.database.reset()

    entries = await crossed.check(run_id, await watching)
    assert entries[-1].type == "complete"


async def test_a_database_that_is_not_heard_of_for_less_than_a_lease_changes_nothing(database_url: str):
    async with crossing(database_url, lease=20) as crossed:
        gate = Gate()
        crossed.server.answers("framework", vision.framework().holding(gate, after=5))
        run_id = await crossed.accept()
        crossed.work()
        watching = asyncio.create_task(crossed.watch(run_id))
        async with asyncio.timeout(30):
            await gate.reached.wait()
        crossed.database.flowing.clear()
        gate.open()
        await (await crossed.server.called("framework")).over.wait()
        crossed.database.flowing.set()

        entries = await crossed.check(run_id, await watching)
        assert entries[-1].type == "complete"
        assert "run_resumed" not in [entry.type for entry in entries]


@faults
async def test_a_database_that_sends_one_byte_at_a_time_is_only_slow(database_url: str):
    async with crossing(database_url, lease=60) as crossed:
        crossed.database.piece = 1
        run_id = await crossed.accept()
        crossed.work()
        watcher = await crossed.watch(run_id)
        entries = await crossed.check(run_id, watcher)
        assert (entries[-1].type, len(crossed.server.calls)) == ("complete", 11)


async def test_a_wire_that_drops_everything_in_silence_is_given_up_and_the_run_goes_on(database_url: str):
    """Half open: both sides think that all is well. The worker gives its run up before anybody can take it over."""
    async with crossing(database_url, lease=1.0) as crossed, crossing(database_url, lease=5.0) as elsewhere:
        gate = Gate()
        crossed.server.answers("framework", vision.framework().holding(gate, after=5), vision.framework())
        elsewhere.tools = crossed.tools.__class__(elsewhere.store.log, elsewhere.store.runs, crossed.tools.model)
        run_id = await crossed.accept()
        crossed.work("a worker that is cut off")
        async with asyncio.timeout(30):
            await gate.reached.wait()
        crossed.database.deaf = True
        elsewhere.work("another worker")

        await (await crossed.server.called("framework")).over.wait()
        entries = await crossed.check(run_id)
        assert entries[-1].type == "complete"
        assert [entry.type for entry in entries].count("run_resumed") == 1


async def test_a_process_can_be_ended_while_its_database_is_not_heard_of(database_url: str, folder: Path):
    parts = urlsplit(database_url)
    behind = Path(parse_qs(parts.query)["host"][0]) / SOCKET
    async with wire_to_socket(behind, folder / SOCKET) as wire:
        async with asyncio.timeout(25):
            async with open_store(f"{parts.scheme}://{parts.netloc}{parts.path}?host={folder}") as store:
                run = await store.runs.accept(NewRun("vision_framework", vision.BRIEF, [QUEUED]))
                await store.log.read(run.run_id)
                wire.deaf = True


# --- a commit whose answer was lost ---------------------------------------------------------------------------------

WORDS = {
    "run_queued": b'"type":"run_queued"',
    "the claim": b"a worker that claims",
    "run_start": b'"type":"run_start"',
    "step_start": b'"type":"step_start"',
    "model_chunk": b'"type":"model_chunk"',
    "a checkpoint": b'"input_hash"',
    "a part that is shown": b'"path":"/strategy"',
    "usage": b'"type":"usage"',
    "step_retry": b'"type":"step_retry"',
    "step_complete": b'"type":"step_complete"',
    "the last word": b'"type":"complete"',
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sg-") as folder:
        yield Path(folder)


@pytest.fixture
async def proxy(database_url: str, folder: Path) -> AsyncIterator[Proxy]:
    async with proxied(database_url, folder) as proxy:
        yield proxy


@pytest.mark.parametrize("lost", [pytest.param("question", marks=faults), "answer"])
@pytest.mark.parametrize("kind", WORDS)
async def test_a_commit_that_was_not_heard_of_is_made_once(proxy: Proxy, database_url: str, kind: str, lost: str):
    async with crossing(database_url, far=proxy.url) as crossed:
        crossed.server.answers("qa", said_json({"no": "report"}), said_json(vision.QA))
        (proxy.lose if lost == "question" else proxy.lose_answer_to)(WORDS[kind])
        crossed.near, near = crossed.store, crossed.near  # the run is accepted over the bad wire, too
        run_id = await crossed.accept()
        crossed.near = near
        crossed.work("a worker that claims")
        watcher = await crossed.watch(run_id)

        entries = await crossed.check(run_id, watcher)
        async with asyncio.timeout(30):
            await proxy.lost.wait()  # the log may have it before the answer has come as far as the proxy
        assert entries[-1].type == "complete"
        assert [entry.type for entry in entries].count("step_complete") == 6
        assert len((await near.runs.page("default")).runs) == 1


# --- the way to the model -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("place", places("model"))
async def test_a_way_to_the_model_that_is_cut_anywhere_costs_one_attempt(crossed: Crossing, way: Direction, place: int):
    run_id = await crossed.accept()
    crossed.model.cut_after(place, way)
    crossed.work()

    entries = await crossed.check(run_id, await crossed.watch(run_id))
    retries = [entry for entry in entries if entry.type == "step_retry"]
    assert entries[-1].type == "complete"
    assert len(retries) <= crossed.model.cuts <= 1


@faults
async def test_a_model_that_sends_one_byte_at_a_time_is_heard_as_any(crossed: Crossing):
    crossed.model.piece = 1
    run_id = await crossed.accept()
    crossed.work()
    entries = await crossed.check(run_id, await crossed.watch(run_id))
    assert entries[-1].type == "complete"
    assert "step_retry" not in [entry.type for entry in entries]


async def test_a_model_whose_connections_are_all_reset_is_asked_again_by_every_step_that_asked(crossed: Crossing):
    gate = Gate()
    crossed.server.answers("framework", vision.framework().holding(gate, after=4), vision.framework())
    run_id = await crossed.accept()
    crossed.work()
    async with asyncio.timeout(30):
        await gate.reached.wait()
    crossed.model.reset()

    entries = await crossed.check(run_id, await crossed.watch(run_id))
    assert entries[-1].type == "complete"
    assert [entry.type for entry in entries].count("step_retry") in (1, 2)


async def test_a_model_that_is_held_is_waited_for(crossed: Crossing):
    gate = Gate()
    crossed.server.answers("framework", vision.framework().holding(gate, after=5))
    run_id = await crossed.accept()
    crossed.work()
    async with asyncio.timeout(30):
        await gate.reached.wait()
    crossed.model.flowing.clear()
    gate.open()
    await crossed.heard(run_id, "progress")
    crossed.model.flowing.set()

    entries = await crossed.check(run_id, await crossed.watch(run_id))
    assert entries[-1].type == "complete"
    assert "step_retry" not in [entry.type for entry in entries]
