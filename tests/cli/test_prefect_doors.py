"""The doors in front of Prefect's server, without the server: who gets through, and the login."""

from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from cli._prefect import LOGIN, guarded, login_in

OURS, THEIRS = b"http://127.0.0.1:4200", b"http://stranger.example"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Prefect's server, as far as it matters here."""
    await send({"type": "inside"})


async def first_word(kind: str, **headers: bytes) -> str:
    """How a request, or a WebSocket, begins to be answered."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": f"{kind}.disconnect"}

    named = [(name.encode(), value) for name, value in {"host": b"127.0.0.1:4200", **headers}.items()]
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    scope = {"type": kind, "method": "POST", "path": "/api/events/out", "headers": named, "extensions": extensions}
    await guarded(inside)(scope, receive, send)
    return str(said[0].get("status", said[0]["type"]))


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_c1_names_and_origins_are_looked_at_of_requests_and_of_websockets(kind: str) -> None:
    assert await first_word(kind) == "inside"
    assert await first_word(kind, origin=OURS) == "inside"
    assert await first_word(kind, origin=THEIRS) == "403"
    assert await first_word(kind, host=b"stranger.example") == "421"


def test_h1_the_login_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    login = login_in(tmp_path)
    (tmp_path / LOGIN).chmod(0o644)
    assert login_in(tmp_path) == login
    assert (tmp_path / LOGIN).stat().st_mode & 0o777 == 0o600
    user, _, password = login.partition(":")
    assert user == "stepglass" and len(password) >= 32


@pytest.mark.parametrize("written", ["", "stepglass:", "stepglass:short\n"])
def test_h1_a_login_that_keeps_nobody_out_is_made_anew(tmp_path: Path, written: str) -> None:
    """A start may be killed while it writes."""
    (tmp_path / LOGIN).write_text(written)
    login = login_in(tmp_path)
    assert login.startswith("stepglass:") and len(login) > 40
    assert login_in(tmp_path) == login
