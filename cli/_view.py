"""What a viewer knows of a run: the fold of its events, and the end of the texts that are being written."""

import time
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue, ValidationError

from cli._follow import Away, Frame, Heard
from cli._items import BATCH, Items
from events.contract import Complete, ModelChunk, Partial, PartialWithdrawn, StepEvent
from events.fold import fold, opening
from events.log import Entry
from events.view import RunView, StepView

# Characters of a text that are kept: enough to fill a screen.
KEPT = 4000
Place = tuple[str, str | None]
# After these nothing is being written there any more; `usage` follows a model call.
ENDS = frozenset({"usage", "step_start", "step_retry", "step_complete", "step_error"})


@dataclass
class Watched:
    """Changes with every message. `texts` are those being written now, by step and lane, the oldest first; `items` are
    a batch's."""

    view: RunView
    texts: dict[Place, str] = field(default_factory=dict[Place, str])
    result: JsonValue = None
    away: str | None = None
    cancelled_here: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    items: Items = field(default_factory=Items)

    def hear(self, message: Heard) -> None:
        """Take in one message of the stream."""
        self.away = message.why if isinstance(message, Away) else None
        if isinstance(message, Frame):
            self._frame(message)
        elif isinstance(message, Entry):
            self._entry(message)

    @property
    def ended(self) -> bool:
        return self.view.ended_at is not None

    @property
    def is_batch(self) -> bool:
        return self.view.pipeline == BATCH

    @property
    def eta_seconds(self) -> float | None:
        """Seconds to go as of now, counted down from when they were last said; never below zero."""
        if self.view.eta_ms is None or self.ended:
            return None
        return max(0.0, self.view.eta_ms / 1000 - (time.monotonic() - self.heard_at))

    def _entry(self, entry: Entry) -> None:
        event = entry.event
        before = self.view.eta_ms
        self.view = fold(self.view, entry)
        if self.view.eta_ms != before:
            self.heard_at = time.monotonic()
        if isinstance(event, ModelChunk):
            place = (event.step, event.lane)
            self.texts[place] = (self.texts.get(place, "") + event.data.text)[-KEPT:]
        elif isinstance(event, Partial | PartialWithdrawn) and self.is_batch:
            self.items.hear(event)
        elif isinstance(event, StepEvent) and event.type in ENDS:
            for place in [place for place in self.texts if event.lane in (None, place[1]) and event.step == place[0]]:
                del self.texts[place]
        elif isinstance(event, Complete):
            self.result = event.data.result

    def _frame(self, frame: Frame) -> None:
        if frame.type == "snapshot":
            self._snapshot(frame.data.get("run"))

    def _snapshot(self, run: Any) -> None:
        """Start over from a whole state: what we had been told before does not hold any more."""
        try:
            self.view = RunView.model_validate(run)
        except ValidationError:
            return
        self.texts = {
            (str(step["step"]), None): str(step["text"])[-KEPT:] for step in run.get("steps", ()) if step.get("text")
        }
        self.result = run.get("result")
        if self.is_batch:
            for step in run.get("steps", ()):
                self.items.start_over(step.get("partials") or {})


def watching(run_id: str) -> Watched:
    """Nothing is known yet."""
    return Watched(opening(run_id))


def duration_of(step: StepView, now_ms: int) -> float | None:
    """Seconds that a step took, or has been at it in its open attempt; None before it started."""
    if step.status in ("in_progress", "retrying") and step.started_at is not None:
        return max(0.0, (now_ms - step.started_at) / 1000)
    return step.duration / 1000 if step.duration is not None else None


def is_demo(view: RunView) -> bool:
    """Did a demo model write this? It says so in its name."""
    return any("demo" in model for model in view.models)
