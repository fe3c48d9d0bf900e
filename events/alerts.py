"""What should not be as it is: steps that are much slower than ever, steps and streams that fail too often.

What was in the last hour is held against limits. An alert stands from when it was first seen until it is so no more; it
is raised once, whoever looks and however often, and is kept until whoever wants to be told has been.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from events.fold import open_steps
from events.view import RunView

Kind = Literal["step_slow", "step_failures", "stream_failures"]

WINDOW = 3600.0
"""Seconds that are looked at."""
SLOW = 2.0
"""Times its p90, of the last hundred before the window, that a step may take."""
STEP_FAILURES, STREAM_FAILURES = 0.01, 0.05
PAST, ENDED, OPENED = 20, 5, 20
"""As many must there be: earlier durations, ends of a step, streams. Of fewer, a share says nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about. Nothing for a step: it is about all of a tenant's streams."""

    tenant: str
    kind: Kind
    pipeline: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """`value` is what was found, above `limit`: ms of `step_slow`, a share of 1 of the others. `since` in Unix ms."""

    id: UUID
    subject: Subject
    value: float
    limit: float
    since: int


@dataclass(frozen=True, slots=True)
class StepHour:
    """A step in the window: how often it was completed, the longest duration, how many runs it ended; for how long the
    longest attempt of those that go on has (0: none does); and `past` durations before that, with their p90 (ms)."""

    completed: int = 0
    slowest: int = 0
    failed: int = 0
    past: int = 0
    p90: int = 0
    going: int = 0


@dataclass(frozen=True, slots=True)
class StreamHour:
    opened: int
    failed: int


@dataclass(frozen=True, slots=True)
class Review:
    raised: list[Alert]
    cleared: list[Alert]


Step = tuple[str, str, str]
"""Tenant, pipeline, step."""


class Alerts(Protocol):
    async def standing(self, tenant: str) -> list[Alert]:
        """As of the last review, the oldest first."""
        ...

    async def review(self) -> Review:
        """Look at all tenants, and tell what is new. Nothing while somebody else does."""
        ...

    async def count_streams(self, counts: Mapping[str, StreamHour]) -> None:
        """What has become of streams since the last call, by tenant."""
        ...

    async def to_send(self, limit: int = 10) -> list[Alert]:
        """Alerts of the last day that nobody was told of and whose time has come, each to one caller at a time: it is
        given out again later, at longer and longer intervals, unless it was `sent`."""
        ...

    async def sent(self, alert_id: UUID) -> None: ...


def going_on(held: Iterable[tuple[str, RunView]], now: int) -> dict[Step, int]:
    """For how long (ms) the longest attempt at each step has gone on by `now` (Unix ms). `held` are runs that somebody
    carries, with their tenants: one that hangs is slow before it is over, and may never be. A batch takes as long as it
    has items, which no other tells."""
    longest: dict[Step, int] = {}
    for tenant, view in ((tenant, view) for tenant, view in held if view.counts is None):
        for step in open_steps(view):
            if step.started_at is not None:
                place = tenant, view.pipeline, step.step
                longest[place] = max(longest.get(place, 0), now - step.started_at)
    return longest


def judged(steps: Mapping[Step, StepHour], streams: Mapping[str, StreamHour]) -> dict[Subject, tuple[float, float]]:
    """What is above its limit, with both."""
    found: dict[Subject, tuple[float, float]] = {}
    for (tenant, pipeline, step), hour in steps.items():
        longest = max(hour.slowest, hour.going)
        if hour.past >= PAST and longest > SLOW * hour.p90:
            found[Subject(tenant, "step_slow", pipeline, step)] = longest, SLOW * hour.p90
        ended = hour.completed + hour.failed
        if ended >= ENDED and hour.failed > STEP_FAILURES * ended:
            found[Subject(tenant, "step_failures", pipeline, step)] = hour.failed / ended, STEP_FAILURES
    for tenant, hour in streams.items():
        if hour.opened >= OPENED and hour.failed > STREAM_FAILURES * hour.opened:
            found[Subject(tenant, "stream_failures")] = hour.failed / hour.opened, STREAM_FAILURES
    return found
