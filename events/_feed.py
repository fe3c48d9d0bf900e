"""The changes of one tenant's runs, read once for all who look at them in this process."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from events._patience import Backoff
from events._window import SHARED, WRITE
from events.changes import Change, Changes
from events.errors import StoreError, StoreUnavailable
from events.frames import GONE, RunLeft
from events.sse import Lines
from events.view import RunView

log = logging.getLogger("stepglass.hub")

WAIT = 60.0
"""Seconds that the tail waits in one reading."""
PAGE = 100
"""Changes that are read at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a viewer wants to hear of; None for all."""

    status: str | None = None
    pipeline: str | None = None


class Told:
    """A change as viewers get it, encoded once."""

    def __init__(self, change: Change) -> None:
        self.number, self._run, self._gone = change.number, change.run, change.gone
        run = change.run.model_dump_json(exclude_none=True).encode()
        self._line = b'{"type":"run_changed","cursor":%d,"run":%b}' % (change.number, run)

    @property
    def run(self) -> RunView:
        return self._run

    def bytes(self, form: Lines, wanted: Wanted) -> bytes:
        """Nothing for a run of another pipeline. One of another status may be one that has left the wanted one; of one
        that is gone nobody knows any more what it was."""
        if self._gone:
            return form.control(RunLeft(cursor=self.number, run_id=self._run.run_id, status=GONE))
        if wanted.pipeline not in (None, self._run.pipeline):
            return b""
        if wanted.status not in (None, self._run.status):
            return form.control(RunLeft(cursor=self.number, run_id=self._run.run_id, status=self._run.status))
        return form.line(self.number, self._line)


class Feed:
    """Holds what changed behind `floor`, each run once, and waits for more. `over`: nothing more will come of it."""

    def __init__(self, changes: Changes, tenant: str, newest: int, *, kept: int, pace: float, backoff: Backoff) -> None:
        self.floor = self.tail = newest
        self.news = asyncio.Event()
        self.over = False
        self.viewers = 0
        self._changes, self._tenant, self._backoff = changes, tenant, backoff
        self._kept, self._pace = kept, pace
        # In the order of their numbers: a run that changes again is taken out and put in at the end.
        self._told: dict[str, Told] = {}
        self._ready: dict[tuple[int, Lines, Wanted], tuple[bytes, int]] = {}

    async def run(self) -> None:
        failures = 0
        try:
            while not self.over:
                try:
                    found = await self._changes.read(self._tenant, self.tail, limit=PAGE, wait=WAIT)
                    if failures and await self._changes.mark(self._tenant) < self.tail:
                        # The store forgot what it has told us: it was restored from a backup. Viewers find out anew.
                        return
                    failures = 0
                except StoreUnavailable:
                    await asyncio.sleep(self._backoff.after(failures))
                    failures += 1
                    continue
                self._add(found)
                # What changes meanwhile comes in one: of a state, only the newest is of interest.
                await asyncio.sleep(self._pace)
        except StoreError as error:
            log.warning("the runs of %s are not watched any more: %s", self._tenant, error)
        except Exception:
            log.exception("the feed of the runs of %s broke", self._tenant)
        finally:
            self.close()

    def close(self) -> None:
        self.over = True
        self._tell()

    def batch(self, after: int, form: Lines, wanted: Wanted) -> tuple[bytes, int]:
        """What changed behind `after`, which is not below `floor`, as much as is one write; and how far that goes."""
        key = (after, form, wanted)
        if (ready := self._ready.get(key)) is None:
            newest_first = takewhile(lambda told: told.number > after, reversed(self._told.values()))
            ready = written(list(newest_first)[::-1], form, wanted)
            if len(self._ready) >= SHARED:
                self._ready.clear()
            self._ready[key] = ready
        return ready

    def _add(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        for change in changes:
            self._told.pop(change.run.run_id, None)
            self._told[change.run.run_id] = Told(change)
        self.tail = changes[-1].number
        while len(self._told) > self._kept:
            self.floor = self._told.pop(next(iter(self._told))).number
        self._ready.clear()
        self._tell()

    def _tell(self) -> None:
        """Wake who waits now; who comes later waits for the next time."""
        self.news.set()
        self.news = asyncio.Event()


def written(changes: Iterable[Told], form: Lines, wanted: Wanted) -> tuple[bytes, int]:
    """The first of `changes`, as many as make one write, and the number of the last."""
    frames: list[bytes] = []
    size = number = 0
    for told in changes:
        frames.append(told.bytes(form, wanted))
        number, size = told.number, size + len(frames[-1])
        if size >= WRITE:
            break
    return b"".join(frames), number
