"""The store against a model of it in plain Python: whatever is done to runs in whatever order, both say the same."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from events.errors import Fenced, NotAllowed, RunEnded, StoreError
from events.fold import fold_all
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
    st.tuples(st.just("read"), st.integers(0, 20), st.integers(1, 5)),
)


@dataclass
class Model:
    """What a run is, as simply as it can be said. `alive`: the holder's lease has not run out."""

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
        known = planned or {"model_chunk", "partial"} & set(self.types)
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
            assert await refused(store.runs.pause(run_id, "default")) == (RunEnded if model.ended else None)
            if not model.ended and not model.paused:
                model.types.append("run_paused")
                model.paused, model.parked, model.woken = True, model.holder is None, False
        case ("unpause",):
            assert await refused(store.runs.unpause(run_id, "default")) == (RunEnded if model.ended else None)
            if not model.ended and model.paused:
                model.types.append("run_unpaused")
                model.paused, model.parked, model.woken = False, False, model.holder is not None
        case ("cancel",):
            said = await refused(store.runs.request_cancel(run_id, "default"))
            assert said == (RunEnded if model.ended else not (model.holder and model.alive))
            if not model.ended:
                model.types += ["cancel_requested"] * (not model.wanted)
                if said:
                    model.types += ["step_error"] * model.open + ["step_skipped"] * model.never + ["cancelled"]
                    model.holder = None
                model.wanted = True
        case (_, after, limit):
            entries = await store.log.read(run_id, after, limit=limit)
            assert [(entry.seq, entry.type) for entry in entries] == list(enumerate(model.types, 1))[
                after : after + limit
            ]
        case _:
            raise AssertionError(action)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.tuples(st.integers(0, RUNS - 1), ACTIONS), min_size=20, max_size=50))
async def test_the_store_does_what_the_model_does(store: Store, actions: list[tuple[int, tuple[Any, ...]]]) -> None:
    runs = [((await store.runs.accept(new())).run_id, Model()) for _ in range(RUNS)]
    for number, action in actions:
        await act(store, *runs[number], action)
    for run_id, model in runs:
        entries = await store.log.read(run_id)
        assert [entry.type for entry in entries] == model.types
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert await store.runs.view(run_id, "default") == fold_all(str(run_id), entries)
