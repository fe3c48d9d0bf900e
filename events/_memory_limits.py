"""What tenants have used, in memory: counted anew whenever another run is to be accepted."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from events._record import Record
from events.errors import OverLimit
from events.limits import MINUTE, Limits, Standing


class Counter:
    """`clock` gives the seconds that minutes are measured in; a day is one of UTC."""

    def __init__(self, records: Mapping[UUID, Record], clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock
        self._accepted: defaultdict[str, deque[float]] = defaultdict(deque)

    def note(self, tenant: str) -> None:
        """A run was accepted."""
        self._accepted[tenant].append(self._clock())

    def check(self, tenant: str, limits: Limits) -> None:
        """Raises `OverLimit`."""
        standing = self.standing(tenant, limits)
        if (reached := limits.reached(standing)) is not None:
            raise OverLimit(reached, standing)

    def standing(self, tenant: str, limits: Limits) -> Standing:
        now, latest = self._clock(), self._accepted[tenant]
        while latest and latest[0] <= now - MINUTE:
            latest.popleft()
        most = limits.runs_per_minute
        first = None if not latest else latest[-most] if most is not None and len(latest) >= most else latest[0]
        ours = [record for record in self._records.values() if record.new.tenant == tenant]
        at = datetime.now(UTC)
        today = datetime.combine(at.date(), time(), UTC)
        counted = [record for record in ours if record.ended_at is None or record.ended_at >= today]
        return Standing(
            minute=len(latest),
            minute_left=0.0 if first is None else MINUTE - (now - first),
            live=sum(not record.ended for record in ours),
            spent=sum(record.view.cost_usd or 0.0 for record in counted),
            day_left=(today + timedelta(days=1) - at).total_seconds(),
        )
