"""One stream on its way to its viewer: sse-starlette's response, for the price of one task and one timer.

sse-starlette as it comes has a group of tasks for each response, of which one waits for the server's end, and a timer
for each write. Of thousands of viewers most wait: what each of them keeps is most of what they cost.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from typing import Any

from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Message, Receive, Scope, Send

from api.streams import UNREAD, Place, Streams

ALONE: nullcontext[None] = nullcontext()
"""In place of the lock that each response has for its pings: ours come among the frames, so nobody else writes."""


class Stream(EventSourceResponse):
    """Holds its place until it ends, and counts how it failed.

    `frames` come ready, pings too. Raises `SendTimeoutError` when its viewer takes no write for `send_timeout` seconds.
    """

    def __init__(
        self, streams: Streams, place: Place, frames: AsyncGenerator[bytes, None], *, send_timeout: float, **more: Any
    ) -> None:
        super().__init__(frames, ping=0, **more)  # pyright: ignore[reportUnknownMemberType]
        self._send_lock = ALONE  # pyright: ignore[reportAttributeAccessIssue]
        self._streams, self._place = streams, place
        self._patience = send_timeout
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        # Since when a write waits, what looks after it, and whether it has waited for too long.
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread = self._left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.begun(self)
        try:
            with self._place:
                if scope["method"] == "HEAD":
                    await super().__call__(scope, receive, send)
                else:
                    await self._while_wanted(receive, send)
        except SendTimeoutError:
            self._streams.failed(self._place.tenant, UNREAD)
            raise
        except Exception:
            self._streams.failed(self._place.tenant, "broken")
            raise
        finally:
            self._streams.over(self)
            if self._timer is not None:
                self._timer.cancel()

    def cut(self) -> None:
        """End it in the middle: nobody is there any more, or may be."""
        if self._task is not None and not self._left:
            self._left = True
            self._task.cancel()

    async def _while_wanted(self, receive: Receive, send: Send) -> None:
        """To the end of the frames, or until the viewer leaves."""
        self._task = asyncio.current_task()
        assert self._task is not None
        leaving = self._loop.create_task(self._listen_for_disconnect(receive))
        leaving.add_done_callback(self._viewer_left)
        try:
            await self._stream_response(send)
        except asyncio.CancelledError:
            if not self._left or self._task.uncancel():
                raise  # Somebody else wants it to end, too.
        finally:
            self._task = None
            if not leaving.done():
                leaving.cancel()
        if leaving.done():
            leaving.result()

    def _viewer_left(self, leaving: "asyncio.Task[None]") -> None:
        if not leaving.cancelled():
            self.cut()

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """Most writes wait for nobody, and a timer for each would cost as much as they do: one looks now and then."""
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._patience, self._look)
        try:
            await send(message)
        except asyncio.CancelledError:
            if self._unread and self._task is not None and not self._task.uncancel():
                raise SendTimeoutError from None
            raise
        finally:
            self._since = None

    def _look(self) -> None:
        """Has a write waited for too long? One that still may is looked at again; without one there is no timer."""
        self._timer = None
        if self._since is None or self._task is None:
            return
        left = self._since + self._patience - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._unread = True
            self._task.cancel()
