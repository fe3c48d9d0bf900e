"""The items of a batch, each as a run of its own: so many at once, each begun once, whoever carries the batch.

What is known of an item is what is known of its runs, by their keys. A batch that is taken over, or started again under
its name, looks those up first: what is complete is skipped, what is under way is waited for, and what another batch
has failed is begun again, with what was finished taken over. What this batch itself has failed stays failed.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import UUID

from events.batches import Member
from steps._children import Children, Held, Unfit, Wanted
from steps._growing import resting
from steps._place import current_run
from steps._run import DAY
from steps._step import step
from steps.batch._ledger import Ledger
from steps.batch._names import key_for, mark_of
from steps.batch.order import BatchItem, BatchOrder
from steps.batch.report import BatchReport

T = TypeVar("T")
PAGE = 500
"""Items that are looked up at once."""
LOOK, SOON = 15.0, 1.0
"""Seconds after which who waits looks around, also where nothing was heard; sooner where a pause may be over."""


@dataclass(slots=True, eq=False)
class Turn:
    """An item that is not done. `attempt` is the number of the next run, `before` the one that has failed; `live` one
    that was found under way."""

    item: BatchItem
    mark: str
    attempt: int = 1
    before: UUID | None = None
    live: Member | None = None


@step("Run the items", retries=2, timeout=DAY, expected=60)
async def items(order: BatchOrder) -> BatchReport:
    """A run for each of the items. How one ends ends no other, and not the batch."""
    children = current_run().children
    assert children is not None, "whoever carries a batch can start runs"
    return await Work(order, children).go()


class Work:
    """`queue` are the items that wait, `running` those that are under way, by their runs."""

    def __init__(self, order: BatchOrder, children: Children) -> None:
        self._order = order
        self._children = children
        self._run = current_run()
        self._ledger = Ledger(order)
        self._queue: deque[Turn] = deque()
        self._running: dict[UUID, Turn] = {}

    async def go(self) -> BatchReport:
        await self._survey()
        # Before the first begins: what is done is known now, and no longer guessed from how long batches took.
        await self._ledger.tell()
        while self._queue or self._running:
            held = await self._fill()
            await self._ledger.tell(str(held or ""))
            for member in await self._some_end(held):
                self._settle(self._running.pop(member.run_id), member)
        await self._ledger.tell()
        return self._ledger.report

    async def _survey(self) -> None:
        """What is done already, and what is under way: the latter comes first, so that it is not too many at once."""
        turns = [Turn(item, mark_of(self._order, item)) for item in self._order.items]
        for page in paged((turn for turn in turns if not self._ledger.recall(turn.item, turn.mark)), PAGE):
            found = await latest(self._children, [turn.mark for turn in page])
            for turn in page:
                turn.attempt, member = found.get(turn.mark, (1, None))
                if member is None:
                    self._queue.append(turn)
                elif member.ended:
                    self._settle(turn, member)
                else:
                    turn.live = member
                    self._queue.appendleft(turn)

    async def _fill(self) -> Held | None:
        """Begin as many as may be. What forbids it, if anything does but the number."""
        while self._queue and len(self._running) < self._order.concurrency and self._run.gate.is_open:
            turn = self._queue[0]
            try:
                member = turn.live or await self._children.begin(self._wanted(turn))
            except Held as held:
                return held
            except Unfit as error:
                self._queue.popleft()
                self._ledger.unfit(turn.item, error.problem)
                continue
            self._queue.popleft()
            if member.ended:
                self._settle(turn, member)
            else:
                self._running[member.run_id] = turn
                self._ledger.move(turn.item, "running")
        return None

    def _wanted(self, turn: Turn) -> Wanted:
        order, key = self._order, key_for(turn.mark, turn.attempt)
        return Wanted(order.pipeline, turn.item.input, key, turn.before, order.max_cost_usd)

    async def _some_end(self, held: Held | None) -> list[Member]:
        """Nothing of this is at work meanwhile: a batch that is to pause is parked here."""
        wait = LOOK if self._run.gate.is_open else SOON
        if held is not None:
            wait = min(wait, max(held.seconds, 0.01))
        if self._running:
            async with resting():
                return await self._children.ended(list(self._running), wait)
        if self._queue:
            async with resting():
                await asyncio.sleep(wait)
        return []

    def _settle(self, turn: Turn, member: Member) -> None:
        """It has ended. What was begun by another batch, and failed, is begun again by this one."""
        if member.status == "complete":
            self._ledger.complete(turn.item, turn.mark, member)
        elif member.about == self._run.id:
            self._ledger.failed(turn.item, member)
        else:
            self._ledger.move(turn.item, "waiting")
            turn.attempt, turn.before, turn.live = turn.attempt + 1, member.run_id, None
            self._queue.append(turn)


async def latest(children: Children, marks: Sequence[str]) -> dict[str, tuple[int, Member]]:
    """The last run of each of these items that has one, and which attempt it is. Attempts are numbered without a hole,
    and only behind a failure there is another: a few questions find the last one of however many."""
    found: dict[str, tuple[int, Member]] = {}
    asked, first, many = list(marks), 1, 1
    while asked:
        attempts = range(first, first + many)
        known = await children.known([key_for(mark, number) for mark in asked for number in attempts])
        for mark in asked:
            for number in attempts:
                if (member := known.get(key_for(mark, number))) is not None:
                    found[mark] = number, member
        asked = [mark for mark in asked if mark in found and more(*found[mark], upto=attempts[-1])]
        first, many = first + many, 2 * many
    return found


def more(number: int, member: Member, *, upto: int) -> bool:
    """May there be attempts behind those that were asked for?"""
    return number == upto and member.ended and member.status != "complete"


def paged(turns: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(turns)
    while page := list(islice(rest, size)):
        yield page
