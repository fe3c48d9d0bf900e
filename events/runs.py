"""Who wants a run, who holds it, until when. Each call is one transaction, on the database's clock.

The log (`events.log`) says what happened in a run; this says that the run exists, whose it is, and which worker may
write to it. A holder is known by its *epoch*: every claim raises it, and the store refuses an append with a lower one.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from events.contract import Event, Expected, RunQueued
from events.ids import body_hash
from events.limits import Limits, Standing
from events.view import RunView
from events.wishes import Wish, Wishes

DEFAULT_TENANT = "default"
Prefect = Literal["live", "degraded"]
# Who shows a run in Prefect, and lives, tells its end there within so much; for so much longer it is made up for.
TOLD_WITHIN, TOLD_LATER = timedelta(seconds=60), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a client asks for. `input` is validated JSON; `deadline` is seconds from now on the database's clock.

    `first` are the events that open the log, `run_queued` first, then any reused steps of a fork. `about` is the run
    whose document this one works on. `max_cost_usd` is the limit that was asked for; a limit that others have set for
    all runs stands in `first` only, and makes no other request of the same words.
    """

    pipeline: str
    input: JsonValue
    first: Sequence[Event]
    tenant: str = DEFAULT_TENANT
    deadline: float = 900.0
    idempotency_key: str | None = None
    about: UUID | None = None
    max_cost_usd: float | None = None

    @property
    def forked_from(self) -> UUID | None:
        """The run that this one does again."""
        queued = self.first[0]
        named = queued.data.forked_from if isinstance(queued, RunQueued) else None
        return None if named is None else UUID(named)

    @property
    def body_hash(self) -> bytes:
        """Of what was asked for: another request with the same key has another one."""
        queued = self.first[0]
        wish: dict[str, JsonValue] = {}
        if isinstance(queued, RunQueued) and queued.data.forked_from is not None:
            wish |= {"forked_from": queued.data.forked_from, "from_step": queued.data.from_step}
        if self.max_cost_usd is not None:
            wish |= {"max_cost_usd": self.max_cost_usd}
        return body_hash(self.pipeline, {"input": self.input, **wish} if wish else self.input)


@dataclass(frozen=True, slots=True)
class Accepted:
    """`created` is False when the idempotency key named a run that was there already. `standing` is what the tenant
    has used by now, where limits were given."""

    run_id: UUID
    created: bool
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours to write to until the lease runs out.

    `losses` counts holders lost in a row without a checkpoint between them, this take-over's included; `taken_over`
    says that somebody held it before (lost or released). `seconds_left` until the run's deadline, negative when past.
    `tail_seq` is the end of the log at the moment of the claim.
    """

    run_id: UUID
    pipeline: str
    tenant: str
    input: JsonValue
    epoch: int
    tail_seq: int
    losses: int
    taken_over: bool
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Page:
    """Runs, newest first, and the cursor for the next page (None at the end)."""

    runs: list[RunView] = field(default_factory=list[RunView])
    next_after: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What an operator may want to know of a run beside its story. Times are the database's."""

    run_id: UUID
    tenant: str
    pipeline: str
    about: UUID | None
    created_at: datetime
    prefect: Prefect | None
    prefect_flow_run_id: UUID | None
    holder: str | None


class Runs(Wishes, Protocol):
    async def accept(
        self, new: NewRun, *, holder: str | None = None, lease: float = 10.0, limits: Limits | None = None
    ) -> Accepted:
        """Commit the run and its first events; the same tenant, key and body give the same run again, whatever
        `limits` say of others.

        With `holder`, a run that is created here is also held by it (epoch 1, never offered to other workers before the
        lease runs out); get it with `claim(run_id=…)`. Raises `KeyReused`, `OverLimit`, `StoreUnavailable`.
        """
        ...

    async def standing(self, tenant: str) -> Standing:
        """What the tenant has used by now, as `accept` counts it. Raises `StoreUnavailable`."""
        ...

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
        """Take one run that is queued, released, or whose lease ran out, oldest first, and raise its epoch.

        Of `pipelines` only, where given: a worker leaves runs that its version does not know to one that does.
        With `run_id` that run only, also when `holder` holds it already. `profile` names the models in use: step
        durations are remembered by it. None when there is nothing to take.
        `shown`: whoever claims it shows it in Prefect, and tells its end there (`prefect_told`); else others owe that.
        `but_losses`: none that would be handed out with just so many losses.
        """
        ...

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
        """Take the `most` runs that `claim` would give one after the other, in one transaction; in no order."""
        ...

    async def renew(self, run_id: UUID, epoch: int, *, lease: float = 10.0) -> Wish | None:
        """Keep the lease, and hear what is wanted of the run: its end, or that no more steps begin. Raises `Fenced`."""
        ...

    async def release(self, run_id: UUID, epoch: int) -> None:
        """Give the run up unfinished, at once and without it counting as a loss (a worker that drains)."""
        ...

    async def park(self, run_id: UUID, epoch: int, seconds: float | None = None) -> None:
        """Give the run up, to be claimed no more before `unpause`, or before `seconds` are over where they are given.

        Its deadline stands still as long. What was said since the claim is heard by whoever claims it next, at once.
        Raises `Fenced`.
        """
        ...

    async def view(self, run_id: UUID, tenant: str) -> RunView:
        """The kept view of a run, with `tail_seq` as of now. Raises `UnknownRun`."""
        ...

    async def header(self, run_id: UUID, tenant: str) -> Header:
        """Raises `UnknownRun`."""
        ...

    async def input(self, run_id: UUID, tenant: str) -> JsonValue:
        """What the run was started with. Raises `UnknownRun`."""
        ...

    async def forks(self, run_id: UUID, tenant: str) -> list[UUID]:
        """The runs that do this one again, newest first; a hundred at most."""
        ...

    async def owner(self, run_id: UUID) -> str:
        """The tenant whose run it is: for operators alone, who see the runs of all. Raises `UnknownRun`."""
        ...

    async def find(self, tenant: str, idempotency_key: str) -> UUID | None:
        """The run that was started with this key, if any."""
        ...

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
        """Runs of a tenant, newest first, from behind the cursor `after`. Raises `ValueError` for a bad cursor."""
        ...

    async def history(self, tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
        """p50 and p90 of the last 100 durations of each step of a tenant's pipeline under a profile, in ms."""
        ...

    async def note_prefect(self, run_id: UUID, prefect: Prefect, flow_run_id: UUID | None = None) -> None:
        """Remember how Prefect saw this run. Kept beside the log: what viewers see never depends on Prefect.

        `degraded` stays: a word of the run's beginning that comes late takes back nothing.
        """
        ...

    async def owed_to_prefect(self, limit: int = 20, *, but: Collection[UUID] = ()) -> list[UUID]:
        """Ended runs whose end Prefect was not told, oldest first, none of `but`: those marked degraded and, a minute
        later, those of the last day that were shown live by somebody who was lost."""
        ...

    async def prefect_told(self, run_id: UUID, flow_run_id: UUID) -> bool:
        """Remember that Prefect shows how the run ended; False when somebody else did before."""
        ...

    def wakeups(self) -> AbstractAsyncContextManager[AsyncIterator[UUID | None]]:
        """What a worker must hear of: the id of a run of which somebody wants something (`renew` says what), or None
        when something may be claimed.

        A hint, never a promise: notifications get lost, so a worker also looks by itself every couple of seconds.
        """
        ...
