"""One run being watched: the one tail that reads its log, for all who look at it in this process."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from events._patience import Backoff
from events._pulse import Pulse
from events._window import Window
from events.errors import StoreError, StoreUnavailable
from events.frames import Control
from events.log import Entry, EventLog
from events.sse import Format

log = logging.getLogger("stepglass.hub")

WAIT = 60.0
"""Seconds that the tail waits in one reading; beats come from a timer of their own, and cost the store nothing."""


class Beat:
    """Control frames that belong behind `tail`, with their bytes made once for each format. `number` counts from 1."""

    def __init__(self, number: int, tail: int, frames: Sequence[Control]) -> None:
        self.number, self.tail = number, tail
        self._frames = frames
        self._ready: dict[Format, bytes] = {}

    def bytes(self, form: Format) -> bytes:
        if form not in self._ready:
            self._ready[form] = b"".join(form.control(frame) for frame in self._frames)
        return self._ready[form]


class Watch:
    """Viewers look at `window` and `beat`, and wait for `news`. `over`: nothing more will come of this one."""

    def __init__(self, source: EventLog, run_id: UUID, window: Window, pulse: Pulse, backoff: Backoff) -> None:
        self.window = window
        self.pulse = pulse
        self.beat = Beat(0, 0, ())
        self.news = asyncio.Event()
        self.over = False
        self.viewers = 0
        self._log, self._run_id, self._backoff = source, run_id, backoff
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Read until the last word."""
        try:
            self._time()
            while not self.window.final:
                self._add(await self._read())
        except StoreError as error:
            log.warning("run %s is not watched any more: %s", self._run_id, error)
        except Exception:
            # Its viewers come back by themselves; what they would wait for here would never come.
            log.exception("the tail of run %s broke", self._run_id)
        finally:
            self.close()

    def close(self) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        self._tell()

    async def _read(self) -> list[Entry]:
        try:
            entries = await self._log.read(self._run_id, self.window.tail, wait=WAIT)
            self._failures = 0
            return entries
        except StoreUnavailable:
            # The viewers keep their streams, and hear a ping: the database is expected back.
            await asyncio.sleep(self._backoff.after(self._failures))
            self._failures += 1
            return []

    def _add(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self.pulse.hear(entries)
        self.window.add(entries)
        self._tell()
        self._time()

    def _time(self) -> None:
        """See to it that the next beat is not late. A timer that is early looks again: most entries move none."""
        loop, due = asyncio.get_running_loop(), self.pulse.due
        if self._timer is None or self._timer.when() > loop.time() + due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_later(due, self._beat)

    def _beat(self) -> None:
        self._timer = None
        if frames := list(self.pulse.beat(self.window.tail)):
            self.beat = Beat(self.beat.number + 1, self.window.tail, frames)
            self._tell()
        if not self.over:
            self._time()

    def _tell(self) -> None:
        """Wake who waits now; who comes later waits for the next time."""
        self.news.set()
        self.news = asyncio.Event()
