"""How it has been going: the figures of a tenant over the last days."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from pydantic import BaseModel
from starlette.responses import JSONResponse

from api.problems import HttpProblem
from api.runs import NO_STORE
from api.state import Request
from events.alerts import Alert, Kind
from events.contract import now_ms
from events.stats import Failure, Figures, StepTimes, Usage

DAYS, MOST_DAYS = 7, 90


class RunCounts(BaseModel):
    """Runs that were accepted since then, by what they are now and by pipeline."""

    total: int
    by_status: dict[str, int]
    by_pipeline: dict[str, int]


class AlertBody(BaseModel):
    """What should not be as it is, since then (Unix ms), by the last review: `value` is above `limit`. Of `step_slow`
    both are ms: the longest of the last hour, and twice what nine of ten of the hundred before it took. Of
    `step_failures` and `stream_failures` they are shares of 1, of the last hour."""

    kind: Kind
    pipeline: str | None = None
    step: str | None = None
    value: float
    limit: float
    since: int


class StatsBody(BaseModel):
    """The figures since the beginning of the first of `days` days, of which today is the last; a day is one of UTC.

    `generated_at` is in Unix ms. `failures` has the twenty most frequent ones. `usage` has each of the days, with the
    runs that ended on it. `viewers` are those who now watch a run that goes on, in the process that answered;
    `abandoned` those who left such a run for good. `prefect_owed` are ended runs that Prefect has not been told of yet,
    counted up to 10,000."""

    generated_at: int
    days: int
    runs: RunCounts
    steps: list[StepTimes]
    failures: list[Failure]
    usage: list[Usage]
    viewers: int
    abandoned: int
    prefect_owed: int
    alerts: list[AlertBody]


async def show_stats(request: Request) -> JSONResponse:
    """`GET /api/stats?days=`."""
    days = days_asked(request.query_params.get("days") or str(DAYS))
    now = now_ms()
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    since = datetime.combine(today - timedelta(days=days - 1), time(), UTC)
    watched = request.state["hub"].watched()
    store, tenant = request.state["store"], request.state["tenant"]
    figures = await store.stats.figures(tenant, since, watched)
    alerts = await store.alerts.standing(tenant)
    # What is null here is not known, which is something to be told.
    return JSONResponse(body_of(figures, alerts, now, since, days).model_dump(mode="json"), headers=NO_STORE)


def body_of(figures: Figures, alerts: Sequence[Alert], now: int, since: datetime, days: int) -> StatsBody:
    """The figures with the days on which nothing ended."""
    by_day = {each.day: each for each in figures.usage}
    all_days = [since.date() + timedelta(days=number) for number in range(days)]
    return StatsBody(
        generated_at=now,
        days=days,
        runs=RunCounts(
            total=sum(figures.by_status.values()),
            by_status=dict(sorted(figures.by_status.items())),
            by_pipeline=dict(sorted(figures.by_pipeline.items())),
        ),
        steps=list(figures.steps),
        failures=list(figures.failures),
        usage=[by_day.get(day) or Usage(day, 0, 0, 0, 0.0, True) for day in all_days],
        viewers=figures.viewers,
        abandoned=figures.abandoned,
        prefect_owed=figures.prefect_owed,
        alerts=[alert_body(alert) for alert in alerts],
    )


def alert_body(alert: Alert) -> AlertBody:
    about = alert.subject
    where = {"pipeline": about.pipeline or None, "step": about.step or None}
    return AlertBody(kind=about.kind, **where, value=alert.value, limit=alert.limit, since=alert.since)


def days_asked(value: str) -> int:
    """Raises `HttpProblem` 400."""
    if not (value.isascii() and value.isdecimal() and len(value) <= 2 and 1 <= int(value) <= MOST_DAYS):
        raise HttpProblem("bad-request", f"days is not a whole number from 1 to {MOST_DAYS}.")
    return int(value)
