"""The Prefect server as one process of ours, on our database, reachable from this machine only."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit


def server_env(database_url: str, data_dir: Path, port: int) -> dict[str, str]:
    """What Prefect's server is told. It reads its settings from the environment when it is imported."""
    return {
        "PREFECT_HOME": str(data_dir / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_DATABASE_CONNECTION_URL": for_sqlalchemy(database_url),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
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


def for_sqlalchemy(database_url: str) -> str:
    """A `postgresql://` URL as Prefect wants it: with asyncpg named, and libpq's `sslmode` under asyncpg's name."""
    parts = urlsplit(database_url)
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]

    return f"postgresql+asyncpg://{parts.netloc}{parts.path or '/'}" + (f"?{urlencode(query)}" if query else "")


def serve(port: int) -> None:
    """Run the server until SIGTERM. The environment must say what `server_env` does."""
    import uvicorn
    from prefect.server.api.server import create_app

    # `final`: the only application that this process makes, which spares Prefect some copies.
    app = create_app(final=True)
    uvicorn.run(app, host=os.environ["PREFECT_SERVER_API_HOST"], port=port, log_level="warning", log_config=None)
