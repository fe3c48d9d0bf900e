"""A small port of its own for the figures of a process that has none: `GET /metrics`, and nothing else.

In a thread: a scraper never waits for an event loop that carries runs, nor the other way round.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import bearer
from hosts import answers, host_in, plain
from observe.meters import CONTENT_TYPE
from observe.refused import Refusals

log = logging.getLogger("stepglass.observe")

SECONDS = 5.0
"""In which a client must have asked and taken its answer."""
MOST = 16
"""Connections at once. Each takes a thread or two."""


def may_see(authorization: str | None, digest: bytes | None) -> bool:
    """Whether this header has the token of this digest. Without one, anybody may."""
    return digest is None or bearer.has_token(authorization, digest)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.places = threading.BoundedSemaphore(MOST)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.places.acquire(blocking=False):
            return self.shutdown_request(request)
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.places.release()  # no thread was to be had
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        # The handler's own timeout begins anew with every byte.
        deadline = threading.Timer(SECONDS, _cut, [request])
        deadline.daemon = True
        deadline.start()
        try:
            with suppress(ConnectionError):  # the client left, or was cut off
                super().finish_request(request, client_address)
        finally:
            deadline.cancel()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the client was quicker
        connection.shutdown(socket.SHUT_RDWR)


def _handler(
    text: Callable[[], bytes], digest: bytes | None, refused: Refusals, ours: set[str]
) -> type[BaseHTTPRequestHandler]:
    """Answers `GET /metrics` with `text`, for the token of this digest and under the names `ours`."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            status = self.status()
            body = text() if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def status(self) -> int:
            asked, given = self.headers.get("Host"), self.headers.get("Authorization")
            if asked is not None and not ((name := host_in(asked)) and answers(name, ours)):
                return 421
            seen = may_see(given, digest)
            if given and not seen:
                time.sleep(refused.add(self.client_address[0]))
            if self.path.partition("?")[0] != "/metrics":
                return 404
            return 200 if seen else 401

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def exposed(
    text: Callable[[], bytes],
    host: str,
    port: int,
    digest: bytes | None = None,
    refusals: Refusals | None = None,
    names: Iterable[str] = (),
) -> Generator[int | None, None, None]:
    """Answer on `port` (0: any free one) while inside; gives the port. None where it is taken: figures are not worth a
    worker, and on a machine with several of them only one can have it. Besides addresses and localhost it answers for
    `names`, as the API does."""
    handler = _handler(text, digest, refusals or Refusals(), {plain(name) for name in names})
    try:
        server = _Server((host, port), handler)
    except OSError as error:
        log.warning("the figures of this process are not to be had: port %d: %s", port, error.strerror)
        yield None
        return
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
