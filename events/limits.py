"""How much a tenant may ask for: counted where its runs are accepted, in the same transaction, so that it is exact.

All that is counted are the runs themselves. Nothing is kept beside them that could say otherwise.
"""

from dataclasses import dataclass, replace
from typing import Literal, Self

MINUTE = 60.0

Limit = Literal["runs_per_minute", "live_runs", "spend_per_day"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant has used. `minute` counts the runs accepted within the last 60 seconds, `minute_left` is how many
    seconds until one more may be; `live` the runs that have not ended; `spent` the US dollars of those that ended today
    (UTC) and of those that are live, `day_left` the seconds until tomorrow."""

    minute: int
    minute_left: float
    live: int
    spent: float
    day_left: float

    def with_one_more(self) -> Self:
        return replace(self, minute=self.minute + 1, live=self.live + 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where to stop; None: nowhere."""

    runs_per_minute: int | None = None
    live_runs: int | None = None
    spend_per_day: float | None = None

    def reached(self, standing: Standing) -> Limit | None:
        """The limit that forbids one more run; where several do, the one that will for longest."""
        if self.spend_per_day is not None and standing.spent >= self.spend_per_day:
            return "spend_per_day"
        if self.live_runs is not None and standing.live >= self.live_runs:
            return "live_runs"
        if self.runs_per_minute is not None and standing.minute >= self.runs_per_minute:
            return "runs_per_minute"
        return None


def smaller(wanted: float | None, most: float | None) -> float | None:
    """The budget that holds when a request names one and the operator another; None is no budget."""
    return min((limit for limit in (wanted, most) if limit is not None), default=None)
