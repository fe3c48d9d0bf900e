"""What browsers must be told and asked: security headers on every answer, and from which page a request comes."""

from collections.abc import Awaitable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import HttpProblem

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Adds what is not there yet: an answer may be stricter by itself. `policy` replaces the content security policy
    for another page than ours."""

    def __init__(self, app: ASGIApp, origins: Collection[str] = (), policy: str | None = None) -> None:
        self.app = app
        # Pages of an allowed origin read our answers, which this header would forbid.
        shared = {"Cross-Origin-Resource-Policy": "cross-origin"} if origins else {}
        own = {"Content-Security-Policy": policy} if policy else {}
        self.headers = {**SECURITY_HEADERS, **shared, **own}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, secured)


class Origins:
    """Refuses what a page of another origin wants changed. CORS alone would not: it only hides our answer from it.

    A WebSocket is refused whatever it wants: CORS does not apply to it, so that such a page could read as well.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self.app = app
        self.origins = frozenset(origins)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket" or (scope["type"] == "http" and scope["method"] not in SAFE):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not self.allows(origin, headers.get("host", "")):
                problem = HttpProblem("forbidden-origin", f"Pages of {origin!r} may not change anything here.")
                return problem.response()(scope, receive, send)
        return self.app(scope, receive, send)

    def allows(self, origin: str, host: str) -> bool:
        """Ours, or one from the settings. The scheme is left out: behind a proxy we do not know our own."""
        ours = host != "" and origin.partition("://")[2] == host
        return ours or origin in self.origins or "*" in self.origins
