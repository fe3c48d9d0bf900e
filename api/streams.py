"""What becomes of streams: how many were asked for, are open, went on from a cursor, and failed and why."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from events.alerts import Alerts, StreamHour
from events.errors import StoreError
from observe.meters import Reading

log = logging.getLogger("stepglass.api")

EVERY = 10.0
"""Seconds between two tellings of the store."""
LAST = 1.0
"""Seconds that the last one may take: whoever stops us waits for it."""

UNREAD = "unread"


@dataclass(slots=True)
class Count:
    """Of a tenant's streams, since they were last asked for."""

    opened: int = 0
    failed: int = 0


class Streams:
    """One per process. `reading` are the figures that operators see, where they want any; `most` is how many a tenant
    may have open. Every process counts its own: nobody else knows whether a stream is still there."""

    def __init__(self, reading: Reading | None = None, most: int | None = None) -> None:
        self.reading = reading
        self.most = most
        self.open: Counter[str] = Counter()
        self._counts: defaultdict[str, Count] = defaultdict(Count)

    def full(self, tenant: str) -> bool:
        return self.most is not None and self.open[tenant] >= self.most

    @contextmanager
    def holding(self, tenant: str) -> Generator[None]:
        """Around a stream, from before its first byte to behind its last, whoever ends it."""
        self.open[tenant] += 1
        try:
            yield
        finally:
            self.open[tenant] -= 1
            if not self.open[tenant]:
                del self.open[tenant]

    def opened(self, tenant: str, *, resumed: bool) -> None:
        """A stream was asked for, whatever became of it."""
        self._counts[tenant].opened += 1
        if self.reading is not None:
            self.reading.opened.inc()
            self.reading.resumed.inc(resumed)

    def failed(self, tenant: str, reason: str) -> None:
        """One of them was `refused`, could not be begun while the store was `unavailable`, went `unread` for too long,
        or was `broken` by a mistake of ours. A viewer who leaves, and a server that stops, are no failures."""
        # It is the viewer who did not read, most likely asleep.
        self._counts[tenant].failed += reason != UNREAD
        if self.reading is not None:
            self.reading.failed.labels(reason).inc()

    def take(self) -> dict[str, Count]:
        """What was counted since the last time."""
        taken, self._counts = dict(self._counts), defaultdict(Count)
        return taken

    def give_back(self, counts: Mapping[str, Count]) -> None:
        """They could not be told: they are for the next time."""
        for tenant, count in counts.items():
            known = self._counts[tenant]
            known.opened, known.failed = known.opened + count.opened, known.failed + count.failed

    @asynccontextmanager
    async def told(self, alerts: Alerts, every: float = EVERY) -> AsyncGenerator["Streams", None]:
        """Tell the store of them while inside, and at the end once more. Nobody waits for it."""
        telling = asyncio.create_task(self._keep_telling(alerts, every), name="stepglass-streams")
        try:
            yield self
        finally:
            telling.cancel()
            await asyncio.wait([telling])
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await self._tell(alerts)

    async def _keep_telling(self, alerts: Alerts, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._tell(alerts)

    async def _tell(self, alerts: Alerts) -> None:
        counts = self.take()
        try:
            hours = {tenant: StreamHour(count.opened, count.failed) for tenant, count in counts.items()}
            await alerts.count_streams(hours)
        except StoreError as error:
            self.give_back(counts)
            log.warning("the streams of the last seconds are not counted yet: %s", error)
        except Exception:
            log.exception("streams could not be counted")


async def for_as_long(frames: AsyncGenerator[bytes, None], seconds: float) -> AsyncGenerator[bytes, None]:
    """`frames`, to their end or for `seconds`. Only waiting for one is ever broken off, never sending one."""
    end = asyncio.get_running_loop().time() + seconds
    async with aclosing(frames):
        while True:
            try:
                async with asyncio.timeout_at(end):
                    frame = await anext(frames)
            except (StopAsyncIteration, TimeoutError):
                return
            yield frame


class Stream(EventSourceResponse):
    """One that is counted while it is sent, and tells how it failed. Between `Streams.full` and its first step nobody
    else gets a turn."""

    def __init__(self, streams: Streams, tenant: str, frames: AsyncGenerator[bytes, None], **more: Any) -> None:
        super().__init__(frames, **more)  # pyright: ignore[reportUnknownMemberType]
        self._streams = streams
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.holding(self._tenant):
            try:
                await super().__call__(scope, receive, send)
            except SendTimeoutError:
                self._streams.failed(self._tenant, UNREAD)
                raise
            except Exception:
                self._streams.failed(self._tenant, "broken")
                raise
