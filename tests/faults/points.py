"""Named points around everything that leaves a process: it dies at one of them, or writes down which it came by.

Nothing in the product knows of them. They are put around the libraries that do the talking (asyncpg, httpx2, openai's
streams, Prefect's client, uvicorn), in a process that is there for a test. A name says what is done and on which side
of it we are: `append.step_complete.before`, `chunk.letter.after`, `commit.run_paused.after`.
"""

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from weakref import WeakKeyDictionary

STATEMENTS = (
    ("stepglass.accept(", "accept"),
    ("WITH found AS MATERIALIZED", "claim"),
    ("RETURNING CASE WHEN cancel_requested", "renew"),
    ("parked_at = clock_timestamp(),", "park"),
    ("WITH freed AS", "release"),
    ("AS taken", "wish.lock"),
    ("coalesce(parked_at", "wish.stop"),
    ("SET wake_at = clock_timestamp() WHERE", "wish.wake"),
    ("pg_notify('stepglass_control'", "notify.control"),
    ("pg_notify('stepglass_queued'", "notify.queued"),
    ("stepglass.compact(", "pack"),
    ("SET compacted_at", "packed"),
    ("stepglass.forget(", "forget"),
    ("stepglass.trim_history(", "trim"),
    ("INSERT INTO stepglass.alerts", "alert.raise"),
    ("SET cleared_at", "alert.clear"),
    ("SET tries = tries", "alert.take"),
    ("SET sent_at", "alert.sent"),
)
"""What a statement does, by words that only it has. The others are named after their verb and their table."""
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|LISTEN)\s+(?:stepglass\.)?(\w+)")
WEIGHT = (
    *("complete", "error", "cancelled", "step_complete", "step_error", "step_retry", "step_start", "run_start"),
    *("run_resumed", "input_required", "input_received", "run_paused", "run_unpaused", "cancel_requested"),
    *("partial_withdrawn", "partial", "step_skipped", "usage", "progress", "model_chunk"),
)
"""Of several events that share a commit, the one that it is named after."""
KINDS = 7
"""Which argument of `stepglass.append` holds the types of the events."""
ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


class Points:
    """Counts the visits of this process, writes each down at once, and dies where it is told to."""

    def __init__(self, crash_at: str | None = None, diary: Path | None = None) -> None:
        name, _, number = (crash_at or "").rpartition(":")
        self._crash_at = (name, int(number)) if name else None
        self._diary = None if diary is None else os.open(diary, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._visits: Counter[str] = Counter()
        self._lock = threading.Lock()

    def visit(self, name: str) -> None:
        """Of one statement after the other: whoever is killed here has not begun the next."""
        with self._lock:
            self._visits[name] += 1
            if self._diary is not None:
                os.write(self._diary, f"{name}\n".encode())
            if self._crash_at == (name, self._visits[name]):
                os.kill(os.getpid(), signal.SIGKILL)


_points = Points()


def begin(crash_at: str | None, diary: Path | None) -> None:
    """In a process of its own: from now on count, and die at the n-th visit where `crash_at` is `name:n`."""
    global _points
    _points = Points(crash_at, diary)


def read(diary: Path) -> Counter[str]:
    """The visits that a process wrote down."""
    return Counter(diary.read_text().split("\n")[:-1]) if diary.exists() else Counter()


def install() -> None:
    """Put the points around what is imported by now. Once per process."""
    _around_statements()
    _around_requests()
    _around_streams()
    _around_answers()


def _around(owner: Any, method: str, named: Callable[..., str | None]) -> None:
    """`named` gives the name for the arguments of a call, or None where there is no point."""
    plain = getattr(owner, method)

    @wraps(plain)
    async def pointed(*args: Any, **kwargs: Any) -> Any:
        if (name := named(*args, **kwargs)) is None:
            return await plain(*args, **kwargs)
        _points.visit(f"{name}.before")
        made = await plain(*args, **kwargs)
        _points.visit(f"{name}.after")
        return made

    setattr(owner, method, pointed)


def _around_statements() -> None:
    from asyncpg.connection import Connection

    open_transactions: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def named(connection: Any, query: str, *args: Any, **kwargs: Any) -> str | None:
        word = query.strip().split(None, 1)[0].rstrip(";").upper()
        if word in ("COMMIT", "ROLLBACK"):
            return f"{word.lower()}.{open_transactions.pop(connection, 'nothing')}"
        if word == "BEGIN":
            open_transactions[connection] = "nothing"
            return "begin"
        name = named_statement(query, args)
        # A transaction is named after the first thing that it writes.
        if open_transactions.get(connection) == "nothing" and not name.startswith(("select", "wish.lock")):
            open_transactions[connection] = name.removeprefix("append.")
        return name

    for method in ("execute", "fetch", "fetchrow", "fetchval"):
        _around(Connection, method, named)
    plain = Connection.add_listener

    async def add_listener(self: Any, channel: str, heard: Callable[..., Any]) -> None:
        def pointed(*args: Any) -> None:
            _points.visit(f"heard.{channel}.before")
            heard(*args)
            _points.visit(f"heard.{channel}.after")

        await plain(self, channel, pointed)

    setattr(Connection, "add_listener", add_listener)  # noqa: B010 it is not ours to write to


def named_statement(query: str, args: Sequence[Any] = ()) -> str:
    """What a statement does."""
    if "stepglass.append(" in query:
        kinds = set(args[KINDS]) if len(args) > KINDS else set[str]()
        return f"append.{next((kind for kind in WEIGHT if kind in kinds), 'nothing')}"
    for words, name in STATEMENTS:
        if words in query:
            return name
    table = TABLE.search(query)
    verb = "select" if query.strip().startswith("WITH") else query.strip().split(None, 1)[0].rstrip(";").lower()
    return f"{verb}.{table[1]}" if table else verb


def labelled(headers: Mapping[str, str]) -> str:
    """Step and lane of a model call, out of the header that tells the server."""
    pairs = (pair.strip().partition("=") for pair in headers.get("stepglass-call", "").split(";"))
    labels = {name: unquote(value) for name, _, value in pairs}
    return ".".join(labels[name] for name in ("step", "lane") if name in labels)


def named_request(request: Any) -> str:
    """What a request is for: `ask` the model, tell `prefect` or a `webhook`."""
    path = str(request.url.path)
    if path.endswith("/chat/completions"):
        return f"ask.{labelled(request.headers)}"
    if path.endswith("/models"):
        return "models"
    if path.startswith("/api/"):
        return f"prefect.{request.method}.{ID.sub('*', path.removeprefix('/api/').strip('/')).replace('/', '.')}"
    return "webhook"


def _around_requests() -> None:
    import sys

    import httpx2

    def named(client: Any, request: Any, *args: Any, **kwargs: Any) -> str:
        return named_request(request)

    _around(httpx2.AsyncClient, "send", named)
    if "prefect" in sys.modules:
        from prefect.client.base import PrefectHttpxAsyncClient

        _around(PrefectHttpxAsyncClient, "send", named)


def _around_streams() -> None:
    """Every chunk of a model's answer as it comes out of the wire, and the end of it."""
    from openai import AsyncStream

    plain: Callable[..., Any] = vars(AsyncStream)["__anext__"]

    async def following(self: Any) -> Any:
        of = labelled(self.response.request.headers)
        try:
            chunk = await plain(self)
        except StopAsyncIteration:
            _points.visit(f"end.{of}")
            raise
        _points.visit(f"chunk.{of}")
        return chunk

    setattr(AsyncStream, "__anext__", following)  # noqa: B010 it is not ours to write to


def _around_answers() -> None:
    """What the API says: the head of every answer, and every piece that is written to whoever watches."""
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    def named(cycle: Any, message: Mapping[str, Any]) -> str:
        path = ID.sub("*", cycle.scope["path"].removeprefix("/api/")).replace("/", ".")
        if message["type"] == "http.response.start":
            return f"answer.{cycle.scope['method']}.{path}.{message['status']}"
        return f"{'frame' if path.endswith('.events') else 'body'}.{path}"

    _around(RequestResponseCycle, "send", named)
