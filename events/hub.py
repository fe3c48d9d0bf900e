"""Many viewers, few readers: one tail per watched run, whose entries all its viewers share as ready bytes.

A viewer is a position in the log, and costs no queue, no task and no database connection of its own. One who is further
behind than the window reads pages from the log until it is reached, at its own pace, and slows nobody down.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Protocol, Self
from uuid import UUID

from events._patience import Backoff, Stopped
from events._pulse import Clock, Pulse, Silence
from events._tails import Tails
from events._viewer import Viewer
from events._watch import Watch
from events._window import Window
from events.contract import LAST_WORDS, now_ms
from events.log import EventLog
from events.sse import SSE, Format
from events.view import RunView


class HasLog(Protocol):
    """What the hub needs of a store."""

    @property
    def log(self) -> EventLog: ...


class Hub:
    """One per process, opened with `async with`; leaving ends every stream.

    `working` and `ping` are seconds of silence; `frames` and `size` (bytes) bound what is kept at hand of each run.
    `clock` (seconds, monotonic) and `wall` (Unix ms) are there for tests.
    """

    def __init__(
        self,
        store: HasLog,
        *,
        working: float = 2.0,
        ping: float = 15.0,
        frames: int = 1024,
        size: int = 256 * 1024,
        backoff: Backoff | None = None,
        clock: Clock = time.monotonic,
        wall: Callable[[], int] = now_ms,
    ) -> None:
        self._log = store.log
        self._silence = Silence(working, ping)
        self._frames, self._size = frames, size
        self._backoff = backoff or Backoff()
        self._clock, self._wall = clock, wall
        self._watches: dict[UUID, Watch] = {}
        self._tails: Tails[Watch] = Tails()
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.stop()
        await self._tails.end()

    def stop(self) -> None:
        """End every stream where it is, at once and for good: a server that goes away calls this first."""
        self._stopping.set()
        for watch in self._tails:
            watch.close()

    def watched(self) -> dict[UUID, int]:
        """The runs that go on and are looked at here, with the number of their viewers."""
        return {run_id: watch.viewers for run_id, watch in self._watches.items()}

    async def watch(
        self, run_id: UUID, view: RunView, after: int | None = None, *, snapshot: bool = False, fmt: Format = SSE
    ) -> AsyncGenerator[bytes, None]:
        """The stream of a run behind `after` (None: no cursor, the whole log), until its last word or `stop`.

        Every item is one write: ready bytes of one frame or of several. `view` is the kept view, read just now; with
        `snapshot` and no cursor, one snapshot stands for the log so far. While the store does not answer, the stream
        waits. Iterate under `contextlib.aclosing`, so that a viewer who leaves is forgotten at once.
        """
        with self._watching(run_id, view, after or 0) as watch:
            viewer = Viewer(self._log, run_id, view, watch, fmt, self._stopping, self._backoff)
            try:
                yield await viewer.open(after, shot=snapshot)
                async with aclosing(viewer.batches()) as batches:
                    async for data in batches:
                        yield data
            except Stopped:
                return

    @contextmanager
    def _watching(self, run_id: UUID, view: RunView, after: int) -> Generator[Watch | None, None, None]:
        """The watch of a run that goes on: begun by its first viewer, given up after its last."""
        watch = None if view.status in LAST_WORDS else self._found(run_id, view, after) or self._begun(run_id, view)
        if watch is not None:
            watch.viewers += 1
        try:
            yield watch
        finally:
            if watch is not None:
                self._left(run_id, watch)

    def _found(self, run_id: UUID, view: RunView, after: int) -> Watch | None:
        watch = self._watches.get(run_id)
        if watch is None or (watch.over and not watch.window.final):
            return None
        if view.tail_seq < after <= watch.window.tail:
            # We have shown what the store no longer has: it was restored from a backup. What we hold is not true.
            watch.close()
            return None
        return watch

    def _begun(self, run_id: UUID, view: RunView) -> Watch:
        pulse = Pulse(view, self._silence, clock=self._clock, wall=self._wall)
        window = Window(view.tail_seq, frames=self._frames, size=self._size)
        watch = self._watches[run_id] = Watch(self._log, run_id, window, pulse, self._backoff)
        self._tails.begin(watch, f"stepglass-tail-{run_id}")
        return watch

    def _left(self, run_id: UUID, watch: Watch) -> None:
        watch.viewers -= 1
        if watch.viewers:
            return
        self._tails.give_up(watch)
        if self._watches.get(run_id) is watch:
            del self._watches[run_id]
