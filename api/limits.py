"""What a tenant may ask for: told with every run that is started, and refused with when to come back.

The headers are those of draft-ietf-httpapi-ratelimit-headers, of 2025: a policy by its name, its quota and its window;
what is left of it, and the seconds until there is more.
"""

import math
from dataclasses import dataclass, field
from uuid import UUID

from api.problems import HttpProblem
from api.state import Request
from events.errors import OverLimit
from events.limits import MINUTE, Limit, Limits, Standing
from events.runs import NewRun
from settings import Settings

# Nobody knows when a run will end: the seconds in which it is worth while to ask again.
SOON = 10
NAMES: dict[Limit, str] = {
    "runs_per_minute": "too-many-runs",
    "live_runs": "too-many-live-runs",
    "spend_per_day": "day-is-spent",
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A run that is committed, and the headers that tell how many more may be. None for one that was found again."""

    run_id: UUID
    headers: dict[str, str] = field(default_factory=dict[str, str])


async def admit(request: Request, new: NewRun) -> Admitted:
    """Commit the run, or find the one of its key. Raises `HttpProblem` 429, `KeyReused`."""
    limits = limits_of(request.state["settings"])
    try:
        accepted = await request.state["store"].runs.accept(new, limits=limits)
    except OverLimit as error:
        raise refusal(error.limit, limits, error.standing) from None
    return Admitted(accepted.run_id, headers_of(limits, accepted.standing) if accepted.standing else {})


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.runs_per_minute, settings.live_runs, settings.spend_per_day_usd)


def headers_of(limits: Limits, standing: Standing) -> dict[str, str]:
    """Money is in neither of them: they count in whole numbers."""
    policy: list[str] = []
    left: list[str] = []
    if (most := limits.runs_per_minute) is not None:
        policy.append(f'"runs";q={most};w={MINUTE:.0f}')
        left.append(f'"runs";r={max(0, most - standing.minute)};t={whole(standing.minute_left)}')
    if (most := limits.live_runs) is not None:
        policy.append(f'"live-runs";q={most}')
        left.append(f'"live-runs";r={max(0, most - standing.live)}')
    return {"RateLimit-Policy": ", ".join(policy), "RateLimit": ", ".join(left)} if policy else {}


def refusal(limit: Limit, limits: Limits, standing: Standing) -> HttpProblem:
    match limit:
        case "runs_per_minute":
            seconds = whole(standing.minute_left)
            detail = f"{standing.minute} runs were started within a minute; {limits.runs_per_minute} may be."
        case "live_runs":
            seconds = SOON
            detail = f"{standing.live} runs have not ended; {limits.live_runs} may go on at once."
        case "spend_per_day":
            seconds = whole(standing.day_left)
            detail = f"Today's runs have cost ${standing.spent:.2f}; ${limits.spend_per_day:.2f} a day may be spent."
    return HttpProblem(NAMES[limit], detail, headers={"Retry-After": str(seconds), **headers_of(limits, standing)})


def whole(seconds: float) -> int:
    """Not before the time is up, and never at once."""
    return max(1, math.ceil(seconds))
