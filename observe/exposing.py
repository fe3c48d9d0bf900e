"""A small port of its own for the figures of a process that has none: `GET /metrics`, and nothing else.

In a thread: a scraper never waits for an event loop that carries runs, nor the other way round.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bearer
from observe.meters import CONTENT_TYPE
from observe.refused import Refusals

log = logging.getLogger("stepglass.observe")

SECONDS = 5.0
"""In which a client must have asked."""


def may_see(authorization: str | None, digest: bytes | None) -> bool:
    """Whether this header has the token of this digest. Without one, anybody may."""
    return digest is None or bearer.has_token(authorization, digest)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def exposed(
    text: Callable[[], bytes], host: str, port: int, digest: bytes | None = None, refusals: Refusals | None = None
) -> Generator[int | None, None, None]:
    """Answer on `port` (0: any free one) while inside; gives the port. None where it is taken: figures are not worth a
    worker, and on a machine with several of them only one can have it."""

    refused = refusals or Refusals()

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            seen = may_see(given, digest)
            if given and not seen:
                time.sleep(refused.add(self.client_address[0]))
            status = 404 if self.path.partition("?")[0] != "/metrics" else 200 if seen else 401
            body = text() if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        server = _Server((host, port), Handler)
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
