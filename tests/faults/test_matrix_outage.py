"""The provider is down for an hour and a hundred runs are queued: so many calls and no more, and none of them together.

No time passes: how long would have been waited between attempts is noted, and every run has its own.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import accumulate
from types import SimpleNamespace

import pytest

from events.contract import RunQueued, RunQueuedData
from events.log import tail
from events.memory import Memory, open_memory
from events.runs import NewRun
from flows._carry import Tools
from flows.vision_framework import vision_framework
from flows.worker import Worker
from llm.openai import open_model
from tests import vision
from tests.check_history import check_history
from tests.faults.scripted import made
from tests.scripted_model import LoggedCall, scripted_model
from tests.scripted_replies import Reply, error, rate_limited

pytestmark = pytest.mark.timeout(120)

RUNS = 100
MOST_CALLS = 9
"""Of a run that gets no answer: three attempts of the framework and of each of the two briefs beside it."""


@pytest.fixture
async def store() -> AsyncIterator[Memory]:
    async with open_memory() as store:
        yield store


def most_at_once(calls: Sequence[LoggedCall]) -> int:
    """How many were answered at the same time, by the server's clock."""
    ends = [call.ended or call.disconnected or call.started for call in calls]
    moments = sorted([(call.started, 1) for call in calls] + [(end, -1) for end in ends])
    return max(accumulate(change for _, change in moments))


@pytest.mark.parametrize(
    "down", [error(503), rate_limited(retry_after="3600"), Reply(end="reset")], ids=["503", "an hour", "reset"]
)
async def test_a_hundred_runs_make_at_most_nine_hundred_calls_and_no_storm(
    store: Memory, monkeypatch: pytest.MonkeyPatch, down: Reply
):
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr("steps._step.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": wait}))
    async with scripted_model() as server, open_model(server.config) as model:
        vision.script(server)
        for step in ("brief", "framework"):
            server.answers(step, down)
        queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
        new = NewRun("vision_framework", vision.BRIEF, [queued])
        runs = [(await store.runs.accept(new)).run_id for _ in range(RUNS)]
        worker = Worker(Tools(store.log, store.runs, model), {"vision_framework": vision_framework})
        working = asyncio.create_task(worker.work())
        logs = {run_id: [entry async for entry in tail(store.log, run_id)] for run_id in runs}

        assert {entries[-1].type for entries in logs.values()} == {"error"}
        calls = Counter(call.run for call in server.calls)
        assert len(server.calls) <= RUNS * MOST_CALLS
        assert max(calls.values()) <= MOST_CALLS
        assert most_at_once(server.calls) <= server.config.max_concurrent
        known = {str(run_id): run_id for run_id in runs}
        check_history(logs, [made(known[call.run or ""], call) for call in server.calls], max_attempts=3)

        # Nobody waits for less than half a second, and hardly two for the same time.
        assert min(waits) >= 0.5
        assert len({round(seconds, 3) for seconds in waits}) > len(waits) / 4

        # When the hour is over nothing of it is left: the next run is like any other.
        before = len(server.calls)
        vision.script(server)
        run_id = (await store.runs.accept(new)).run_id
        entries = [entry async for entry in tail(store.log, run_id)]
        assert entries[-1].type == "complete"
        assert len(server.calls) - before == 11
        worker.drain()
        await working
