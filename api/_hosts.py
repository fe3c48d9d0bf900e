"""Under which names we answer: a page of somebody else's may call this machine by a name of its own (DNS rebinding)."""

from collections.abc import Awaitable, Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import HttpProblem
from hosts import answers, host_in, plain


class Hosts:
    """Refuses requests for a name that is not ours."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self.app = app
        self.names = {plain(name) for name in names}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Handed on, not awaited: whoever only looks at the beginning need not be there for as long as a stream lasts.
        problem = self.problem(scope) if scope["type"] in ("http", "websocket") else None
        return (self.app if problem is None else problem.response())(scope, receive, send)

    def problem(self, scope: Scope) -> HttpProblem | None:
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if not given:
            # HTTP/1.0: some that look whether we live still speak it, and no browser does.
            return None
        host = host_in(given[0])
        if host is None:
            return HttpProblem("unknown-host", "The Host header is neither a name nor an address.")
        if answers(host, self.names):
            return None
        return HttpProblem("unknown-host", f"This server does not answer for {host!r}.")
