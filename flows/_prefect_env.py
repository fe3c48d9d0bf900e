"""How our processes use Prefect. To be applied before Prefect is imported: it reads its settings then."""

import os
from base64 import b64encode

CLIENT = {
    # A client that retries for 74 s, twice, would hold every ending run while the server is down.
    "PREFECT_CLIENT_MAX_RETRIES": "1",
    # Without this, a missing server is silently replaced by a temporary one on a port of its own.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # Clients are made before anybody knows whether the server is there; `flows._clients` asks for its version later.
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # the default, pickle, runs code for whoever writes the storage
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # What Prefect says of a run goes to its page there, and not to our log as well.
    "PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL": "INFO",
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_CLI_PROMPT": "false",
    "DO_NOT_TRACK": "1",
}


def apply(api_url: str | None) -> bool:
    """Set what is not set yet; False when there is no Prefect server to talk to, and Prefect must not be used."""
    for name, value in CLIENT.items():
        os.environ.setdefault(name, value)
    if api_url:
        os.environ["PREFECT_API_URL"] = api_url
    return bool(os.environ.get("PREFECT_API_URL"))


def api_url() -> str:
    """Where the Prefect server's API is, once `apply` has said that there is one."""
    return os.environ["PREFECT_API_URL"]


def authorization() -> str | None:
    """The header that Prefect's client sends there: by auth string, else by API key, as the client decides it."""
    if auth_string := os.environ.get("PREFECT_API_AUTH_STRING"):
        return f"Basic {b64encode(auth_string.encode()).decode()}"
    api_key = os.environ.get("PREFECT_API_KEY")
    return f"Bearer {api_key}" if api_key else None
