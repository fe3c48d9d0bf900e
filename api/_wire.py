"""What uvicorn's protocol leaves to do: problem details for what never becomes a request, and dropping dead viewers."""

import json
import sys
from typing import Any

import h11
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.problems import KINDS, MEDIA_TYPE

HEADER_LIMIT = 64 * 1024


class Protocol(H11Protocol):
    """HTTP/1.1 of uvicorn, with these two things."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        application = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await application(scope, receive, send)  # pyright: ignore[reportArgumentType] # two names for one type
            except SendTimeoutError:
                # `close` would wait for the peer to take what is in the buffer, which is what it does not do.
                self.cycle.disconnected = True
                self.transport.abort()

        self.app = app  # pyright: ignore[reportAttributeAccessIssue] # likewise

    def send_400_response(self, msg: str) -> None:
        error = sys.exception()
        too_large = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431
        kind = KINDS["headers-too-large" if too_large else "bad-request"]
        detail = f"They are larger than {HEADER_LIMIT // 1024} KB." if too_large else "This is not HTTP."
        problem = {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": detail}
        body = json.dumps(problem).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        for event in (h11.Response(status_code=kind.status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
