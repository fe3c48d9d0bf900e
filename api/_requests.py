"""A name for every request, and one line in the log when it is over: what was asked, how it went, how long it took."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"
# What comes in is written to logs and sent back in a header: nothing but harmless characters.
NAME = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# nginx's number for a client that went away before it had an answer.
CLIENT_LEFT = 499

log = structlog.stdlib.get_logger("stepglass.api")


class Requests:
    """`X-Request-ID` in, when it is a sensible one, and out; in every log line meanwhile as `request_id`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if NAME.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), CLIENT_LEFT

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, named)
            finally:
                self.tell(scope, status, (time.perf_counter() - started) * 1000)

    def tell(self, scope: Scope, status: int, ms: float) -> None:
        """The access log. The template of the route, not the path, and never the query: it may hold a token."""
        route = getattr(scope.get("route"), "path", None)
        tenant = scope["state"].get("tenant")
        log.info("request", method=scope["method"], route=route, status=status, duration_ms=round(ms, 1), tenant=tenant)
