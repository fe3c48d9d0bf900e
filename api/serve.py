"""The API as a process: uvicorn, as we want it, around the application."""

import gc
import logging
import resource
import socket
import sys

import uvicorn
from starlette.applications import Starlette

import logs
from api._idle import MOST as MOST_CONNECTIONS
from api._wire import HEADER_LIMIT, Protocol
from api.app import create_app
from events.feeds import Feeds
from events.hub import Hub
from settings import Settings

log = logging.getLogger("stepglass.api")

# Open streams end within a second; what is left then is answered or cut off.
GRACE_SECONDS = 5
# Beside the clients: connections to the database, files, and the 2,048 that uvicorn accepts before any is looked at.
SPARE_FILES = 3000


class Server(uvicorn.Server):
    """uvicorn's, which on SIGTERM tells those who stream first: streams end behind a whole frame."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is here now stays: looking through it for garbage, again and again, would hold up all streams.
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for name in ("hub", "feeds"):
            streams = self.lifespan.state.get(name)
            if isinstance(streams, Hub | Feeds):
                streams.stop()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT. Exits with 3 when the port is taken or the store cannot be opened.

    Raises `BadSettings` where a network could use the API without a token.
    """
    settings.guard_api()
    secrets = logs.secrets_in(settings)
    logs.configure(settings.log_level, json=not sys.stderr.isatty(), secrets=secrets)
    if settings.anonymous_api:
        log.warning("anyone on the network can use this API without a token: STEPGLASS_ALLOW_ANONYMOUS is set")
    make_room_for_streams()
    try:
        Server(config(settings, create_app(settings))).run()
    except KeyboardInterrupt:
        # uvicorn has ended in good order, and then raises the signal once more.
        pass


def make_room_for_streams() -> None:
    """Every stream is an open file, and 1,024 of them is the usual limit that a process may raise by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def config(settings: Settings, app: Starlette) -> uvicorn.Config:
    """Our log instead of uvicorn's and its access log; no server header, no WebSockets, no guessing of proxies."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEADER_LIMIT,
    )
