"""The API as a process: uvicorn, as we want it, around the application."""

import socket
import sys

import uvicorn
from starlette.applications import Starlette

import logs
from api._wire import HEADER_LIMIT, Protocol
from api.app import create_app
from events.hub import Hub
from settings import Settings

# Open streams end within a second; what is left then is answered or cut off.
GRACE_SECONDS = 5


class Server(uvicorn.Server):
    """uvicorn's, which on SIGTERM tells the hub first: streams end behind a whole frame."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hub = self.lifespan.state.get("hub")
        if isinstance(hub, Hub):
            hub.stop()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT. Exits with 3 when the port is taken or the store cannot be opened."""
    secrets = logs.secrets_in(settings)
    logs.configure(settings.log_level, json=not sys.stderr.isatty(), secrets=secrets)
    try:
        Server(config(settings, create_app(settings))).run()
    except KeyboardInterrupt:
        # uvicorn has ended in good order, and then raises the signal once more.
        pass


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
