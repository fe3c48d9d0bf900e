"""Good histories by chance: whatever Hypothesis draws, every promise is kept in it.

    @given(histories())
    def test_…(story: Story) -> None: ...

They have what the contract allows and the hand-made stories of tests/histories.py have not in this combination: lanes
with attempts of their own, workers that are lost at any moment, checkpoints, pauses, questions, every last word.
"""

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from events.contract import PlannedStep
from tests.histories import PLAN, Story

MOST_ATTEMPTS = 3
TEXTS = ["Hällo", " wörld", "\r\n", "\u2028", "😀", '"{}"', "", "a\x00b"]
LANES = ["vision", "metrics", "tensions"]


def histories() -> st.SearchStrategy[Story]:
    """Any good history of a run that has ended."""
    return st.randoms(use_true_random=False).map(lambda chance: Author(chance).story())


class Author:
    """Tells one run from its acceptance to its last word, choosing at each event among those that may come next."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.told = Story()
        self.waiting = [each.step for each in PLAN]
        self.open: list[str] = []
        self.failures: dict[str, int] = {}
        self.kept: dict[str, set[str]] = {}
        self.paused = False
        self.asked: list[str] = []
        self.questions = 0
        self.percent = 0.0

    def story(self) -> Story:
        self._beginning()
        for _ in range(self.chance.randint(0, 40)):
            self.chance.choice(self._moves())()
        return self._end()

    def _beginning(self) -> None:
        if self.chance.random() < 0.3:
            self.told.queued(forked_from="01938f00-0000-7000-8000-000000000000")
            for _ in range(self.chance.randint(0, 2)):
                self.told.reused(self.waiting.pop(0), {"text": "as before"})
        else:
            self.told.queued()
        if self.chance.random() < 0.1:
            self._pause()
        plan = [PlannedStep(step=each.step, label=each.label) for each in PLAN]
        self.told.started(plan)

    def _moves(self) -> list[Callable[[], object]]:
        moves: list[Callable[[], object]] = [self._pause, self._lose, self._ask]
        if self.asked:
            moves.append(self._answer)
        if self.waiting:
            moves += [self._start] * 3
        if self.open:
            moves += [self._write] * 6 + [self._keep, self._show, self._spend, self._tell, self._retry, self._complete]
        return moves

    def _start(self) -> None:
        step = self.waiting.pop(0)
        self.open.append(step)
        self.told.start(step, progress=self.percent)
        self._call(step)

    def _call(self, step: str) -> None:
        """One call for each part of the step that is not kept yet."""
        if step != "scoring":
            self.told.asks(step)
            return
        for lane in LANES:
            if lane not in self.kept.get(step, ()):
                self.told.asks(step, lane=lane, path=f"/{lane}")

    def _write(self) -> None:
        step = self.chance.choice(self.open)
        lane = self.chance.choice(LANES) if step == "scoring" else None
        turn = self.chance.choice([None, None, 1, 2])
        text = self.chance.choice(TEXTS)
        self.told.writes(step, text, lane=lane, round=turn, tokens=self.chance.randint(1, 4))

    def _keep(self) -> None:
        left = [lane for lane in LANES if lane not in self.kept.get("scoring", ())]
        if "scoring" in self.open and left:
            lane = self.chance.choice(left)
            self.kept.setdefault("scoring", set()).add(lane)
            self.told.part("scoring", f"/{lane}", {"specificity": 7}, hash=f"made of {lane}", lane=lane)

    def _show(self) -> None:
        step, path = self.chance.choice(self.open), self.chance.choice(["/a", "/b"])
        self.told.part(step, path, self.chance.randint(0, 9))
        if self.chance.random() < 0.3:
            self.told.withdraws(step, path)

    def _spend(self) -> None:
        self.told.spends(self.chance.choice(self.open), cost=self.chance.choice([None, 0.1, 0.2]))

    def _tell(self) -> None:
        self.percent = min(99.0, self.percent + self.chance.randint(0, 5))
        self.told.percent(self.chance.choice(self.open), self.percent, self.chance.choice([None, 1000]))

    def _retry(self) -> None:
        step = self.chance.choice(self.open)
        if self.failures.get(step, 0) + 1 < MOST_ATTEMPTS:
            self.failures[step] = self.failures.get(step, 0) + 1
            self.told.retry(step).start(step)
            self._call(step)

    def _complete(self) -> None:
        step = self.chance.choice(self.open)
        self.open.remove(step)
        self.told.completes(step, progress=self.percent)

    def _lose(self) -> None:
        if self.told.epoch > 3:
            return
        self.told.taken_over()
        for step in self.open:
            self.told.retry(step)
        for step in self.open:
            self.told.start(step)
            self._call(step)

    def _pause(self) -> None:
        self.told.say("run_unpaused" if self.paused else "run_paused", outside=True)
        self.paused = not self.paused

    def _ask(self) -> None:
        self.questions += 1
        self.asked.append(f"input-{self.questions}")
        self.told.say("input_required", {"input_id": self.asked[-1], "schema": {}, "prompt": "Go on?"})

    def _answer(self) -> None:
        answered = self.asked.pop(self.chance.randrange(len(self.asked)))
        self.told.say("input_received", {"input_id": answered, "value": "yes"}, outside=self.chance.random() < 0.8)

    def _end(self) -> Story:
        kind = self.chance.choice(["complete", "error", "cancelled"])
        if kind == "complete":
            while self.open:
                self._complete()
            while self.asked:
                self._answer()
            return self._skip().done()
        if kind == "cancelled":
            self.told.say("cancel_requested", outside=True)
        failed = self.open[0] if self.open else None
        for step in self.open:
            if self.chance.random() < 0.3:
                self.told.retry(step)  # it waits to be tried again when the run ends
            self.told.fails(step)
        return self._skip().failed(failed) if kind == "error" else self._skip().cancelled()

    def _skip(self) -> Story:
        for step in self.waiting:
            self.told.say("step_skipped", {"reason": "not needed"}, step=step)
        return self.told
