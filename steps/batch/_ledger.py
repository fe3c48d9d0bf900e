"""How each item of a batch stands, and how that is told: a part for each that has ended, and counts of all."""

from collections import Counter
from typing import Literal

from pydantic import JsonValue

from events.batches import Member
from events.contract import Counts, Partial, PartialData, Problem, Progress, ProgressData
from steps._place import current_attempt, current_run
from steps.batch._names import path_of
from steps.batch.order import BatchItem, BatchOrder
from steps.batch.report import MOST_FAILURES, BatchReport, Failure
from steps.errors import CANCELLED

State = Literal["waiting", "running", "complete", "failed", "cancelled"]
CANCELLED_ITEM = Problem(type=CANCELLED, title="cancelled", detail="The run of this item was cancelled.")
UNKNOWN = Problem(title="The run failed", detail="Its log says how.")


class Ledger:
    """To be made inside the step. What is said here is not waited for; `tell` does, for all that was said before it."""

    def __init__(self, order: BatchOrder) -> None:
        self._order = order
        self._run, self._attempt = current_run(), current_attempt()
        self._states: dict[str, State] = {item.key: "waiting" for item in order.items}
        self._numbers = Counter[str]({"waiting": len(order.items)})
        self._failures: dict[str, Failure] = {}
        self._told: tuple[Counts, str] | None = None

    @property
    def counts(self) -> Counts:
        names = ("waiting", "running", "complete", "skipped", "failed", "cancelled")
        return Counts(total=len(self._states), **{name: self._numbers[name] for name in names})

    @property
    def report(self) -> BatchReport:
        failed = [self._failures[item.key] for item in self._order.items if item.key in self._failures]
        return BatchReport(counts=self.counts, failed=failed[:MOST_FAILURES])

    def move(self, item: BatchItem, state: State) -> None:
        self._numbers[self._states[item.key]] -= 1
        self._numbers[state] += 1
        self._states[item.key] = state

    def recall(self, item: BatchItem, mark: str) -> bool:
        """Was it complete before, by what this batch has told of it?"""
        value = self._run.journal.checkpoints.get((self._attempt.step, path_of(item), mark))
        if not isinstance(value, dict):
            return False
        self.move(item, "complete")
        self._numbers["skipped"] += value.get("skipped") is True
        return True

    def complete(self, item: BatchItem, mark: str, member: Member) -> None:
        """A checkpoint. It is skipped where another batch began its run."""
        skipped, path = member.about != self._run.id, path_of(item)
        value: dict[str, JsonValue] = {"key": item.key, "run_id": str(member.run_id)}
        value |= {"status": "complete", "skipped": skipped}
        self._run.journal.checkpoints[self._attempt.step, path, mark] = value
        self._say(PartialData(path=path, value=value, input_hash=mark))
        self.move(item, "complete")
        self._numbers["skipped"] += skipped

    def failed(self, item: BatchItem, member: Member) -> None:
        """No checkpoint: who does the batch again does this again."""
        if member.status == "cancelled":
            self._without(item, "cancelled", member.problem or CANCELLED_ITEM, str(member.run_id))
        else:
            self._without(item, "failed", member.problem or UNKNOWN, str(member.run_id))

    def unfit(self, item: BatchItem, problem: Problem) -> None:
        """Not even a run could be started."""
        self._without(item, "failed", problem, None)

    async def tell(self, waits_for: str = "") -> None:
        """How all stand, where that has changed; and what is waited for, beside the items. Raises `RunLost`."""
        counts, run, step = self.counts, self._run, self._attempt.step
        if self._told == (counts, waits_for):
            return
        self._told = counts, waits_for
        run.pace.know(step, 1 - (counts.waiting + counts.running) / counts.total)
        data = ProgressData(
            step_progress=round(100 * run.pace.part(step), 1),
            eta_ms=run.pace.left_ms(),
            basis=run.pace.basis(step),
            counts=counts,
        )
        words = waits_for or in_words(counts)
        await run.commit(Progress(**self._attempt.where, message=words, progress=run.pace.percent(), data=data))

    def _without(self, item: BatchItem, state: State, problem: Problem, run: str | None) -> None:
        status = "error" if state == "failed" else state
        value: dict[str, JsonValue] = {"key": item.key, "run_id": run, "status": status, "skipped": False}
        value["problem"] = problem.model_dump(mode="json", exclude_none=True)
        self._say(PartialData(path=path_of(item), value=value))
        self._failures[item.key] = Failure(key=item.key, run_id=run, problem=problem)
        self.move(item, state)

    def _say(self, data: PartialData) -> None:
        self._run.say(Partial(**self._attempt.where, data=data))


def in_words(counts: Counts) -> str:
    """For a person, on one line: 12 of 30 done, 3 skipped, 1 failed."""
    done = counts.complete + counts.failed + counts.cancelled
    rest = {"skipped": counts.skipped, "failed": counts.failed, "cancelled": counts.cancelled}
    return ", ".join([f"{done:,} of {counts.total:,} done", *(f"{n:,} {name}" for name, n in rest.items() if n)])
