"""The figures of a tenant in memory: counted anew whenever somebody asks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from events._percentile import percentile
from events._record import Record
from events.contract import now_ms
from events.errors import UnknownRun
from events.stats import MOST_OWED, MOST_VIEWERS, Figures, StepTimes, Usage, cost_of, summed_up


@dataclass(frozen=True, slots=True)
class _Word:
    """The last that a viewer said of a run, by its own clock; since when it is away, if it is not `back`."""

    said_at: int
    at: datetime
    back: bool


class MemoryStats:
    def __init__(self, records: dict[UUID, Record]) -> None:
        self._records = records
        self._left: defaultdict[UUID, dict[str, _Word]] = defaultdict(dict)

    async def figures(self, tenant: str, since: datetime, watched: Mapping[UUID, int] | None = None) -> Figures:
        ours = {run_id: record for run_id, record in self._records.items() if record.new.tenant == tenant}
        recent = [record for record in ours.values() if record.created_at >= since]
        ended = [record for record in ours.values() if record.ended_at is not None and record.ended_at >= since]
        failures, failed = summed_up(Counter(_failure(each) for each in ended if each.view.status == "error"))
        owed = [record for record in ours.values() if record.ended and record.prefect == "degraded" and not record.told]
        return Figures(
            by_status=Counter(record.view.status for record in recent),
            by_pipeline=Counter(record.new.pipeline for record in recent),
            steps=_steps(ours.values(), since, failed),
            failures=failures,
            usage=_usage(ended),
            viewers=sum(viewers for run_id, viewers in (watched or {}).items() if run_id in ours),
            abandoned=sum(
                word.at >= since and not word.back
                for run_id, words in self._left.items()
                if run_id in ours
                for word in words.values()
            ),
            prefect_owed=min(len(owed), MOST_OWED),
        )

    async def left(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        if not self._ours(run_id, tenant).ended:
            self._note(run_id, viewer, said_at, back=False)

    async def came_back(self, run_id: UUID, tenant: str, viewer: str, said_at: int | None = None) -> None:
        if not self._ours(run_id, tenant).ended or viewer in self._left[run_id]:
            self._note(run_id, viewer, said_at, back=True)

    def _note(self, run_id: UUID, viewer: str, said_at: int | None, *, back: bool) -> None:
        said, now = now_ms() if said_at is None else said_at, datetime.now(UTC)
        words = self._left[run_id]
        known = words.get(viewer)
        if known.said_at <= said if known else len(words) < MOST_VIEWERS:
            words[viewer] = _Word(said, known.at if known and not known.back else now, back)

    def forget(self, run_id: UUID) -> None:
        self._left.pop(run_id, None)

    def _ours(self, run_id: UUID, tenant: str) -> Record:
        record = self._records.get(run_id)
        if record is None or record.new.tenant != tenant:
            raise UnknownRun(f"There is no run {run_id}.")
        return record


def _failure(record: Record) -> tuple[str, str | None, str]:
    view = record.view
    return record.new.pipeline, view.failed_step, view.problem.title if view.problem else ""


def _steps(records: Iterable[Record], since: datetime, failed: Mapping[tuple[str, str], int]) -> list[StepTimes]:
    times: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for record in records:
        for step, (duration, at) in record.times.items():
            if at >= since:
                times[record.new.pipeline, step].append(duration)
    return [
        StepTimes(
            pipeline,
            step,
            runs=len(past := times.get((pipeline, step), [])),
            p50_ms=percentile(past, 0.5) if past else None,
            p90_ms=percentile(past, 0.9) if past else None,
            failed=failed.get((pipeline, step), 0),
        )
        for pipeline, step in sorted(times.keys() | failed.keys())
    ]


def _usage(ended: Iterable[Record]) -> list[Usage]:
    days: defaultdict[object, list[Record]] = defaultdict(list)
    for record in ended:
        assert record.ended_at is not None
        days[record.ended_at.date()].append(record)
    return [_day(records) for records in days.values()]


def _day(records: list[Record]) -> Usage:
    views = [record.view for record in records]
    assert records[0].ended_at is not None
    known = [view.cost_usd for view in views if view.cost_usd is not None]
    complete = all(view.cost_complete for view in views)
    return Usage(
        day=records[0].ended_at.date(),
        runs=len(views),
        input_tokens=sum(view.input_tokens for view in views),
        output_tokens=sum(view.output_tokens for view in views),
        cost_usd=cost_of(sum(known) if known else None, complete),
        cost_complete=complete,
    )
