"""A wall clock that is an hour off, or steps back while a run is under way: order and durations do not come from it."""

import time
from collections.abc import Callable
from itertools import cycle

import pytest

from events.contract import RunQueued, RunQueuedData
from events.fold import fold_all
from events.runs import NewRun
from events.snapshot import snapshot
from events.store import Store
from flows._carry import Carry, Tools
from flows._opening import read_all
from flows.vision_framework import vision_framework
from llm.openai import open_model
from tests import vision
from tests.check_history import check_history
from tests.faults.scripted import made
from tests.scripted_model import scripted_model

HOUR = 3600 * 10**9
CLOCKS: dict[str, Callable[[], int]] = {
    "an hour ahead": lambda: HOUR,
    "an hour behind": lambda: -HOUR,
    "stepping back and forth": cycle([0, HOUR, -HOUR, 7, -7]).__next__,
    "always stepping back": iter(range(0, -(10**18), -(10**9))).__next__,
}


@pytest.mark.parametrize("clock", CLOCKS)
async def test_a_run_is_whole_and_no_duration_is_negative(store: Store, monkeypatch: pytest.MonkeyPatch, clock: str):
    true_ns, off = time.time_ns, CLOCKS[clock]
    monkeypatch.setattr(time, "time_ns", lambda: true_ns() + off())
    monkeypatch.setattr(time, "time", lambda: (true_ns() + off()) / 10**9)
    async with scripted_model() as server, open_model(server.config) as model:
        vision.script(server)
        queued = RunQueued(data=RunQueuedData(pipeline="vision_framework"))
        run_id = (await store.runs.accept(NewRun("vision_framework", vision.BRIEF, [queued]))).run_id
        claim = await store.runs.claim("a worker", run_id=run_id)
        assert claim is not None
        assert claim.seconds_left > 800, "of its quarter of an hour, by the store's clock"
        outcome = await Carry(claim, vision_framework, Tools(store.log, store.runs, model)).go()

    assert outcome.kind == "complete", outcome.problem
    entries = await read_all(store.log, run_id)
    check_history({run_id: entries}, [made(run_id, call) for call in server.calls], max_attempts=3)
    durations = [entry.event.duration for entry in entries if entry.event and entry.event.duration is not None]
    assert len(durations) >= 7
    assert all(0 <= duration < 60_000 for duration in durations[:-1])
    assert durations[-1] >= 0
    view = await store.runs.view(run_id, "default")
    assert view == fold_all(str(run_id), entries)
    assert view.duration is not None and view.duration >= 0
    shown = await snapshot(store.log, view)
    assert shown["tail_seq"] == len(entries)
