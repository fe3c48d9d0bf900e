"""Who is asking: a bearer token names its tenant. Without tokens in the settings there is one tenant, unasked.

A token for one run (`api.run_tokens`) names a tenant only where that run is read; anywhere else it is no token.
"""

import asyncio
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

import bearer
from api.nowhere import asked_by_browser
from api.problems import HttpProblem, unavailable
from api.run_tokens import Reader, in_address, presented
from events.errors import StoreUnavailable
from events.runs import DEFAULT_TENANT

# What may be seen without a tenant's token: whether we live, how to talk to us, and the page, which asks for it itself;
# and what asks for another token.
PAGE = ("/", "/new", "/runs", "/batches", "/stats", "/favicon.ico")
OPEN = frozenset({*PAGE, "/api/health", "/api/ready", "/openapi.json", "/docs", "/docs/style.css", "/metrics"})
OPEN_BELOW = ("/runs/", "/batches/", "/assets/", "/problems/")


class Tokens:
    """Puts `tenant` into the request's state, or answers 401. Unknown addresses ask for a token, too, but
    not people, who are shown the page."""

    def __init__(self, app: ASGIApp, tokens: bearer.Tokens) -> None:
        self.app = app
        self.known = [(tenant, bearer.digest_of(each)) for tenant, written in tokens.items() for each in written]
        self.tenants = {tenant for tenant, _ in self.known}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.known:
            given = Headers(scope=scope).get("authorization")
            tenant = self.tenant(given)
            try:
                reader = None if tenant else await self.reader(scope, given)
            except StoreUnavailable as error:
                return await unavailable(error).response()(scope, receive, send)
            live = None if reader is None or reader.expired else reader
            if not (tenant or live or is_open(scope["path"]) or asked_by_browser(scope)):
                shown = given or in_address(scope)
                # A token of ours that has run out is no guess.
                if shown and reader is None:
                    await slow_down(scope)
                return await refusal(shown).response()(scope, receive, send)
            scope["state"] |= {"tenant": live.tenant if live else tenant, "reader": live}
        elif scope["type"] == "http":
            scope["state"] |= {"tenant": DEFAULT_TENANT, "reader": None}
        await self.app(scope, receive, send)

    def tenant(self, authorization: str | None) -> str | None:
        """Every token is compared, and in constant time: how long it takes says nothing about which was close."""
        given = bearer.digest(bearer.token_in(authorization) or "")
        found = [tenant for tenant, known in self.known if hmac.compare_digest(known, given)]
        return found[0] if found else None

    async def reader(self, scope: Scope, authorization: str | None) -> Reader | None:
        """The reader of the one run that is asked for. A tenant that is not in the settings any more has none."""
        asked = presented(scope, bearer.token_in(authorization))
        if asked is None:
            return None
        run_id, token = asked
        reader: Reader | None = await scope["state"]["run_tokens"].reader(token, run_id)
        return reader if reader is not None and reader.tenant in self.tenants else None


async def slow_down(scope: Scope) -> None:
    """Count a refused token, and wait where there were many of late."""
    client = scope.get("client")
    await asyncio.sleep(scope["state"]["refusals"].add(client[0] if client else "an unknown address"))


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def refusal(given: str | None) -> HttpProblem:
    error = ', error="invalid_token"' if given else ""
    detail = "This token is not known, or not for this, or not any more." if given else "The request has no token."
    return HttpProblem("unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="stepglass"{error}'})
