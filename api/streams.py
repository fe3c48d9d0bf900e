"""What becomes of streams: how many were asked for, how many went on from a cursor, how many failed and why."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from observe.meters import Reading

UNREAD = "unread"


@dataclass(slots=True)
class Count:
    """Of a tenant's streams, since they were last asked for."""

    opened: int = 0
    failed: int = 0


class Streams:
    """One per process. `reading` are the figures that operators see, where they want any."""

    def __init__(self, reading: Reading | None = None) -> None:
        self.reading = reading
        self._counts: defaultdict[str, Count] = defaultdict(Count)

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


class Stream(EventSourceResponse):
    """One that tells how it failed."""

    def __init__(self, frames: AsyncGenerator[bytes, None], failed: Callable[[str], object], **more: Any) -> None:
        super().__init__(frames, **more)  # pyright: ignore[reportUnknownMemberType]
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            self._failed(UNREAD)
            raise
        except Exception:
            self._failed("broken")
            raise
