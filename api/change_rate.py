"""How many changes a tenant may make a minute: requests that neither read nor only start a run (`api.limits`).

Each process of the API counts its own, in memory: a change is cheap, and no query is to be added to it.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable

from starlette.responses import Response

from api._operation import Endpoint
from api.limits import whole
from api.problems import HttpProblem
from api.state import Request
from events.limits import MINUTE


class ChangeRate:
    """`most` changes of a tenant within any sixty seconds of `clock`. Those that are refused do not count."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._made: defaultdict[str, deque[float]] = defaultdict(deque)

    def count(self, tenant: str) -> dict[str, str]:
        """One more change. Gives the headers that tell how many are left; raises `HttpProblem` 429."""
        made, now = self._made[tenant], self._clock()
        while made and made[0] <= now - MINUTE:
            made.popleft()
        if len(made) >= self._most:
            seconds = whole(made[0] + MINUTE - now)
            detail = f"{len(made)} changes were made within a minute; {self._most} may be."
            headers = {"Retry-After": str(seconds), **self._headers(0, seconds)}
            raise HttpProblem("too-many-changes", detail, headers=headers)
        made.append(now)
        return self._headers(self._most - len(made), whole(made[0] + MINUTE - now))

    def _headers(self, left: int, seconds: int) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"changes";q={self._most};w={MINUTE:.0f}',
            "RateLimit": f'"changes";r={left};t={seconds}',
        }


def counted(endpoint: Endpoint) -> Endpoint:
    """The endpoint behind the limit of its tenant, which is checked before the body is read."""

    async def limited(request: Request) -> Response:
        told = request.state["change_rate"].count(request.state["tenant"])
        response = await endpoint(request)
        for name, value in told.items():
            # A run that is done again is a start as well, and tells of both.
            before = response.headers.get(name)
            response.headers[name] = value if before is None else f"{before}, {value}"
        return response

    return limited
