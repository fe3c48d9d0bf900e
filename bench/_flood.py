"""More text than any model writes: a run whose one step says 2,000 `model_chunk`s a second, through the real store."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from events.contract import EVENT, Event, now_ms
from events.runs import NewRun
from events.store import Store

A_SECOND = 2000
EVERY = 0.01
"""Seconds between two appends: what a worker's writer gathers under load."""
HOLDER = "bench"
PLAN = [
    {"step": "brief", "label": "Generate brief"},
    {"step": "framework", "label": "Generate framework"},
    {"step": "validation", "label": "Validate structure", "after": ["framework"]},
    {"step": "one_pager", "label": "Create one-pager", "after": ["validation"]},
]
WORDS = (
    "We build **tools** that a small team can trust, and we say *no* to whatever does not serve the people who use"
    " them every single day of a long and busy year in which nobody has the time to read a manual."
).split(" ")


def markdown(number: int) -> str:
    """Piece `number` of a document with headings, lists and bold words, about a token long."""
    word = f"{WORDS[number % len(WORDS)]} "
    if number % 400 == 0:
        return f"\n\n## Part {number // 400}\n\n{word}"
    if number % 80 == 0:
        return f"\n\n- Point {number}: {word}" if number % 400 > 200 else f"\n\n{number} {word}"
    return word


def outline(number: int) -> str:
    """Piece `number` of a JSON document of many sections, which is still open."""
    word = f"{WORDS[number % len(WORDS)].strip('*')} "
    if number % 50:
        return word[:3]
    return f'{{"part_0": "{word}' if number == 0 else f'", "part_{number}": "{word}'


@dataclass
class Flood:
    """One run under our own hand. `text` is all that its step has written."""

    store: Store
    run_id: UUID
    epoch: int
    step: str
    said: list[str] = field(default_factory=list[str])
    tail: int = 0

    @property
    def text(self) -> str:
        return "".join(self.said)

    async def say(self, *events: dict[str, Any]) -> None:
        typed: list[Event] = [EVENT.validate_python({"ts": now_ms(), "data": {}, **event}) for event in events]
        self.tail = await self.store.log.append(self.run_id, typed, epoch=self.epoch)

    async def write(self, piece: Callable[[int], str], seconds: float) -> float:
        """`A_SECOND` pieces a second for so long. Gives the seconds that it really took."""
        began = time.monotonic()
        total = round(A_SECOND * seconds)
        while len(self.said) < total:
            due = min(total, int((time.monotonic() - began) * A_SECOND))
            texts = [piece(number) for number in range(len(self.said), due)]
            if texts:
                about = {"type": "model_chunk", "step": self.step, "attempt": 1}
                await self.say(*({**about, "data": {"text": text}} for text in texts))
                self.said += texts
            await asyncio.sleep(EVERY)
        return time.monotonic() - began

    async def finish(self) -> None:
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        counted = {"chunks": len(self.said), "chars": len(self.text), "sha256": digest}
        done = {"result": {"markdown": "# Done", "words": 1}, "text": counted}
        await self.say({"type": "step_complete", "step": self.step, "attempt": 1, "duration": 1, "data": done})
        for step in PLAN:
            if step["step"] != self.step:
                await self.say({"type": "step_skipped", "step": step["step"], "data": {"reason": "Not measured."}})
        await self.say({"type": "complete", "progress": 100, "data": {"result": {}}})


@asynccontextmanager
async def flood(store: Store, step: str = "one_pager") -> AsyncGenerator[Flood]:
    """A run that has begun, with `step` about to write; complete when left."""
    queued = EVENT.validate_python({"type": "run_queued", "ts": now_ms(), "data": {"pipeline": "vision_framework"}})
    given = json.loads('{"company_name": "Flood"}')
    accepted = await store.runs.accept(NewRun("vision_framework", given, [queued]), holder=HOLDER, lease=3600)
    run = Flood(store, accepted.run_id, 1, step)
    await run.say(
        {"type": "run_start", "progress": 0, "data": {"pipeline": "vision_framework", "plan": PLAN}},
        {
            "type": "step_start",
            "step": step,
            "attempt": 1,
            "data": {"expected_ms": {"p50": 9000, "p90": 12000, "n": 3}},
        },
    )
    yield run
    await run.finish()
