"""Alerts in memory: looked for in all that there is whenever somebody reviews. Nobody else can, at the same time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from events._percentile import percentile
from events._record import Record
from events.alerts import WINDOW, Alert, Review, Step, StepHour, StreamHour, Subject, going_on, judged
from events.contract import now_ms


@dataclass(slots=True)
class _Unsent:
    alert: Alert
    next_try: datetime
    tries: int = 0


class MemoryAlerts:
    def __init__(self, records: dict[UUID, Record]) -> None:
        self._records = records
        self._streams: list[tuple[datetime, str, StreamHour]] = []
        self._standing: dict[Subject, Alert] = {}
        self._unsent: dict[UUID, _Unsent] = {}

    async def standing(self, tenant: str) -> list[Alert]:
        ours = [alert for alert in self._standing.values() if alert.subject.tenant == tenant]
        return sorted(ours, key=lambda alert: alert.since)

    async def review(self) -> Review:
        now = datetime.now(UTC)
        since = now - timedelta(seconds=WINDOW)
        found = judged(self._steps(since), self._hour_of_streams(since))
        cleared = [self._standing.pop(subject) for subject in list(self._standing) if subject not in found]
        raised: list[Alert] = []
        for subject, (value, limit) in found.items():
            if known := self._standing.get(subject):
                self._standing[subject] = replace(known, value=value, limit=limit)
                continue
            alert = self._standing[subject] = Alert(uuid4(), subject, value, limit, int(now.timestamp() * 1000))
            self._unsent[alert.id] = _Unsent(alert, now)
            raised.append(alert)
        return Review(raised, cleared)

    async def count_streams(self, counts: Mapping[str, StreamHour]) -> None:
        self._streams += [(datetime.now(UTC), tenant, hour) for tenant, hour in counts.items()]

    async def to_send(self, limit: int = 10) -> list[Alert]:
        now = datetime.now(UTC)
        due = [each for each in self._unsent.values() if each.next_try <= now][:limit]
        for each in due:
            each.next_try = now + timedelta(seconds=min(30 * 2**each.tries, 3600))
            each.tries += 1
        return [each.alert for each in due]

    async def sent(self, alert_id: UUID) -> None:
        self._unsent.pop(alert_id, None)

    def _steps(self, since: datetime) -> dict[Step, StepHour]:
        times: defaultdict[Step, list[tuple[datetime, int]]] = defaultdict(list)
        failed: defaultdict[Step, int] = defaultdict(int)
        for record in self._records.values():
            where = record.new.tenant, record.new.pipeline
            for step, (duration, at) in record.times.items():
                times[(*where, step)].append((at, duration))
            view = record.view
            if view.status == "error" and view.failed_step and record.ended_at and record.ended_at >= since:
                failed[(*where, view.failed_step)] += 1
        held = ((record.new.tenant, record.view) for record in self._records.values() if record.holder is not None)
        going = going_on(held, now_ms())
        return {
            step: _hour(times.get(step, []), since, failed.get(step, 0), going.get(step, 0))
            for step in times.keys() | failed.keys()
        }

    def _hour_of_streams(self, since: datetime) -> dict[str, StreamHour]:
        self._streams = [each for each in self._streams if each[0] >= since]
        found: dict[str, StreamHour] = {}
        for _, tenant, hour in self._streams:
            before = found.get(tenant, StreamHour(0, 0))
            found[tenant] = StreamHour(before.opened + hour.opened, before.failed + hour.failed)
        return found


def _hour(times: list[tuple[datetime, int]], since: datetime, failed: int, going: int) -> StepHour:
    recent = [duration for at, duration in times if at >= since]
    past = [duration for at, duration in sorted(times) if at < since][-100:]
    p90 = percentile(past, 0.9) if past else 0
    return StepHour(len(recent), max(recent, default=0), failed, len(past), p90, going)
