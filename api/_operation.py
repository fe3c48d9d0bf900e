"""What an endpoint is to those who call it: the shape of one line in the table of `api.operations`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from api.problems import KINDS, Kind
from api.state import Request

Endpoint = Callable[[Request], Awaitable[Response]]
JSON, MARKDOWN, HTML, CSS = "application/json", "text/markdown", "text/html", "text/css"
SSE, NDJSON, CSV = "text/event-stream", "application/x-ndjson", "text/csv"
TEXT, MERGE_PATCH = "text/plain", "application/merge-patch+json"
# What can be wrong whenever an address names a run.
RUN = ("unknown-run", "unavailable")
# What can stand in the way of another run, and of another stream.
LIMITED = ("too-many-runs", "too-many-live-runs", "day-is-spent")
STREAMED = ("too-many-streams", "too-many-viewers")
RATE = ("RateLimit", "RateLimit-Policy")
BODY_PROBLEMS = [
    "bad-request",
    "invalid-json",
    "request-timeout",
    "body-too-large",
    "unsupported-media-type",
    "invalid-input",
    "json-too-deep",
    "key-reused",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status that is no problem: what it means, the type of its body by media type, and its own headers."""

    meaning: str
    content: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method on an address. `takes` is the type of its JSON body, `media` what such a body may be called, `lines` the
    type of a line where the body may be lines as well; `problems` are names of kinds beside those that any such
    operation has, `conflicts` of those that it answers with 409 as well; `parameters` are names in `api._parameters`;
    `open` needs no token; `name` is for an endpoint with several addresses. `starts` marks what only starts a run,
    which has limits of its own. Everything else that is not a GET is counted as a change."""

    method: str
    path: str
    endpoint: Endpoint
    tag: str
    summary: str
    answers: dict[int, Answer]
    problems: Sequence[str] = ()
    conflicts: Sequence[str] = ()
    parameters: Sequence[str] = ()
    takes: Any = None
    media: Sequence[str] = (JSON,)
    lines: Any = None
    body_optional: bool = False
    open: bool = False
    starts: bool = False
    name: str = ""

    @property
    def id(self) -> str:
        return self.name or self.endpoint.__name__

    @property
    def is_change(self) -> bool:
        return self.method not in ("GET", "HEAD") and not self.starts

    @property
    def kinds(self) -> list[Kind]:
        """Every kind of problem that it may answer with, in the order of their statuses."""
        names = {"unknown-host", "internal-error", *self.problems}
        if not self.open:
            names.add("unauthorized")
        if self.method in ("POST", "PATCH"):
            names.add("forbidden-origin")
        if self.is_change:
            names.add("too-many-changes")
        if self.takes is not None:
            names.update(BODY_PROBLEMS)
        return [kind for kind in KINDS.values() if kind.name in names]
