"""What a client says in request headers beside the body: `Prefer`, `Idempotency-Key`, `Accept`."""

import re

from api.problems import HttpProblem
from api.state import Request

LONGEST_WAIT = 60.0
LONGEST_KEY = 255
# `wait` among the preferences of RFC 7240; its value is a number of seconds, perhaps quoted.
WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)


def preferred_wait(request: Request) -> float | None:
    """Seconds from `Prefer: wait=N`, at most 60. A preference that cannot be read is passed over, as RFC 7240 says."""
    found = WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(float(found[1]), LONGEST_WAIT) if found else None


def idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key`, as it is. Raises `HttpProblem` 400 for one that is empty, too long or unprintable."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        detail = f"Idempotency-Key must have 1 to {LONGEST_KEY} printable ASCII characters."
        raise HttpProblem("bad-request", detail)
    return key


def chosen_type(request: Request, offered: list[str]) -> str:
    """The one of `offered` (favourite first) that `Accept` likes best. Raises `HttpProblem` 406 when it likes none."""
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    liked = {media_type: quality(accept, media_type) for media_type in offered}
    best = max(offered, key=lambda media_type: liked[media_type])
    if liked[best] == 0:
        raise HttpProblem("not-acceptable", f"This comes as {' or '.join(offered)}.")
    return best


def quality(accept: str, media_type: str) -> float:
    """How much `Accept` likes a type, 0 to 1: its most specific range counts (RFC 9110, section 12.5.1)."""
    best = (-1, 0.0)
    for part in accept.lower().split(","):
        wanted, _, parameters = part.strip().partition(";")
        wanted = wanted.strip()
        if wanted in (media_type, f"{media_type.split('/')[0]}/*", "*/*"):
            weight = re.search(r"(?:^|;)\s*q=([01](?:\.\d{0,3})?)", parameters)
            best = max(best, (2 - wanted.count("*"), min(float(weight[1]), 1.0) if weight else 1.0))
    return best[1]
