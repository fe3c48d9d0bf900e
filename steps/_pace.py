"""How far a run is and how long it will take, out of how long its steps took before.

A step's share of the bar is its usual duration. An open step fills its share as its time goes by, slower and slower
towards the end, so that a late step is never shown as done. The time left is that of the longest way through what
is still to do.
"""

import time
from collections.abc import Callable, Sequence
from typing import Literal

from events.contract import Expected, PlannedStep

DECLARED = Expected(p50=10_000, p90=20_000, n=0)


class Pace:
    """Progress in percent of the whole run, and time left in ms. `floor`: what was shown before; it never goes down."""

    def __init__(
        self, plan: Sequence[PlannedStep], *, floor: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = {planned.step: planned for planned in plan}
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._known: dict[str, tuple[float, float]] = {}
        self._done: set[str] = set()
        self._shown = floor

    def begin(self, step: str) -> None:
        self._begun[step] = self._clock()
        self._known.pop(step, None)

    def know(self, step: str, part: float) -> None:
        """The step itself says how much of it is done, 0 to 1: then nothing is guessed from the time that it takes."""
        first, _ = self._known.get(step, (part, part))
        self._known[step] = first, part

    def rest(self, step: str) -> None:
        """Between two attempts a step is not at work."""
        self._begun.pop(step, None)

    def end(self, step: str) -> None:
        self._begun.pop(step, None)
        self._done.add(step)

    def expected(self, step: str) -> Expected:
        planned = self._plan.get(step)
        return (planned.expected_ms if planned else None) or DECLARED

    @property
    def open(self) -> list[str]:
        return list(self._begun)

    def percent(self) -> float:
        """0 to 100, never less than before; 100 only when every planned step is done."""
        if self._plan:
            # At least a millisecond each: a history may be of instants only, and they must add up to something.
            shares = {step: float(max(1, self.expected(step).p50)) for step in self._plan}
            filled = sum(share * self.part(step) for step, share in shares.items())
            self._shown = max(self._shown, min(100.0, 100.0 * filled / sum(shares.values())))
        return round(self._shown, 1)

    def part(self, step: str) -> float:
        """How much of a step is done, 0 to 1: nine tenths at its usual duration, then ever slower."""
        if step in self._done:
            return 1.0
        if step not in self._begun:
            return 0.0
        if step in self._known:
            return self._known[step][1]
        x = self._elapsed_ms(step) / max(1, self.expected(step).p50)
        return 0.9 * x if x < 1 else 1 - 0.1 / x

    def left_ms(self) -> int:
        """The longest way through what is still to do."""
        known: dict[str, float] = {}

        def finish(step: str) -> float:
            if step not in known:
                known[step] = 0.0  # a plan that goes round in a circle must not
                before = max((finish(other) for other in self._plan[step].after if other in self._plan), default=0.0)
                # One that has begun already works beside those that it waits for in the end.
                known[step] = max(before, self._own_ms(step)) if step in self._begun else before + self._own_ms(step)
            return known[step]

        return int(max((finish(step) for step in self._plan), default=0.0))

    def slowest(self) -> str | None:
        """The open step that will take longest: the one that a viewer waits for."""
        return max(self._begun, key=self._own_ms, default=None)

    def basis(self, step: str) -> Literal["history", "declared"]:
        return "history" if self.expected(step).n else "declared"

    def _elapsed_ms(self, step: str) -> float:
        return (self._clock() - self._begun[step]) * 1000

    def _own_ms(self, step: str) -> float:
        if step in self._done:
            return 0.0
        expected = self.expected(step)
        if step not in self._begun:
            return float(expected.p50)
        elapsed = self._elapsed_ms(step)
        first, part = self._known.get(step, (0.0, 0.0))
        if part > first:  # as fast as it was since it first said so
            return elapsed * (1 - part) / (part - first)
        # Later than usual: as if a tenth of what it took so far were still to come.
        return max(expected.p50 - elapsed, 0.1 * elapsed if elapsed > expected.p50 else 0.0)
