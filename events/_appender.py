"""One writer per process: what all its runs say while one commit is under way is the next commit.

There is no timer: a lone event is committed at once, and under load the commits grow by themselves. A run that was
fenced or has ended drops out alone. A commit whose answer was lost is never repeated blindly: every append names the
`seq` after which it belongs, so it is stored once or refused, and what stands there tells which.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from events._batch import Item, Known, RunBatch, plan
from events._commit import load, stored_already, write
from events._pg import Pool, borrowed, translated
from events.contract import LAST_WORDS, Event, ModelChunk
from events.errors import Fenced, NotAllowed, RunEnded, StoreError, StoreUnavailable, UnknownRun
from events.log import encode

PATIENCE = 10.0
"""Seconds that an append outlives an absent database: as long as a lease, after which the run is another's anyway."""
MANY = 5_000
"""Events that a commit takes at most."""
FULL = 50_000
"""Events that wait before `append` waits for room. `submit` cannot wait, and is refused at twice as many."""
REMEMBERED = 1_000
"""Runs whose tail and view are kept at hand."""

_REFUSED: dict[str, tuple[type[StoreError], str]] = {
    "unknown": (UnknownRun, "There is no run {}."),
    "ended": (RunEnded, "Run {} has its last word; nothing follows it."),
    "fenced": (Fenced, "Run {} is held under another epoch, or by nobody."),
    "held": (NotAllowed, "Run {} has a holder: only it may end the run."),
}


class Appender:
    """Owns the queue and the one task that empties it; made by `open_appender`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: OrderedDict[UUID, deque[Item]] = OrderedDict()
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._torn: set[tuple[UUID, int | None]] = set()
        self._count = 0
        self._closed = False
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Wait while too much waits already."""
        while self._count >= FULL and not self._closed:
            self._room.clear()
            await self._room.wait()

    def put(self, run_id: UUID, events: Sequence[Event], epoch: int | None) -> "asyncio.Future[int]":
        """Queue `events` behind what this process said of the run before. The future gives the `seq` of the last."""
        if not events:
            raise ValueError(f"An append to run {run_id} without an event.")
        said = [(event, None if isinstance(event, ModelChunk) else encode(event)) for event in events]
        if len(said) > 1 and any(event.type in LAST_WORDS for event in events[:-1]):
            return failed(RunEnded(f"Something stands behind the last word of run {run_id}, in the same append."))
        if (run_id, epoch) in self._torn:
            return failed(StoreUnavailable(f"What came before this in run {run_id} is not known to be stored."))
        if self._closed or self._count >= 2 * FULL:
            return failed(StoreUnavailable("The writer of this process is closed, or cannot keep up."))
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run_id, deque()).append(Item(run_id, epoch, said, done))
        self._count += len(said)
        self._something.set()
        return done

    def mend(self, run_id: UUID, epoch: int | None) -> None:
        """The caller knows that something of this run was lost, and has read where its log ends."""
        self._torn.discard((run_id, epoch))

    async def run(self) -> None:
        """Commit after commit, until closed and empty."""
        while True:
            if not self._waiting:
                if self._closed:
                    return
                self._something.clear()
                await self._something.wait()
                continue
            await self._persist(self._take(), {})

    def close(self) -> None:
        """Take no more; `run` ends when the rest is stored."""
        self._closed = True
        self._something.set()
        self._room.set()

    def _take(self) -> dict[UUID, list[Item]]:
        """Of every run what waits, up to a change of epoch or a last word, and `MANY` events in all."""
        taken: dict[UUID, list[Item]] = {}
        count = 0
        for run_id in list(self._waiting):
            waiting, items = self._waiting.pop(run_id), taken.setdefault(run_id, [])
            while waiting and count < MANY and waiting[0].epoch == (items[0].epoch if items else waiting[0].epoch):
                items.append(waiting.popleft())
                count += len(items[-1].said)
                if items[-1].final:
                    break
            if waiting:
                self._waiting[run_id] = waiting  # At the end: who had much to say is not first again.
            if not items:
                del taken[run_id]
                break
        self._count -= count
        self._room.set()
        return taken

    async def _persist(self, items: dict[UUID, list[Item]], doubt: dict[UUID, RunBatch]) -> None:
        """Commit `items`, again while the database is away. After `PATIENCE` everything that waits fails with it.

        `doubt` are the batches of commits that had no answer: they may be stored.
        """
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + PATIENCE, 0.02
        while items:
            try:
                with translated():
                    async with asyncio.timeout(max(end - loop.time(), 0.1)):
                        items = await self._commit(items, doubt)
                continue
            except StoreUnavailable as error:
                failure = error
            except Exception as error:  # Whatever it is, whoever waits for these events must hear of it.
                return await self._apart(items, doubt, error)
            self._known.clear()
            if loop.time() + pause > end:
                return self._give_up(items, failure)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _commit(self, items: dict[UUID, list[Item]], doubt: dict[UUID, RunBatch]) -> dict[UUID, list[Item]]:
        """One commit. Returns what must be tried again, and leaves in `doubt` what it had no answer for."""
        async with borrowed(self._pool) as connection:
            for run_id, known in (await load(connection, [one for one in items if one not in self._known])).items():
                self._remember(run_id, known)
            for run_id in [one for one in items if one not in self._known]:
                self._refuse(items.pop(run_id), run_id, "unknown")
            for run_id, batch in doubt.items():
                if run_id in items and await stored_already(connection, batch):
                    self._resolve(batch)
                    del items[run_id]
            batches = [plan(run_id, items[run_id], self._known[run_id]) for run_id in sorted(items)]
            shaky = doubt.keys() & items.keys()
            doubt.clear()
            doubt.update({batch.run_id: batch for batch in batches})
            outcomes = await write(connection, batches) if batches else []
            for batch, outcome in zip(batches, outcomes, strict=True):
                # Moved, after a commit without an answer: that commit may have come through after all.
                if outcome != "moved" or batch.run_id not in shaky:
                    del doubt[batch.run_id]
        return self._settle(items, list(zip(batches, outcomes, strict=True)))

    def _settle(self, items: dict[UUID, list[Item]], done: list[tuple[RunBatch, str]]) -> dict[UUID, list[Item]]:
        again: dict[UUID, list[Item]] = {}
        for batch, outcome in done:
            if outcome == "stored":
                if batch.types[-1] in LAST_WORDS:
                    del self._known[batch.run_id]
                else:
                    self._remember(batch.run_id, Known(batch.tail, batch.view))
                self._resolve(batch)
                continue
            del self._known[batch.run_id]
            if outcome == "moved":
                again[batch.run_id] = items[batch.run_id]
            else:
                self._refuse(items[batch.run_id], batch.run_id, outcome)
        return again

    async def _apart(self, items: dict[UUID, list[Item]], doubt: dict[UUID, RunBatch], error: Exception) -> None:
        """Something in this commit cannot be stored. Each run by itself, so that the one at fault fails alone."""
        self._known.clear()
        if len(items) > 1:
            for run_id, group in items.items():
                await self._persist({run_id: group}, {one: batch for one, batch in doubt.items() if one == run_id})
        else:
            _fail([item for group in items.values() for item in group], error)

    def _give_up(self, items: dict[UUID, list[Item]], error: StoreUnavailable) -> None:
        # Also what waits behind, and what is yet to come: stored alone, it would hide that something is missing.
        lost = [item for group in (*items.values(), *self._waiting.values()) for item in group]
        self._waiting.clear()
        self._count = 0
        self._room.set()
        if len(self._torn) > REMEMBERED:
            self._torn.clear()
        self._torn.update((item.run_id, item.epoch) for item in lost)
        _fail(lost, error)

    def _refuse(self, items: Sequence[Item], run_id: UUID, outcome: str) -> None:
        kind, words = _REFUSED[outcome]
        _fail(items, kind(words.format(run_id)))

    def _resolve(self, batch: RunBatch) -> None:
        for item, seq in zip(batch.items, batch.ends, strict=True):
            if not item.done.done():
                item.done.set_result(seq)

    def _remember(self, run_id: UUID, known: Known) -> None:
        self._known[run_id] = known
        self._known.move_to_end(run_id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def failed(error: Exception) -> "asyncio.Future[int]":
    """A future that is over before it began."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    # Looked at here, so that an event nobody waits for does not complain when it is collected.
    future.exception()
    return future


def _fail(items: Sequence[Item], error: Exception) -> None:
    for item in items:
        if not item.done.done():
            item.done.set_exception(error)
            item.done.exception()


@asynccontextmanager
async def open_appender(pool: Pool) -> AsyncGenerator[Appender, None]:
    """An appender with its task. Leaving stores what still waits."""
    appender = Appender(pool)
    task = asyncio.create_task(appender.run(), name="stepglass-appender")
    try:
        yield appender
    finally:
        appender.close()
        await task
