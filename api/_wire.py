"""Our additions to uvicorn's protocol: it refuses malformed requests, and ends the connections of dead clients."""

import asyncio
import json
import sys
from typing import Any

import h11
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from api._idle import Idle
from api.problems import KINDS, MEDIA_TYPE

HEADER_LIMIT = 64 * 1024
TOO_LARGE = f"They are larger than {HEADER_LIMIT // 1024} KB."


class Refused(h11.RemoteProtocolError):
    """A request that h11 takes and we do not: `kind` is the problem that it is answered with."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail, KINDS[kind].status)
        self.kind, self.detail = kind, detail


class Connection(h11.Connection):
    """h11's, but it refuses two things that h11 accepts.

    A body that is framed in two ways: a proxy in front may see its end elsewhere, and with it the next request (RFC
    9112, section 6.1). And a head that is too large, but comes in one read: h11 measures only incomplete ones.
    """

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request):
            check(event)
        return event


def check(request: h11.Request) -> None:
    """Raises `Refused`."""
    names = {name for name, _ in request.headers}
    if b"transfer-encoding" in names and b"content-length" in names:
        detail = "Its body is framed by Transfer-Encoding and by Content-Length. Send one of them."
        raise Refused("bad-request", detail)
    if b"transfer-encoding" in names and request.http_version < b"1.1":
        raise Refused("bad-request", "HTTP/1.0 has no Transfer-Encoding. Send a Content-Length, or use HTTP/1.1.")
    # Each line has a colon, a blank and two characters at its end.
    if len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers) > HEADER_LIMIT:
        raise Refused("headers-too-large", TOO_LARGE)


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, with these additions. It is in `idle`, of the lifespan, while it waits for its client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = Connection(h11.SERVER, HEADER_LIMIT)
        self.idle: Idle = self.app_state["idle"]
        # What the client had not taken when we last looked; the timer is there while a write has to wait for it.
        self._untaken = sys.maxsize
        self._stalled: asyncio.TimerHandle | None = None
        self._upgraded = False
        application = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await application(scope, receive, send)  # pyright: ignore[reportArgumentType] # two names for one type
            except SendTimeoutError:
                self.give_up()
            except Exception:
                # uvicorn closes the connection behind what is written so far, which the client may never take.
                if not self.transport.is_closing():
                    self.idle.add(self)
                raise

        self.app = app  # pyright: ignore[reportAttributeAccessIssue] # likewise

    # --- how long its client may take ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] # as uvicorn has it
        super().connection_made(transport)
        self.idle.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None or self._receives():
            # The time for its next request begins now, and a body that comes is not silent.
            self.idle.discard(self)
        super().data_received(data)
        self._wait_or_serve()

    def on_response_complete(self) -> None:
        if self._stalled is None:
            self._untaken = sys.maxsize
        super().on_response_complete()
        self._wait_or_serve()

    def connection_lost(self, exc: Exception | None) -> None:
        self.idle.closed(self)
        self._end_stall()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """From here on a WebSocket's own protocol has the connection, and we hear no more of it."""
        super().handle_websocket_upgrade(event)
        self._upgraded = True
        self.idle.closed(self)

    def _wait_or_serve(self) -> None:
        """uvicorn has a timer between two requests alone, and the first byte of the second one ends it."""
        if self._upgraded:
            return
        served = self.cycle and not self.cycle.response_complete and not self.transport.is_closing()
        if served and not self.cycle.more_body and self._stalled is None:
            self.idle.discard(self)
        else:
            self.idle.add(self)

    def _receives(self) -> bool:
        """Whether the rest of a body is on its way. The application has a timeout of its own for that."""
        return bool(self.cycle) and not self.cycle.response_complete and self.cycle.more_body

    def has_time(self) -> bool:
        cared_for = self._receives() and not self.transport.is_closing()
        return cared_for or self._stalled is not None or self._taken_some()

    def _taken_some(self) -> bool:
        before, self._untaken = self._untaken, self.transport.get_write_buffer_size()
        return 0 < self._untaken < before

    def give_up(self) -> None:
        """An end that does not wait: `close` would, for a peer that may never take what is in the buffer."""
        if self.cycle:
            self.cycle.disconnected = True
        half_a_head = self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]
        if half_a_head and not self.transport.get_write_buffer_size():
            self.refuse("request-timeout", "The head of the request took too long to arrive.")
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(self.idle.unread, self._look_at_stall)
        self.idle.add(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._untaken = sys.maxsize
        self._end_stall()
        self._wait_or_serve()

    def _look_at_stall(self) -> None:
        if self._taken_some():
            self._stalled = self.loop.call_later(self.idle.unread, self._look_at_stall)
        else:
            self.give_up()
            self.idle.dropped("unread")

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    # --- malformed requests ---

    def send_400_response(self, msg: str) -> None:
        match sys.exception():
            case Refused() as refused:
                self.refuse(refused.kind, refused.detail)
            case h11.RemoteProtocolError(error_status_hint=431):
                self.refuse("headers-too-large", TOO_LARGE)
            case _:
                self.refuse("bad-request", "This is not HTTP.")

    def refuse(self, name: str, detail: str) -> None:
        """Answer with a problem and close; close alone where an answer has begun already."""
        if self.cycle and not self.cycle.response_complete:
            # Its body broke off. Nobody hears what the application still says.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(problem(self.conn, name, detail))
        self.transport.close()


def problem(conn: h11.Connection, name: str, detail: str) -> bytes:
    """A whole answer, behind which the connection is closed."""
    kind = KINDS[name]
    body = json.dumps({"type": kind.uri, "title": kind.title, "status": kind.status, "detail": detail}).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    events = (h11.Response(status_code=kind.status, headers=headers), h11.Data(data=body), h11.EndOfMessage())
    return b"".join(conn.send(event) or b"" for event in events)
