"""How a tenant's runs have been going: how many there were, how long their steps took, what failed and what it cost.

Everything is counted by the store's clock, since a moment: runs since they were accepted, the rest since it was stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

MOST_FAILURES = 20
"""Rows of `Figures.failures`, the most frequent first."""
MOST_OWED = 10_000
"""Runs owed to Prefect are counted up to here: where it was never there they are all that there is."""

MOST_VIEWERS = 500
"""Viewers of a run that are remembered for having left it, or being back. Ids are free: anybody can make up more."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """`runs` completed the step: half of them in `p50_ms` or less, nine of ten in `p90_ms` (None where none did).

    `failed` are the runs that it ended. A step that a run took over from another is not counted.
    """

    pipeline: str
    step: str
    runs: int
    p50_ms: int | None
    p90_ms: int | None
    failed: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Runs that ended in `error` with a problem of this title, in this step (None: in none)."""

    title: str
    step: str | None
    runs: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the runs that ended on `day` (UTC). `cost_usd` sums what is known of it, None where nothing is;
    `cost_complete` is False when the price of some call is unknown."""

    day: date
    runs: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cost_complete: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """`steps` are sorted by pipeline and step, `usage` by day, days without a run left out. `viewers` are those of the
    runs that were asked about; `abandoned` those who left a run before its end; `prefect_owed` runs that Prefect has
    not been told of, whenever they were."""

    by_status: Mapping[str, int]
    by_pipeline: Mapping[str, int]
    steps: Sequence[StepTimes]
    failures: Sequence[Failure]
    usage: Sequence[Usage]
    viewers: int
    abandoned: int
    prefect_owed: int


class Stats(Protocol):
    async def figures(self, tenant: str, since: datetime, watched: Mapping[UUID, int] | None = None) -> Figures:
        """What there is of `tenant` since then. `watched` are viewers by run, of any tenant: its own are summed."""
        ...

    async def left(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        """A viewer went away. Counted once, only while the run goes on, and up to `MOST_VIEWERS`. Raises `UnknownRun`.

        Of what a viewer says of a run, the last by `said_at` holds, in whatever order it arrives: Unix ms, by whichever
        clock, as long as it is the viewer's own; None: now.
        """
        ...

    async def came_back(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        """And was there again: not counted any more. Raises `UnknownRun`."""
        ...


def summed_up(failed: Mapping[tuple[str, str | None, str], int]) -> tuple[list[Failure], dict[tuple[str, str], int]]:
    """Of numbers of failed runs by pipeline, step and title: the most frequent failures, and the numbers by step."""
    failures: dict[tuple[str, str | None], int] = {}
    steps: dict[tuple[str, str], int] = {}
    for (pipeline, step, title), runs in failed.items():
        failures[title, step] = failures.get((title, step), 0) + runs
        if step is not None:
            steps[pipeline, step] = steps.get((pipeline, step), 0) + runs
    often = sorted(failures.items(), key=lambda item: (-item[1], item[0][0], item[0][1] or ""))
    return [Failure(title, step, runs) for (title, step), runs in often[:MOST_FAILURES]], steps


def cost_of(known: float | None, complete: bool) -> float | None:
    """The sum of known costs: of calls that were never made it is nothing, of prices that nobody knows None."""
    return round(known, 10) if known is not None else (0.0 if complete else None)
