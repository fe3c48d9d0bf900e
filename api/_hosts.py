"""Under which names we answer: a page of somebody else's may call this machine by a name of its own (DNS rebinding)."""

import re
from collections.abc import Awaitable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import HttpProblem
from settings import Settings

EVERY = "*"
# A Host header (RFC 9110, section 7.2): a name or an address, IPv6 in brackets, and perhaps a port.
HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")


class Hosts:
    """Refuses requests for a name that is not ours.

    An address is nobody's to rebind: a browser sends it only to itself. So are the names of this machine for itself.
    """

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
        found = HOST.fullmatch(given[0])
        if found is None:
            return HttpProblem("unknown-host", "The Host header is neither a name nor an address.")
        name = found[1] or found[2]
        return None if self.answers(name) else HttpProblem("unknown-host", f"This server does not answer for {name!r}.")

    def answers(self, name: str) -> bool:
        name = plain(name)
        if EVERY in self.names or name in self.names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def plain(name: str) -> str:
    return name.strip().lower().removesuffix(".").strip("[]")


def names_of(settings: Settings) -> list[str]:
    """Those of the settings: what the API listens on, where people reach it, and whatever else it is called."""
    public = urlsplit(settings.public_url or "").hostname
    return [settings.host, *([public] if public else []), *settings.hosts]
