"""Who watches all runs of a tenant: one reading of the store for all of them, as for the viewers of one run."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Protocol, Self

from events._feed import PAGE, Feed, Told, Wanted as Wanted, written
from events._patience import Backoff, Patience, Stopped
from events._tails import Tails
from events.changes import Changes
from events.frames import Ping, StreamGap, StreamOpen
from events.sse import SSE, Lines

RECENT = 100
"""With how many runs, those that changed last, a stream begins whose viewer has no cursor."""


ALL = Wanted()


class HasChanges(Protocol):
    """What is needed of a store."""

    @property
    def changes(self) -> Changes: ...


class Feeds:
    """One per process, opened with `async with`; leaving ends every stream.

    `ping` is seconds of silence; `pace` the seconds between two readings, within which the changes of a run become
    one; `kept` the runs whose last change is kept at hand.
    """

    def __init__(
        self,
        store: HasChanges,
        *,
        ping: float = 15.0,
        pace: float = 0.2,
        kept: int = 500,
        backoff: Backoff | None = None,
    ) -> None:
        self._changes = store.changes
        self._ping, self._pace, self._kept = ping, pace, kept
        self._backoff = backoff or Backoff()
        self._feeds: dict[str, Feed] = {}
        self._tails: Tails[Feed] = Tails()
        self._stopping = asyncio.Event()
        self._patient = Patience(self._stopping, self._backoff)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.stop()
        await self._tails.end()

    def stop(self) -> None:
        """End every stream where it is, at once and for good."""
        self._stopping.set()
        for feed in self._tails:
            feed.close()

    async def watch(
        self, tenant: str, after: int | None = None, *, wanted: Wanted = ALL, fmt: Lines = SSE
    ) -> AsyncGenerator[bytes, None]:
        """The runs that changed behind `after`, then every change as it comes, until `stop`. Each item is one write.

        Without a cursor it begins with the runs that changed last. A run that changes often is told of as it is when
        its viewer can take it. While the store does not answer, the stream waits. Iterate under `aclosing`.
        """
        try:
            known = self._feeds.get(tenant)
            shown = known.tail if known else 0
            newest = await self._patient(partial(self._changes.mark, tenant))
            if known and newest < shown:
                # We have shown what the store no longer has: it was restored from a backup.
                known.close()
            with self._watching(tenant, newest) as feed:
                recent = partial(self._changes.mark, tenant, RECENT)
                cursor = await self._patient(recent) if after is None else after
                mode = "live" if cursor >= newest else "replay"
                opening = fmt.control(StreamOpen(mode=mode, oldest_seq=1, tail_seq=newest))
                if cursor > newest:
                    reason = "The cursor is ahead of the feed. Look at the list of runs anew."
                    gap = StreamGap(requested_after=cursor, oldest_seq=1, tail_seq=newest, reason=reason)
                    opening, cursor = opening + fmt.control(gap), newest
                yield opening
                async with aclosing(self._batches(feed, tenant, cursor, wanted, fmt)) as batches:
                    async for data in batches:
                        yield data
        except Stopped:
            return

    async def _batches(
        self, feed: Feed, tenant: str, cursor: int, wanted: Wanted, fmt: Lines
    ) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        said = loop.time()
        while not self._stopping.is_set():
            if cursor < feed.floor:
                # Further behind than what is kept at hand: at its own pace, out of the store.
                floor, page = feed.floor, await self._patient(partial(self._changes.read, tenant, cursor, limit=PAGE))
                data, cursor = written(map(Told, page), fmt, wanted) if page else (b"", floor)
            elif cursor < feed.tail:
                data, cursor = feed.batch(cursor, fmt, wanted)
            elif feed.over:
                return
            elif await happens(feed.news, before=said + self._ping):
                continue
            else:
                data = fmt.control(Ping(tail_seq=max(cursor, feed.tail)))
            if data:
                yield data
                said = loop.time()

    @contextmanager
    def _watching(self, tenant: str, newest: int) -> Generator[Feed, None, None]:
        """The tenant's feed: begun by its first viewer, given up after its last."""
        feed = self._feeds.get(tenant)
        if feed is None or feed.over:
            feed = self._feeds[tenant] = Feed(
                self._changes, tenant, newest, kept=self._kept, pace=self._pace, backoff=self._backoff
            )
            self._tails.begin(feed, "stepglass-feed")
        feed.viewers += 1
        try:
            yield feed
        finally:
            feed.viewers -= 1
            if feed.viewers == 0:
                self._tails.give_up(feed)
                if self._feeds.get(tenant) is feed:
                    del self._feeds[tenant]


async def happens(news: asyncio.Event, *, before: float) -> bool:
    """Wait for it until `before`, on the loop's clock."""
    try:
        async with asyncio.timeout_at(before):
            return await news.wait()
    except TimeoutError:
        return False
