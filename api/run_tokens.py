"""Tokens that show one run, and nothing else of its tenant: for pages that must not hold the tenant's own.

An `EventSource` can send no header, so that such a token may stand in the address of a run's events. That is seen by
others more easily than a header, which is why it ends soon, reads one run, and changes nothing.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from pydantic import BaseModel, SecretStr
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse
from starlette.types import Scope

from api.runs import NO_STORE
from api.state import Request
from api.views import run_id_in, view_of
from events.keys import Keys

SECONDS = 15 * 60
ALGORITHM = "HS256"
REQUIRED = ["iss", "aud", "sub", "tenant", "iat", "exp"]
ISSUER, AUDIENCE = "stepglass", "stepglass-run"
# What may be read with one: a run, and what is below it.
RUN = re.compile(r"/api/runs/([0-9A-Fa-f-]{32,36})(/.*)?", re.DOTALL)
READING = ("GET", "HEAD")


class RunToken(BaseModel):
    """`token` reads one run until `expires_at` (Unix ms). Ask for another one before."""

    token: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose run is read, and for how many more seconds."""

    tenant: str
    seconds_left: float

    @property
    def expired(self) -> bool:
        return self.seconds_left <= 0


class RunTokens:
    """Signs and reads them. `now` gives Unix time in seconds."""

    def __init__(self, secret: SecretStr | None, keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._key = secret.get_secret_value().encode() if secret else None
        self._keys = keys
        self._now = now

    async def issue(self, run_id: UUID, tenant: str) -> RunToken:
        """Raises `StoreUnavailable`."""
        now = int(self._now())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(run_id), "tenant": tenant}
        token = jwt.encode({**claims, "iat": now, "exp": now + SECONDS}, await self._signing(), ALGORITHM)
        return RunToken(token=token, expires_at=(now + SECONDS) * 1000)

    async def reader(self, token: str, run_id: UUID) -> Reader | None:
        """The reader that it names, perhaps expired; None for a token of another run, or one that is not ours."""
        if token.count(".") != 2:
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                await self._signing(),
                # One, and named here: what a token says of itself is not asked.
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            return None
        left = claims["exp"] - self._now() if isinstance(claims["exp"], int) else 0.0
        return Reader(str(claims["tenant"]), left) if claims["sub"] == str(run_id) else None

    async def _signing(self) -> bytes:
        if self._key is None:
            self._key = await self._keys.signing()
        return self._key


async def make_token(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/token`: another one each time, good for a quarter of an hour."""
    run_id, tenant = run_id_in(request), request.state["tenant"]
    await view_of(request, run_id)
    made = await request.state["run_tokens"].issue(run_id, tenant)
    return JSONResponse(made.model_dump(), headers=NO_STORE)


def presented(scope: Scope, bearer: str | None) -> tuple[UUID, str] | None:
    """The run that a request wants to read, and the token that it brings for that, if it brings one."""
    found = RUN.fullmatch(scope["path"]) if scope["method"] in READING else None
    if found is None:
        return None
    try:
        run_id = UUID(found[1])
    except ValueError:
        return None
    if bearer is not None:
        return run_id, bearer
    given = in_address(scope) if found[2] == "/events" else None
    return (run_id, given) if given else None


def in_address(scope: Scope) -> str | None:
    """`?token=`, where there is exactly one."""
    given = QueryParams(scope["query_string"]).getlist("token")
    return given[0] if len(given) == 1 else None
