"""Histories to test with: a small language for telling a run's story, and some stories that have everything in them."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from events.contract import (
    EVENT,
    Event,
    ModelChunk,
    PlannedStep,
    Problem,
)
from events.log import Entry, encode
from events.runs import NewRun
from events.store import Store
from tests.check_history import ModelCall, Place

RUN_ID = UUID("01938f3a-7c4e-7d2a-9b1f-3e5a6c7d8e9f")
FIRST_TS = 1_795_204_800_000
PLAN = [
    PlannedStep(step="brief", label="Generate brief"),
    PlannedStep(step="framework", label="Generate framework"),
    PlannedStep(step="validation", label="Validate structure", after=["framework"]),
    PlannedStep(step="one_pager", label="Create one-pager", after=["validation"]),
    PlannedStep(step="qa", label="Run QA checks", after=["validation"]),
    PlannedStep(step="scoring", label="Score sections", after=["validation"]),
]
PROBLEM = Problem(
    type="/problems/model-failed", title="The model's answer broke off", detail="It ended in mid-sentence."
)


@dataclass
class Story:
    """A run's log in the making: each method appends what its name says and returns the story.

    Time goes on by 10 ms an event. Texts, `supersedes` and digests are kept for you, so that what comes out is valid
    unless you say otherwise. `epoch` is that of the worker now writing.
    """

    run_id: UUID = RUN_ID
    ts: int = FIRST_TS
    epoch: int = 1
    events: list[Event] = field(default_factory=list[Event])
    epochs: list[int | None] = field(default_factory=list[int | None])
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    attempts: dict[Place, int] = field(default_factory=dict[Place, int])
    chunks: dict[Place, list[tuple[int, ModelChunk]]] = field(default_factory=dict[Place, list[tuple[int, ModelChunk]]])
    starts: dict[Place, int] = field(default_factory=dict[Place, int])
    cost: float = 0.0

    @property
    def entries(self) -> list[Entry]:
        return [Entry(self.run_id, seq, event.type, encode(event)) for seq, event in enumerate(self.events, start=1)]

    @property
    def text(self) -> list[str]:
        """One short line per event, for asserting a story whole."""
        return [
            " ".join([event.type, *([step] if (step := getattr(event, "step", None)) else [])]) for event in self.events
        ]

    def say(self, type: str, data: dict[str, Any] | None = None, *, outside: bool = False, **envelope: Any) -> "Story":
        self.ts += 10
        event = EVENT.validate_python({"type": type, "ts": self.ts, "data": data or {}, **envelope})
        self.events.append(event)
        self.epochs.append(None if outside else self.epoch)
        return self

    # --- the run ----------------------------------------------------------------------------------------------------

    def queued(self, pipeline: str = "vision_framework", **data: Any) -> "Story":
        return self.say("run_queued", {"pipeline": pipeline, **data}, outside=True)

    def reused(self, step: str, result: Any, run_id: str = "01938f00-0000-7000-8000-000000000000") -> "Story":
        data = {"result": result, "reused": {"run_id": run_id}}
        return self.say("step_complete", data, outside=True, step=step, attempt=1)

    def started(self, plan: Sequence[PlannedStep] = PLAN, pipeline: str = "vision_framework") -> "Story":
        return self.say("run_start", {"pipeline": pipeline, "plan": [step.model_dump() for step in plan]}, progress=0)

    def taken_over(self, reason: str = "the worker was lost") -> "Story":
        self.epoch += 1
        return self.say("run_resumed", {"reason": reason})

    def done(self, result: Any = "the end") -> "Story":
        return self.say("complete", {"result": result}, progress=100)

    def failed(self, step: str | None = None, problem: Problem = PROBLEM) -> "Story":
        return self.say("error", {"problem": problem.model_dump(exclude_none=True), "failed_step": step})

    def cancelled(self, reason: str = "someone pressed cancel") -> "Story":
        return self.say("cancelled", {"reason": reason})

    # --- a step -----------------------------------------------------------------------------------------------------

    def start(self, step: str, *, lane: str | None = None, round: int | None = None, **more: Any) -> "Story":
        place = (step, lane, round)
        self.attempts[place] = self.attempts.get(place, 0) + 1
        self.chunks[place] = []
        self.say("step_start", step=step, lane=lane, round=round, attempt=self.attempts[place], **more)
        self.starts[place] = self.ts
        return self

    def asks(self, step: str, *, lane: str | None = None, path: str | None = None) -> "Story":
        """A model call of the open attempt."""
        place = self._open(step, lane, None)
        self.calls.append(ModelCall(self.run_id, step, self.attempts[place], lane, self.ts, path))
        return self

    def writes(
        self, step: str, *texts: str, lane: str | None = None, round: int | None = None, tokens: int = 1
    ) -> "Story":
        place = self._open(step, lane, round)
        for text in texts:
            data = {"text": text, "tokens": tokens}
            self.say("model_chunk", data, step=step, lane=lane, round=round, attempt=self.attempts[place])
            chunk = self.events[-1]
            assert isinstance(chunk, ModelChunk)
            self.chunks[place].append((len(self.events), chunk))
        return self

    def part(self, step: str, path: str, value: Any, hash: str | None = None, lane: str | None = None) -> "Story":
        data = {"path": path, "value": value, "input_hash": hash}
        return self._inside("partial", step, data, lane)

    def withdraws(self, step: str, path: str, lane: str | None = None) -> "Story":
        return self._inside("partial_withdrawn", step, {"path": path}, lane)

    def spends(
        self, step: str, cost: float | None = 0.01, model: str = "demo-heavy", lane: str | None = None
    ) -> "Story":
        self.cost += cost or 0.0
        data = {"model": model, "input_tokens": 100, "output_tokens": 20, "cost_usd": cost}
        data["run_cost_usd"] = round(self.cost, 8) or None
        return self._inside("usage", step, data, lane)

    def percent(self, step: str, progress: float, eta_ms: int | None = None) -> "Story":
        return self._inside("progress", step, {"eta_ms": eta_ms, "basis": "history"}, progress=progress)

    def counts(self, step: str, **counts: int) -> "Story":
        names = ("waiting", "running", "complete", "skipped", "failed", "cancelled")
        told = {name: counts.get(name, 0) for name in names}
        total = sum(told.values()) - told["skipped"]
        return self._inside("progress", step, {"basis": "declared", "counts": {"total": total, **told}})

    def retry(self, step: str, *, lane: str | None = None, round: int | None = None) -> "Story":
        place = (step, lane, round)
        written = [seq for seq, _ in self.chunks[place]]
        data = {
            "problem": PROBLEM.model_dump(exclude_none=True),
            "next_attempt_in_ms": 500,
            "supersedes": (written[0], written[-1]) if written else None,
        }
        return self._close("step_retry", place, data)

    def completes(
        self, step: str, result: Any = None, *, lane: str | None = None, round: int | None = None, **more: Any
    ) -> "Story":
        place = (step, lane, round)
        data = {"result": f"{step} result" if result is None else result, "text": self._digest(place)}
        return self._close("step_complete", place, data, **more)

    def fails(
        self, step: str, title: str = PROBLEM.title, *, lane: str | None = None, round: int | None = None
    ) -> "Story":
        data = {"problem": {"title": title, "detail": "It is over."}}
        return self._close("step_error", (step, lane, round), data)

    def _inside(self, type: str, step: str, data: dict[str, Any], lane: str | None = None, **more: Any) -> "Story":
        attempt = self.attempts[self._open(step, lane, None)]
        return self.say(type, data, step=step, lane=lane, attempt=attempt, **more)

    def _close(self, type: str, place: Place, data: dict[str, Any], **more: Any) -> "Story":
        step, lane, round = place
        duration = self.ts + 10 - self.starts[place]
        return self.say(
            type, data, step=step, lane=lane, round=round, attempt=self.attempts[place], duration=duration, **more
        )

    def _open(self, step: str, lane: str | None, round: int | None) -> Place:
        """What is said in a lane belongs to the attempt of that lane, or of the whole step where the lane has none."""
        return (step, lane, round) if (step, lane, round) in self.attempts else (step, None, None)

    def _digest(self, place: Place) -> dict[str, Any] | None:
        chunks = [chunk.data for _, chunk in self.chunks[place]]
        if not chunks:
            return None
        text = "".join(chunk.text for chunk in chunks)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return {"chunks": sum(chunk.tokens for chunk in chunks), "chars": len(text), "sha256": sha256}


def simple_story(texts: Sequence[str] = ("Once ", "upon ", "a time")) -> Story:
    """One step, some text, a good end."""
    story = Story().queued().started(PLAN[:1]).start("brief", message="Generate brief").asks("brief")
    return story.writes("brief", *texts).spends("brief").completes("brief", progress=90).done()


def rich_story() -> Story:
    """Nearly everything that can be said in a run that ends well, a lost worker and a pause included."""
    story = Story().queued(forked_from="01938f00-0000-7000-8000-000000000000").reused("brief", {"founder_brief": "F"})
    story.started().start(
        "framework", message="Generate framework", data={"expected_ms": {"p50": 9, "p90": 20, "n": 3}}
    )
    story.asks("framework").writes("framework", '{"vis', 'ion":"', tokens=2).part("framework", "/vision", "We")
    story.spends("framework").retry("framework").start("framework").asks("framework")
    story.writes("framework", '{"vision":"Ü', "ber\r\n\u2028alles", '"}', tokens=3).percent("framework", 20, 40_000)
    story.part("framework", "/vision", "Über").part("framework", "/strategy", ["a", "b"])
    story.withdraws("framework", "/strategy").spends("framework", cost=None, model="free-model")
    story.say("run_paused", {"by": "ops"}, outside=True).say("run_unpaused", outside=True)
    story.completes("framework", {"vision": "Über"}, progress=45)
    story.start("validation").completes("validation", {"vision": "Über"}, progress=50)
    story.start("one_pager").start("qa").start("scoring").asks("one_pager").asks("qa")
    story.asks("scoring", lane="vision", path="/vision").asks("scoring", lane="metrics", path="/metrics")
    story.writes("one_pager", "# One").writes("scoring", "{", lane="vision").writes("qa", "{}")
    story.writes("scoring", "[", lane="metrics").writes("one_pager", " pager")
    story.part("scoring", "/vision", {"specificity": 8}, hash="h1", lane="vision").spends("scoring", lane="vision")
    story.part("scoring", "/tensions", {"specificity": 1}, lane="tensions")
    story.spends("qa").completes("qa", {"overall_score": 7}, progress=60)
    # The worker dies: its open attempts are withdrawn by the next one, what was finished inside them is not.
    story.taken_over().retry("one_pager").retry("scoring").start("one_pager", progress=60).asks("one_pager")
    story.start("scoring").asks("scoring", lane="metrics", path="/metrics").writes("scoring", "]", lane="metrics")
    story.writes("one_pager", "# Our ", "page").part("scoring", "/metrics", {"specificity": 6}, "h2", "metrics")
    story.say("input_required", {"input_id": "i1", "schema": {"type": "string"}, "prompt": "Go on?"})
    story.say("input_received", {"input_id": "i1", "value": "yes"}, outside=True)
    story.spends("scoring", lane="metrics").completes("scoring", {"vision": 8}, progress=80)
    return story.spends("one_pager").completes("one_pager", "# Our page", progress=95).done({"score": 7.5})


def lanes_story() -> Story:
    """One step called in several lanes and rounds at once, each with attempts of its own."""
    story = Story().queued("council").started([PlannedStep(step="debate", label="Debate")], "council")
    for lane in ("anna", "bert"):
        story.start("debate", lane=lane, round=1)
    story.writes("debate", "I ", lane="anna", round=1).writes("debate", "No", lane="bert", round=1)
    story.writes("debate", "think", lane="anna", round=1).retry("debate", lane="bert", round=1)
    story.completes("debate", "think", lane="anna", round=1).start("debate", lane="bert", round=1)
    story.start("debate", lane="anna", round=2).writes("debate", "Yes", lane="bert", round=1)
    story.completes("debate", "yes", lane="bert", round=1).writes("debate", "So", lane="anna", round=2)
    return story.completes("debate", "so", lane="anna", round=2).done("agreed")


def failed_story() -> Story:
    """A step that fails for good stops its sibling; what was planned behind it is skipped."""
    story = Story().queued().started(PLAN[:3]).start("brief").start("framework").asks("brief").asks("framework")
    story.writes("brief", "Some").writes("framework", "{").spends("framework").retry("framework").start("framework")
    story.asks("framework").writes("framework", "{,").fails("framework").fails("brief", "cancelled")
    story.say("step_skipped", {"reason": "framework failed"}, step="validation")
    return story.failed("framework")


def cancelled_story() -> Story:
    """Someone presses cancel while one step writes and another waits to try again."""
    story = Story().queued().started(PLAN[:2]).start("brief").start("framework").asks("brief").writes("brief", "So")
    story.retry("framework").say("cancel_requested", {"by": "founder"}, outside=True)
    return story.fails("brief", "cancelled").fails("framework", "cancelled").cancelled()


def stories() -> list[Story]:
    """One of each kind, all valid."""
    return [
        simple_story(),
        rich_story(),
        lanes_story(),
        failed_story(),
        cancelled_story(),
        *map(random_story, range(5)),
    ]


def random_story(seed: int, actions: int = 60) -> Story:
    """A valid run drawn from `seed`: steps that write, retry and finish in any order, workers that are lost."""
    draw = random.Random(seed)
    story = Story().queued().started()
    waiting, opened, progress = [step.step for step in PLAN], list[str](), 0.0
    for _ in range(actions):
        action = draw.choice(
            ["start", "writes", "writes", "writes", "part", "check", "spends", "percent", "end", "lose"]
        )
        if action == "start" and waiting:
            opened.append(waiting.pop(0))
            story.start(opened[-1]).asks(opened[-1])
        elif action == "lose" and draw.random() < 0.1:
            story.taken_over()
            for step in opened:
                story.retry(step).start(step).asks(step)
        elif opened:
            step = draw.choice(opened)
            progress = min(99.0, progress + draw.random())
            _act(story, draw, action, step, progress)
            if action == "end" and story.events[-1].type == "step_complete":
                opened.remove(step)
    for step in opened:
        story.completes(step)
    for step in waiting:
        story.say("step_skipped", {"reason": "not needed"}, step=step)
    return story.done()


def _act(story: Story, draw: random.Random, action: str, step: str, progress: float) -> None:
    lane = draw.choice([None, None, "vision", "metrics"])
    match action:
        case "writes":
            story.writes(
                step,
                draw.choice(["Hällo", " wörld", "\r\n", "\u2028", "😀", '"{}"']),
                lane=lane,
                round=draw.choice([None, None, 1, 2]),
                tokens=draw.randint(1, 4),
            )
        case "part":
            story.part(step, draw.choice(["/a", "/b"]), draw.randint(0, 9), lane=lane)
        case "check":
            story.part(step, f"/{draw.randint(0, 3)}", draw.randint(0, 9), hash=f"h{len(story.events)}", lane=lane)
        case "spends":
            story.spends(step, cost=draw.choice([None, 0.1, 0.2]), model=draw.choice(["m1", "m2"]), lane=lane)
        case "percent":
            story.percent(step, progress, draw.choice([None, 1000, 2000]))
        case "end" if draw.random() < 0.3 and story.attempts[step, None, None] < 3:
            story.retry(step).start(step).asks(step)
        case "end":
            story.completes(step, progress=progress)
        case _:
            story.withdraws(step, draw.choice(["/a", "/b"]))


def replace_event(event: Event, **changes: Any) -> Event:
    """`event` with some of its fields, or of its `data`, changed; for planting a fault."""
    plain = event.model_dump(exclude_none=True)
    data = changes.pop("data", {})
    return EVENT.validate_python({**plain, **changes, "data": {**plain["data"], **data}})


class Teller:
    """Tells a story to a store, as far as you like: `upto` so many events, with the epochs of the story."""

    def __init__(self, store: Store, story: Story) -> None:
        self.store, self.story, self.told, self._epoch = store, story, 0, 1

    async def begin(self) -> UUID:
        """The run is accepted and held. Its id, which is the story's from now on."""
        first = next((i for i, e in enumerate(self.story.events) if e.type == "run_start"), 1)
        new = NewRun("vision_framework", {}, self.story.events[:first])
        self.story.run_id = (await self.store.runs.accept(new, holder="teller", lease=1000)).run_id
        self.told = first
        return self.story.run_id

    async def upto(self, number: int) -> None:
        """What follows, up to so many events in all; one by one, or the store would merge the chunks."""
        for event, epoch in list(zip(self.story.events, self.story.epochs, strict=True))[self.told : number]:
            if epoch is not None and epoch > self._epoch:
                claim = await self.store.runs.claim("teller", run_id=self.story.run_id, lease=1000)
                assert claim is not None and claim.epoch == epoch
                self._epoch = epoch
            await self.store.log.append(self.story.run_id, [event], epoch=epoch)
            self.told += 1

    async def end(self) -> None:
        await self.upto(len(self.story.events))


async def tell(store: Store, story: Story) -> UUID:
    """A whole story, told at once."""
    teller = Teller(store, story)
    await teller.begin()
    await teller.end()
    return story.run_id
