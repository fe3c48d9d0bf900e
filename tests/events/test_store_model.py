"""The store against a model of it in plain Python: whatever is done to runs in whatever order, both say the same."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from events.contract import InputRequired, InputRequiredData, RunQueued, RunQueuedData
from events.errors import Answered, Fenced, NotAllowed, OverLimit, RunEnded, StoreError, UnknownInput, UnknownRun
from events.fold import fold_all
from events.limits import Limits
from events.log import Entry
from events.runs import NewRun
from events.store import Store
from tests.events.words import LAST, OUTSIDE, checkpoint, chunk, complete, new, opened, start

RUNS = 2
EVENTS = {
    "run_start": opened(),
    "step_start": start(),
    "model_chunk": chunk("Hi"),
    "partial": checkpoint(),
    "step_complete": complete(),
    "complete": LAST,
}
NAMES = st.sampled_from(
    ["run_start", "step_start", "model_chunk", "partial", "step_start", "step_complete", "complete"]
)
WORKERS = st.sampled_from(["ada", "bob"])
EPOCH = st.sampled_from([0, 0, 0, -1])
"""Mostly the current one, sometimes the one before."""
ACTIONS = st.one_of(
    st.tuples(st.just("claim"), WORKERS),
    st.tuples(st.just("claim"), WORKERS),
    st.tuples(st.just("append"), NAMES, EPOCH),
    st.tuples(st.just("outside"), st.sampled_from(["cancel_requested", "step_start"])),
    st.tuples(st.just("renew"), EPOCH),
    st.tuples(st.just("crash")),
    st.tuples(st.just("release"), EPOCH),
    st.tuples(st.just("park"), EPOCH),
    st.tuples(st.just("pause")),
    st.tuples(st.just("unpause")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("ask"), EPOCH),
    st.tuples(st.just("answer"), st.integers(1, 3)),
    st.tuples(st.just("another")),
    st.tuples(st.just("same again")),
    st.tuples(st.just("read"), st.integers(0, 20), st.integers(1, 5)),
)


@dataclass
class Model:
    """What a run is, as simply as it can be said. `alive`: the holder's lease has not run out; `key`: it was accepted
    under it for `tenant`."""

    types: list[str] = field(default_factory=lambda: ["run_queued"])
    epoch: int = 0
    holder: str | None = None
    alive: bool = False
    losses: int = 0
    wanted: bool = False
    paused: bool = False
    parked: bool = False
    woken: bool = False
    """`parked`: nobody may claim it; `woken`: somebody said since the claim that it is to go on."""
    tenant: str = "default"
    key: str = ""
    asked: int = 0
    answered: set[int] = field(default_factory=set[int])
    """`asked`: how many questions, numbered from 1."""

    @property
    def ended(self) -> bool:
        return self.types[-1] in ("complete", "cancelled")

    @property
    def open(self) -> bool:
        """Has the one step that there is begun, and not ended?"""
        last = max((i for i, type in enumerate(self.types) if type == "step_start"), default=-1)
        return last >= 0 and "step_complete" not in self.types[last:]

    @property
    def never(self) -> int:
        """How many steps are known, of the plan or because something was said in them, and have not begun."""
        planned, begun = "run_start" in self.types, {"step_start", "step_complete"} & set(self.types)
        known = planned or "partial" in self.types
        return planned + bool(known and not begun)

    @property
    def wish(self) -> str | None:
        return "cancel" if self.wanted else "pause" if self.paused else None

    def refusal(self, epoch: int | None, type: str = "step_start") -> type[StoreError] | None:
        if self.ended:
            return RunEnded
        if epoch is None:
            return NotAllowed if type == "step_start" else None
        return None if epoch == self.epoch and self.holder else Fenced


async def refused(call: Awaitable[Any]) -> Any:
    """What the call gave, or the kind of its refusal."""
    try:
        return await call
    except StoreError as error:
        return type(error)


async def act(store: Store, run_id: UUID, model: Model, action: tuple[Any, ...]) -> None:
    """Do it to both, and compare what they say."""
    match action:
        case ("claim", worker):
            got = await store.runs.claim(worker, run_id=run_id, lease=1000)
            ours = not model.holder or not model.alive or model.holder == worker
            free = ours and not model.ended and not model.parked
            assert (got is not None) == free
            if got is not None:
                model.losses += model.holder is not None and not model.alive
                model.epoch, model.holder, model.alive = model.epoch + 1, worker, True
                model.woken = False
                assert (got.epoch, got.losses, got.tail_seq) == (model.epoch, model.losses, len(model.types))
        case ("append", name, behind):
            epoch = model.epoch + behind
            expected = model.refusal(epoch) or len(model.types) + 1
            assert await refused(store.log.append(run_id, [EVENTS[name]], epoch=epoch)) == expected
            if isinstance(expected, int):
                model.types.append(name)
                model.losses *= name not in ("partial", "step_complete")
                model.holder = None if model.ended else model.holder
        case ("outside", name):
            event = OUTSIDE if name == "cancel_requested" else start()
            expected = model.refusal(None, name) or len(model.types) + 1
            said = await refused(store.log.append(run_id, [event]))
            assert said == expected or (said, name) == (NotAllowed, "step_start")
            if said == len(model.types) + 1:
                model.types.append(name)
                model.wanted = True
        case ("renew", behind):
            held = model.holder is not None and behind == 0
            said = await refused(store.runs.renew(run_id, model.epoch + behind, lease=1000))
            assert said == (model.wish if held else Fenced)
            model.alive |= held
        case ("crash",):
            if model.holder is not None:
                await store.runs.renew(run_id, model.epoch, lease=0)
                model.alive = False
        case ("release", behind):
            held = model.holder is not None and behind == 0
            assert await refused(store.runs.release(run_id, model.epoch + behind)) == (None if held else Fenced)
            model.holder = None if held else model.holder
        case ("park", behind):
            held = model.holder is not None and behind == 0
            assert await refused(store.runs.park(run_id, model.epoch + behind)) == (None if held else Fenced)
            if held:
                model.holder, model.parked = None, not (model.woken or model.wanted)
        case ("pause",):
            assert await refused(store.runs.pause(run_id, model.tenant)) == (RunEnded if model.ended else None)
            if not model.ended and not model.paused:
                model.types.append("run_paused")
                model.paused, model.parked, model.woken = True, model.holder is None, False
        case ("unpause",):
            assert await refused(store.runs.unpause(run_id, model.tenant)) == (RunEnded if model.ended else None)
            if not model.ended and model.paused:
                model.types.append("run_unpaused")
                model.paused, model.parked, model.woken = False, False, model.holder is not None
        case ("cancel",):
            said = await refused(store.runs.request_cancel(run_id, model.tenant))
            assert said == (RunEnded if model.ended else not (model.holder and model.alive))
            if not model.ended:
                model.types += ["cancel_requested"] * (not model.wanted)
                if said:
                    model.types += ["step_error"] * model.open + ["step_skipped"] * model.never + ["cancelled"]
                    model.holder = None
                model.wanted = True
        case ("ask", behind):
            epoch = model.epoch + behind
            expected = model.refusal(epoch) or len(model.types) + 1
            assert await refused(store.log.append(run_id, [question(model.asked + 1)], epoch=epoch)) == expected
            if isinstance(expected, int):
                model.types.append("input_required")
                model.asked += 1
        case ("answer", number):
            known = Answered if number in model.answered else UnknownInput if number > model.asked else None
            expected = RunEnded if model.ended else known
            assert await refused(store.runs.answer(run_id, model.tenant, f"input-{number}", "yes")) == expected
            if expected is None:
                model.types.append("input_received")
                model.answered.add(number)
                if not model.paused:
                    model.parked, model.woken = False, model.holder is not None
        case ("same again",):
            accepted = await store.runs.accept(new(key=model.key, tenant=model.tenant), limits=Limits(live_runs=1))
            assert (accepted.run_id, accepted.created) == (run_id, False)
        case (_, after, limit):
            entries = await store.log.read(run_id, after, limit=limit)
            assert [(entry.seq, entry.type) for entry in entries] == list(enumerate(model.types, 1))[
                after : after + limit
            ]
        case _:
            raise AssertionError(action)


def question(number: int) -> InputRequired:
    return InputRequired(data=InputRequiredData(input_id=f"input-{number}", schema={"type": "string"}, prompt="Well?"))


async def begun(store: Store, tenant: str, forked_from: UUID | None = None) -> tuple[UUID, Model]:
    """A run that begins, or that does another one again and takes its step over."""
    if forked_from is None:
        return (await store.runs.accept(new(key=tenant, tenant=tenant))).run_id, Model(tenant=tenant, key=tenant)
    queued = RunQueued(data=RunQueuedData(pipeline="vision", forked_from=str(forked_from)))
    fork = NewRun("vision", {}, [queued, complete(reused=str(forked_from))], tenant)
    return (await store.runs.accept(fork)).run_id, Model(["run_queued", "step_complete"], tenant=tenant)


async def another(store: Store, runs: list[tuple[UUID, Model]]) -> list[tuple[UUID, Model]]:
    """One more run, where no more than `RUNS` may be live. What had ended and makes room for it."""
    over = [run for run in runs if run[1].ended]
    tenant, key = runs[0][1].tenant, f"another-{runs[0][0]}-{runs[1][0]}"
    said = await refused(store.runs.accept(new(key=key, tenant=tenant), limits=Limits(live_runs=RUNS)))
    if not over:
        assert said == OverLimit
        return []
    assert said.created
    runs[runs.index(over[0])] = said.run_id, Model(tenant=tenant, key=key)
    return over[:1]


async def judge(store: Store, run_id: UUID, model: Model) -> list[Entry]:
    """Is everything of a run as the model has it?"""
    entries = await store.log.read(run_id)
    assert [entry.type for entry in entries] == model.types
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert await store.runs.view(run_id, model.tenant) == fold_all(str(run_id), entries)
    return entries


@pytest.mark.timeout(300)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.tuples(st.integers(0, RUNS - 1), ACTIONS), min_size=20, max_size=50))
async def test_the_store_does_what_the_model_does(store: Store, actions: list[tuple[int, tuple[Any, ...]]]) -> None:
    tenant = str(uuid4())  # each example has runs of its own, and as many as it may
    first = await begun(store, tenant)
    runs, over = [first, await begun(store, tenant, first[0])], list[tuple[UUID, Model]]()
    assert await store.runs.forks(first[0], tenant) == [runs[1][0]]
    for number, action in actions:
        if action[0] == "another":
            over += await another(store, runs)
        elif action[0] != "same again" or runs[number][1].key:
            await act(store, *runs[number], action)
    logs = {run_id: await judge(store, run_id, model) for run_id, model in [*over, *runs]}
    assert await store.retention.sweep(compact_after=0, pause=0) is not None
    for run_id, entries in logs.items():
        assert await store.log.read(run_id) == entries, "packed, it reads as before"
    assert await store.retention.sweep(compact_after=0, keep_days=1e-9, pause=0) is not None
    for run_id, model in [*over, *runs]:
        left = await refused(store.runs.header(run_id, model.tenant))
        assert (left == UnknownRun) == model.ended, "what has ended goes, and nothing else"
