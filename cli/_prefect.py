"""The Prefect server as one process of ours: on our database, on this machine, and behind the same doors as our API."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from api._browsers import Origins, SecurityHeaders
from api._hosts import Hosts
from api._idle import Idle
from api._wire import Protocol
from settings import Settings

LOGIN = "prefect.login"
SHORTEST = 24
"""Characters of a login that keeps others out."""
MOST_CONNECTIONS = 700
"""Below the 1,024 files that a process usually may open; the database and Prefect's own files need the rest."""
# Prefect's page has one inline script and styles of its own, and turns what a model wrote into elements: pictures and
# requests may come from and go to its own server only.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


def server_env(database_url: str, data_dir: Path, port: int, login: str) -> dict[str, str]:
    """The environment of Prefect's server, which reads its settings when it is imported. `login` is the auth string
    that every request but a health check must carry."""
    return {
        "PREFECT_HOME": str(data_dir / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_DATABASE_CONNECTION_URL": for_sqlalchemy(database_url),
        # A role has a schema of its own name before this one on its path, and ours may be called like our schema.
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_SEARCH_PATH": "public",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": login,
        "PREFECT_API_AUTH_STRING": login,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
        # Relative: the page asks the server it came from, under whichever of its names.
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # One commit for many task states: they come in bursts, and nobody waits for them.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
        "DO_NOT_TRACK": "1",
    }


def login_in(data_dir: Path) -> str:
    """The auth string of the Prefect server of this data directory, made once. Only its owner can read the file."""
    path = data_dir / LOGIN
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as file:
        path.chmod(0o600)
        login = file.read().strip()
        # Short or empty where a start was killed before it had written: that would keep nobody out.
        if len(login) < SHORTEST:
            login = f"stepglass:{secrets.token_urlsafe(24)}"
            file.seek(0)
            file.write(f"{login}\n")
            file.truncate()
    return login


def for_sqlalchemy(database_url: str) -> str:
    """A `postgresql://` URL as Prefect wants it: with asyncpg named, and libpq's `sslmode` under asyncpg's name."""
    parts = urlsplit(database_url)
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]

    return f"postgresql+asyncpg://{parts.netloc}{parts.path or '/'}" + (f"?{urlencode(query)}" if query else "")


def guarded(app: ASGIApp) -> ASGIApp:
    """`app` for requests to this machine and from its own page only: for browsers, loopback is no border.

    WebSockets are checked as well. Prefect itself checks the login, its auth string. `Protocol` finds in the lifespan
    what it needs to close connections that say nothing.
    """
    # `Hosts` is not the outermost one: uvicorn 0.54 takes an object with a plain `__call__` for ASGI 2.
    checked = SecurityHeaders(Hosts(Origins(app)), policy=POLICY)

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["idle"] = Idle(most=MOST_CONNECTIONS)
        await checked(scope, receive, send)

    return door


def serve(settings: Settings) -> None:
    """Run the server until SIGTERM. The environment must say what `server_env` does."""
    import uvicorn
    from prefect.server.api.server import create_app

    # `final`: the only application that this process makes, which spares Prefect some copies.
    uvicorn.run(
        guarded(create_app(final=True)),
        host=os.environ["PREFECT_SERVER_API_HOST"],
        port=settings.prefect_port,
        http=Protocol,
        log_level="warning",
        log_config=None,
        proxy_headers=False,
    )
