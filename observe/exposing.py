"""A small port of its own for the figures of a process that has none: `GET /metrics`, and nothing else.

In a thread: a scraper never waits for an event loop that carries runs, nor the other way round.
"""

import hmac
import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from observe.meters import CONTENT_TYPE

log = logging.getLogger("stepglass.observe")

SECONDS = 5.0
"""In which a client must have asked."""


def may_see(authorization: str | None, token: str | None) -> bool:
    """Without a token anybody may."""
    given = (authorization or "").encode("latin-1", "replace")
    return token is None or hmac.compare_digest(given, f"Bearer {token}".encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def exposed(
    text: Callable[[], bytes], host: str, port: int, token: str | None = None
) -> Generator[int | None, None, None]:
    """Answer on `port` (0: any free one) while inside; gives the port. None where it is taken: figures are not worth a
    worker, and on a machine with several of them only one can have it."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            seen = may_see(self.headers.get("Authorization"), token)
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
