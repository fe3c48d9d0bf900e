"""Runs in memory: the same promises as on PostgreSQL. Nothing here awaits, so every call is one transaction."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from pydantic import JsonValue

from events import _memory_lists as lists, _memory_wishes as wishes
from events._memory_limits import Counter
from events._record import Durations, Record
from events.contract import Expected
from events.errors import KeyReused, UnknownRun
from events.fold import opening
from events.ids import uuid7
from events.limits import Limits, Standing
from events.runs import Accepted, Claim, Header, NewRun, Page, Prefect
from events.view import RunView
from events.wishes import Wish


class MemoryRuns:
    def __init__(
        self, records: dict[UUID, Record], clock: Callable[[], float], changed: Callable[[Record], None]
    ) -> None:
        self._records = records
        self._clock = clock
        self._changed = changed
        self._keys: dict[tuple[str, str], UUID] = {}
        self._past = Durations()
        self._counter = Counter(records, clock)
        self._ears: set[asyncio.Queue[UUID | None]] = set()

    async def accept(
        self, new: NewRun, *, holder: str | None = None, lease: float = 10.0, limits: Limits | None = None
    ) -> Accepted:
        if new.idempotency_key is not None:
            known = self._keys.get((new.tenant, new.idempotency_key))
            if known is not None:
                return self._accepted(self._same(self._records[known], new), False, new, limits)
        if limits is not None:
            self._counter.check(new.tenant, limits)
        run_id, now = uuid7(), self._clock()
        record = Record(run_id, new, now + new.deadline, opening(str(run_id)), self._past, self._changed)
        if holder is not None:
            record.holder, record.lease, record.epoch = holder, now + lease, 1
        record.commit(new.first)
        self._records[run_id] = record
        if new.idempotency_key is not None:
            self._keys[new.tenant, new.idempotency_key] = run_id
        if holder is None:
            self._tell(None)
        self._counter.note(new.tenant)
        return self._accepted(run_id, True, new, limits)

    async def standing(self, tenant: str) -> Standing:
        return self._counter.standing(tenant, Limits())

    def _accepted(self, run_id: UUID, created: bool, new: NewRun, limits: Limits | None) -> Accepted:
        return Accepted(run_id, created, None if limits is None else self._counter.standing(new.tenant, limits))

    def _same(self, record: Record, new: NewRun) -> UUID:
        if record.new.body_hash != new.body_hash:
            raise KeyReused(f"The key '{new.idempotency_key}' started run {record.run_id}, with another body.")
        return record.run_id

    async def claim(
        self,
        holder: str,
        *,
        lease: float = 10.0,
        run_id: UUID | None = None,
        profile: str = "",
        pipelines: Sequence[str] | None = None,
        shown: bool = False,
        but_losses: int | None = None,
    ) -> Claim | None:
        now = self._clock()
        candidates = self._records.values() if run_id is None else filter(None, [self._records.get(run_id)])
        for record in candidates:
            ours = run_id is not None and record.holder == holder
            if run_id is None and pipelines is not None and record.new.pipeline not in pipelines:
                continue
            if run_id is None and record.losses + (record.holder is not None) == but_losses:
                continue
            if not record.ended and record.awake(now) and (ours or not record.held(now)):
                record.prefect = record.prefect or ("live" if shown else None)
                return self._take(record, holder, now, lease, profile)
        return None

    async def claim_more(
        self,
        most: int,
        holder: str,
        *,
        lease: float = 10.0,
        profile: str = "",
        pipelines: Sequence[str] | None = None,
        shown: bool = False,
        but_losses: int | None = None,
    ) -> list[Claim]:
        one = partial(self.claim, lease=lease, profile=profile, pipelines=pipelines, shown=shown, but_losses=but_losses)
        return [claim for _ in range(most) if (claim := await one(holder)) is not None]

    def _take(self, record: Record, holder: str, now: float, lease: float, profile: str) -> Claim:
        lost = record.holder is not None and not record.held(now)
        first = record.claims == 0 and not lost
        record.losses += lost
        record.wake(now)
        record.holder, record.lease, record.profile = holder, now + lease, profile
        record.epoch, record.claims = record.epoch + 1, record.claims + 1
        return Claim(
            run_id=record.run_id,
            pipeline=record.new.pipeline,
            tenant=record.new.tenant,
            input=record.new.input,
            epoch=record.epoch,
            tail_seq=len(record.entries),
            losses=record.losses,
            taken_over=not first,
            seconds_left=record.deadline - now,
        )

    async def renew(self, run_id: UUID, epoch: int, *, lease: float = 10.0) -> Wish | None:
        record = self.get(run_id)
        record.fence(epoch)
        record.lease = self._clock() + lease
        return record.wish

    async def release(self, run_id: UUID, epoch: int) -> None:
        record = self.get(run_id)
        record.fence(epoch)
        record.holder = None
        self._tell(None)

    async def park(self, run_id: UUID, epoch: int, seconds: float | None = None) -> None:
        record = self.get(run_id)
        record.fence(epoch)
        if wishes.park(record, self._clock(), seconds):
            self._tell(None)

    async def request_cancel(self, run_id: UUID, tenant: str, by: str | None = None) -> bool:
        record = self.get(run_id, tenant)
        held = record.held(self._clock())
        wishes.cancel(record, by, held=held)
        if held:
            self._tell(run_id)
        return not held

    async def pause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        record = self.get(run_id, tenant)
        if wishes.pause(record, self._clock(), by):
            self._tell(run_id)

    async def unpause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        record = self.get(run_id, tenant)
        if wishes.unpause(record, self._clock(), by):
            self._tell(None if record.holder is None else run_id)

    async def answer(self, run_id: UUID, tenant: str, input_id: str, value: JsonValue, by: str | None = None) -> None:
        record = self.get(run_id, tenant)
        if wishes.answer(record, self._clock(), input_id, value, by):
            self._tell(None if record.holder is None else run_id)

    async def view(self, run_id: UUID, tenant: str) -> RunView:
        return self.get(run_id, tenant).view

    async def header(self, run_id: UUID, tenant: str) -> Header:
        record = self.get(run_id, tenant)
        return Header(
            run_id=run_id,
            tenant=tenant,
            pipeline=record.new.pipeline,
            about=record.new.about,
            created_at=record.created_at,
            prefect=record.prefect,
            prefect_flow_run_id=record.flow_run_id,
            holder=record.holder,
        )

    async def input(self, run_id: UUID, tenant: str) -> JsonValue:
        return self.get(run_id, tenant).new.input

    async def forks(self, run_id: UUID, tenant: str) -> list[UUID]:
        return lists.forks(self._records, run_id, tenant)

    async def owner(self, run_id: UUID) -> str:
        return self.get(run_id).new.tenant

    async def find(self, tenant: str, idempotency_key: str) -> UUID | None:
        return self._keys.get((tenant, idempotency_key))

    async def page(
        self,
        tenant: str,
        *,
        status: str | None = None,
        pipeline: str | None = None,
        about: UUID | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        below = UUID(after) if after is not None else None
        return lists.page(self._records, tenant, status, pipeline, about, below, limit)

    async def history(self, tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
        return lists.history(self._past, tenant, pipeline, profile)

    async def note_prefect(self, run_id: UUID, prefect: Prefect, flow_run_id: UUID | None = None) -> None:
        record = self.get(run_id)
        record.prefect = record.prefect if record.prefect == "degraded" else prefect
        record.flow_run_id = flow_run_id or record.flow_run_id

    async def owed_to_prefect(self, limit: int = 20, *, but: Collection[UUID] = ()) -> list[UUID]:
        return lists.owed_to_prefect(self._records, limit, but)

    async def prefect_told(self, run_id: UUID, flow_run_id: UUID) -> bool:
        record = self.get(run_id)
        if record.told:
            return False
        record.told, record.flow_run_id = True, flow_run_id
        return True

    @asynccontextmanager
    async def wakeups(self) -> AsyncGenerator[AsyncIterator[UUID | None], None]:
        heard: asyncio.Queue[UUID | None] = asyncio.Queue()
        self._ears.add(heard)
        try:
            yield _all_of(heard)
        finally:
            self._ears.discard(heard)

    def forget(self, record: Record) -> None:
        """Its key may be used again."""
        if record.new.idempotency_key is not None:
            self._keys.pop((record.new.tenant, record.new.idempotency_key), None)

    def _tell(self, what: UUID | None) -> None:
        for ear in self._ears:
            ear.put_nowait(what)

    def get(self, run_id: UUID, tenant: str | None = None) -> Record:
        record = self._records.get(run_id)
        if record is None or tenant not in (None, record.new.tenant):
            raise UnknownRun(f"There is no run {run_id}.")
        return record


async def _all_of(heard: "asyncio.Queue[UUID | None]") -> AsyncIterator[UUID | None]:
    while True:
        yield await heard.get()
