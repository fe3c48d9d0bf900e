"""How a connection ends whose request has a longer body than anybody reads: with our answer, and then soon."""

import asyncio
from collections.abc import Awaitable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.body import MAX_BODY

# What is still taken, and dropped, after the answer. A connection that is closed with unread bytes in it is reset, and
# the reset takes the answer away from a client that is still sending.
LINGER_BYTES = 8 * 1024 * 1024
LINGER_SECONDS = 2.0


class Bodies:
    """The server would read a long body to its end, whatever the answer was; here it is read on a little, then cut."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        long = scope["type"] == "http" and may_be_long(Headers(scope=scope))
        return (self.cut_short if long else self.app)(scope, receive, send)

    async def cut_short(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = False

        async def noticed() -> Message:
            nonlocal whole
            message = await receive()
            whole = message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not whole:
                MutableHeaders(scope=message)["Connection"] = "close"
            elif message["type"] == "http.response.body" and not message.get("more_body", False) and not whole:
                await send({**message, "more_body": True})
                await linger(noticed)
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await self.app(scope, noticed, closing)


def may_be_long(headers: Headers) -> bool:
    """Is the body longer than the limit, or of a length that nobody has told?"""
    declared = headers.get("content-length", "")
    return "transfer-encoding" in headers or (declared.isdecimal() and int(declared) > MAX_BODY)


async def linger(receive: Receive) -> None:
    """Take what comes and drop it: to its end, but not for long."""
    taken = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while taken < LINGER_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                taken += len(message.get("body", b""))
    except TimeoutError:
        return
