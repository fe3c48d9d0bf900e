"""What is said of a run while nothing happens in it: which steps are at work, and that somebody is still there."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic_core import from_json

from events.contract import now_ms
from events.fold import fold, open_steps
from events.frames import Control, Ping, Working
from events.log import Entry
from events.view import RunView, StepView

Clock = Callable[[], float]
# In what we encode, the envelope comes before the data, and a quote inside a string is escaped: the first is the field.
_STEP = re.compile(rb'"step":("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Silence:
    """Seconds after which something is said: of a step that says nothing, and when nothing at all was said."""

    working: float = 2.0
    ping: float = 15.0


class Pulse:
    """Folds what it hears, from `view` on. `clock` in seconds, `wall` in Unix ms."""

    def __init__(
        self,
        view: RunView,
        silence: Silence,
        *,
        clock: Clock = time.monotonic,
        wall: Callable[[], int] = now_ms,
    ) -> None:
        self.view = view
        self._working, self._ping = silence.working, silence.ping
        self._clock, self._wall = clock, wall
        self._since = clock()
        # When each open step was last heard of, by itself or by us.
        self._open = {step.step: self._since for step in open_steps(view)}

    def hear(self, entries: Sequence[Entry]) -> None:
        """What has come since the last time. Of text it is enough to know whose it is, and where the log ends."""
        self._since = now = self._clock()
        for entry in entries:
            if entry.type != "model_chunk":
                self.view = fold(self.view, entry)
        if self.view.tail_seq < entries[-1].seq:
            self.view = fold(self.view, entries[-1])
        self._open = {step.step: self._open.get(step.step, now) for step in open_steps(self.view)}
        unheard = set(self._open)
        # The last first: they are of few steps, so that most need not be looked at.
        for entry in reversed(entries):
            if not unheard:
                return
            said = _step_of(entry)
            if said in unheard:
                unheard.remove(said)
                self._open[said] = now

    @property
    def due(self) -> float:
        """Seconds until there is something to say; 0 when there is."""
        first = min((heard + self._working for heard in self._open.values()), default=float("inf"))
        return max(0.0, min(first, self._since + self._ping) - self._clock())

    def beat(self, tail: int) -> Iterator[Control]:
        """What is to be said now, when the log ends at `tail`."""
        now = self._clock()
        for step in open_steps(self.view):
            if self._open[step.step] + self._working <= now:
                self._open[step.step] = self._since = now
                yield self._at_work(step)
        if self._since + self._ping <= now:
            self._since = now
            yield Ping(tail_seq=tail)

    def _at_work(self, step: StepView) -> Working:
        # Wall clocks of two machines may differ; what has begun has never been going for less than nothing.
        elapsed = max(0, self._wall() - (step.started_at or 0))
        usual = step.expected_ms
        left = None if usual is None else (usual.p50 if elapsed < usual.p50 else usual.p90) - elapsed
        return Working(step=step.step, elapsed_ms=elapsed, eta_ms=left if left is not None and left > 0 else None)


def _step_of(entry: Entry) -> str | None:
    """The step that an entry is of, without reading the rest."""
    found = _STEP.search(entry.body)
    return from_json(found[1]) if found else None
