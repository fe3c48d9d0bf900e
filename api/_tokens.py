"""Who is asking: a bearer token names its tenant. Without tokens in the settings there is one tenant, unasked.

A token for one run (`api.run_tokens`) names a tenant only where that run is read; anywhere else it is no token.
"""

import hmac
from collections.abc import Mapping

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

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

    def __init__(self, app: ASGIApp, tokens: Mapping[str, SecretStr]) -> None:
        self.app = app
        self.tokens = {tenant: secret.get_secret_value().encode() for tenant, secret in tokens.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.tokens:
            given = Headers(scope=scope).get("authorization")
            tenant = self.tenant(given)
            try:
                reader = None if tenant else await self.reader(scope, given)
            except StoreUnavailable as error:
                return await unavailable(error).response()(scope, receive, send)
            if not (tenant or reader or is_open(scope["path"]) or asked_by_browser(scope)):
                return await refusal(given or in_address(scope)).response()(scope, receive, send)
            scope["state"] |= {"tenant": reader.tenant if reader else tenant, "reader": reader}
        elif scope["type"] == "http":
            scope["state"] |= {"tenant": DEFAULT_TENANT, "reader": None}
        await self.app(scope, receive, send)

    def tenant(self, authorization: str | None) -> str | None:
        """Every token is compared, and in constant time: how long it takes says nothing about which was close."""
        scheme, _, token = (authorization or "").partition(" ")
        given = token.strip().encode("latin-1")
        known = [tenant for tenant, secret in self.tokens.items() if hmac.compare_digest(secret, given)]
        return known[0] if known and scheme.lower() == "bearer" else None

    async def reader(self, scope: Scope, authorization: str | None) -> Reader | None:
        """Who reads the one run that is asked for. A tenant whose token was taken from the settings has no readers."""
        scheme, _, bearer = (authorization or "").partition(" ")
        asked = presented(scope, bearer.strip() if scheme.lower() == "bearer" else None)
        if asked is None:
            return None
        run_id, token = asked
        reader: Reader | None = await scope["state"]["run_tokens"].reader(token, run_id)
        return reader if reader is not None and reader.tenant in self.tokens else None


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_BELOW)


def refusal(given: str | None) -> HttpProblem:
    error = ', error="invalid_token"' if given else ""
    detail = "This token is not known, or not for this, or not any more." if given else "The request has no token."
    return HttpProblem("unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="stepglass"{error}'})
