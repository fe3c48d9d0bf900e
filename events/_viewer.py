"""One viewer's way through a run: what opens the stream, then pages until the window is reached, then the window."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from uuid import UUID

from events._patience import Backoff, Patience
from events._watch import Watch
from events._window import joined
from events.frames import Snapshot, StreamGap, StreamOpen
from events.log import Entry, EventLog
from events.snapshot import snapshot
from events.sse import Format
from events.view import RunView

FIRST, PAGE = 32, 512
"""Entries that a viewer who is behind reads at once: few as long as nobody knows how long they are, then more."""
HELD = 256 * 1024
"""Bytes of them after which the rest is let go, to be read again: what it costs while its client does not read."""


class Viewer:
    """`cursor` is the last `seq` that went out. `watch` is None for a run that has ended: its log is all there is."""

    __slots__ = ("_fmt", "_log", "_page", "_patient", "_run_id", "_seen", "_stopping", "_view", "_watch", "cursor")

    def __init__(
        self,
        source: EventLog,
        run_id: UUID,
        view: RunView,
        watch: Watch | None,
        fmt: Format,
        stopping: asyncio.Event,
        backoff: Backoff,
    ) -> None:
        self._log, self._run_id, self._view, self._watch = source, run_id, view, watch
        self._fmt, self._stopping, self._patient = fmt, stopping, Patience(stopping, backoff)
        self._seen: int = watch.beat.number if watch else 0
        self._page = FIRST
        self.cursor = 0

    async def open(self, after: int | None, *, shot: bool) -> bytes:
        """What stands before the first entry: `stream_open`, and a `snapshot` where the entries cannot be had."""
        tail = self._view.tail_seq
        oldest = await self._oldest()
        self.cursor = tail if after is None and shot else after or 0
        mode = "finished" if self._watch is None else "live" if self.cursor >= tail else "replay"
        opened = StreamOpen(mode=mode, oldest_seq=oldest, tail_seq=tail)
        rest = b""
        if self.cursor > tail:
            rest = await self._gap(self._view, oldest)
        elif after is None and shot:
            rest = await self._snapshot(self._view)
        return self._fmt.control(opened) + rest

    async def batches(self) -> AsyncGenerator[bytes, None]:
        """Ready bytes until behind the last word, or until the hub closes. Each is one write."""
        while not self._stopping.is_set():
            if self._watch is None or self.cursor + 1 < self._watch.window.first:
                if self._watch is None and self.cursor >= self._view.tail_seq:
                    return
                page = await self._patient(lambda: self._log.read(self._run_id, self.cursor, limit=self._page))
                if not page or page[0].seq != self.cursor + 1:
                    # The log does not go back that far, or does not any more.
                    yield await self._gap(self._watch.pulse.view if self._watch else self._view, await self._oldest())
                    continue
                page = self._held(page)
                for data in self._written(page):
                    yield data
            elif data := self._next(self._watch):
                yield data
            elif self.cursor >= self._watch.window.tail and self._watch.beat.number == self._seen:
                if self._watch.over:
                    return
                await self._watch.news.wait()

    def _next(self, watch: Watch) -> bytes:
        """What the window has behind the cursor, or the beat that is due there; nothing when there is neither."""
        upto, beat = watch.window.tail, watch.beat
        if beat.number != self._seen:
            if self.cursor >= beat.tail:
                self._seen = beat.number
                # One who is ahead already knows better.
                return beat.bytes(self._fmt) if self.cursor == beat.tail else b""
            upto = beat.tail
        if self.cursor >= upto:
            return b""
        data, self.cursor = watch.window.batch(self.cursor, upto, self._fmt)
        return data

    def _held(self, page: list[Entry]) -> list[Entry]:
        """As much of it as may wait for a client. Where entries are long, the next page has fewer."""
        size = 0
        for number, entry in enumerate(page, 1):
            size += len(entry.body)
            if size >= HELD:
                self._page = number
                return page[:number]
        self._page = min(2 * self._page, PAGE)
        return page

    def _written(self, page: list[Entry]) -> Iterator[bytes]:
        while rest := page[self.cursor + 1 - page[0].seq :]:
            data, self.cursor = joined(rest, self._fmt)
            if data:
                yield data

    async def _gap(self, view: RunView, oldest: int) -> bytes:
        """Say that what was asked for is not there, and go on from what is."""
        ahead = self.cursor > view.tail_seq
        reason = "The cursor is ahead of the log." if ahead else "The log does not go back that far any more."
        frame = StreamGap(requested_after=self.cursor, oldest_seq=oldest, tail_seq=view.tail_seq, reason=reason)
        return self._fmt.control(frame) + await self._snapshot(view)

    async def _snapshot(self, view: RunView) -> bytes:
        run = await self._patient(lambda: snapshot(self._log, view))
        self.cursor = view.tail_seq
        return self._fmt.control(Snapshot(tail_seq=view.tail_seq, run=run))

    async def _oldest(self) -> int:
        first = await self._patient(lambda: self._log.read(self._run_id, limit=1))
        return first[0].seq if first else 1
