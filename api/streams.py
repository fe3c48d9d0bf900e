"""What becomes of streams: how many were asked for, are open, went on from a cursor, and failed and why."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from api._exiting import exiting
from events.alerts import Alerts, StreamHour
from events.errors import StoreError
from observe.meters import Reading

log = logging.getLogger("stepglass.api")

EVERY = 10.0
"""Seconds between two tellings of the store."""
LAST = 1.0
"""Seconds that the last one may take: whoever stops us waits for it."""

GRACE_SECONDS = 3.0
"""When the server stops, the hub ends every stream first; only what hangs even then is cut off."""

MOST_STREAMS = 5000
"""Streams and waits that one process keeps open."""
SHARE = 2
"""Where there are several tenants, one may have this many times as many open as there are free places.

Two tenants that want all they can get have 2,000 of 5,000 each, and leave 1,000; three have 1,428 each, and leave 714.
So the last places are for tenants that have few, and nobody has to know how many tenants there will be."""

UNREAD = "unread"


class Sent(Protocol):
    """A stream on its way."""

    def cut(self) -> None: ...


class NoPlace(Exception):
    """No other stream may be opened: `kind` is the problem that says whether the process or the tenant has too many."""

    def __init__(self, kind: Literal["too-many-streams", "too-many-viewers"], detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


class Place:
    """One open stream or wait of a tenant, counted until its block is left."""

    __slots__ = ("_streams", "tenant")

    def __init__(self, streams: "Streams", tenant: str) -> None:
        self._streams, self.tenant = streams, tenant

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._streams.left(self.tenant)


@dataclass(slots=True)
class Count:
    """Of a tenant's streams, since they were last asked for."""

    opened: int = 0
    failed: int = 0


class Streams:
    """One per process. `reading` are the figures that operators see, where they want any; `most` is how many a tenant
    may have open of the `capacity` of the process, which is `shared` where there are several tenants. Every process
    counts its own: nobody else knows whether a stream is still there."""

    def __init__(
        self,
        reading: Reading | None = None,
        most: int | None = None,
        *,
        capacity: int = MOST_STREAMS,
        shared: bool = False,
    ) -> None:
        self.reading = reading
        self.most, self.capacity, self.shared = most, capacity, shared
        self.open: Counter[str] = Counter()
        self._counts: defaultdict[str, Count] = defaultdict(Count)
        self._sent: set[Sent] = set()
        self._listening: asyncio.Task[None] | None = None
        if reading is not None:
            reading.streams.set_function(lambda: self.total)

    @property
    def total(self) -> int:
        return self.open.total()

    def place(self, tenant: str) -> Place:
        """Count one more stream of the tenant. Raises `NoPlace`."""
        mine, free = self.open[tenant], self.capacity - self.total
        if free <= 0:
            raise NoPlace("too-many-streams", "This server's streams are all in use.")
        if self.most is not None and mine >= self.most:
            detail = f"There are {mine} open at this server, which is as many as one tenant may have."
            raise NoPlace("too-many-viewers", detail)
        if self.shared and mine >= SHARE * free:
            detail = f"There are {mine} open at this server. Its last places are kept for tenants with fewer."
            raise NoPlace("too-many-viewers", detail)
        self.open[tenant] += 1
        return Place(self, tenant)

    def left(self, tenant: str) -> None:
        """One of the tenant's places is free again."""
        self.open[tenant] -= 1
        if not self.open[tenant]:
            del self.open[tenant]

    def begun(self, stream: "Sent") -> None:
        """Before its first byte."""
        self._sent.add(stream)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._end_with_the_server(), name="stepglass-streams-end")

    def over(self, stream: "Sent") -> None:
        """Behind its last byte, whoever ended it."""
        self._sent.discard(stream)

    async def _end_with_the_server(self) -> None:
        """What goes on when the server has long been told to stop: a hub that is stopped ends its streams by itself.

        One listens for all of them. sse-starlette has a task for it in every response.
        """
        await exiting()
        await asyncio.sleep(GRACE_SECONDS)
        for stream in list(self._sent):
            stream.cut()

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
            ending = [telling, *([self._listening] if self._listening else [])]
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)
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
