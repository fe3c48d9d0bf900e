"""One run in memory: its log, its view, who holds it, and the rules of writing to it."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from events import runs
from events.contract import LAST_WORDS, Event, Partial, StepComplete
from events.errors import Fenced, NotAllowed, RunEnded
from events.fold import fold
from events.log import OUTSIDERS, Entry, encode
from events.runs import NewRun, Prefect
from events.view import RunView
from events.wishes import Wish


class Durations(defaultdict[tuple[str, str, str, str], deque[int]]):
    """The last 100 durations in ms by tenant, pipeline, profile and step."""

    def __init__(self) -> None:
        super().__init__(lambda: deque(maxlen=100))


@dataclass(slots=True, eq=False)
class Record:
    """`lease` is when, on the store's clock, the holder is given up; `holder` None: nobody has the run.

    `claims` counts how often it was taken by a claim; `grown` is set, and replaced, when something was appended;
    `changed` is told when it was more than text. `times` has the duration in ms of each step that is complete, and
    since when. `parked_at` is since when its deadline stands still; `wake_at` from when on it may be claimed (None: at
    any time).
    """

    run_id: UUID
    new: NewRun
    deadline: float
    view: RunView
    past: Durations
    changed: Callable[["Record"], None]
    entries: list[Entry] = field(default_factory=list[Entry])
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    holder: str | None = None
    lease: float = 0.0
    epoch: int = 0
    claims: int = 0
    losses: int = 0
    profile: str = ""
    prefect: Prefect | None = None
    flow_run_id: UUID | None = None
    told: bool = False
    times: dict[str, tuple[int, datetime]] = field(default_factory=dict[str, tuple[int, datetime]])
    ended_at: datetime | None = None
    parked_at: float | None = None
    wake_at: float | None = None

    @property
    def ended(self) -> bool:
        return bool(self.entries) and self.entries[-1].final

    @property
    def owed(self) -> bool:
        """Is Prefect still to be told how it ended?"""
        if self.ended_at is None or self.told:
            return False
        lost = self.prefect == "live" and datetime.now(UTC) > self.ended_at + runs.TOLD_WITHIN
        return self.prefect == "degraded" or lost

    def held(self, now: float) -> bool:
        return self.holder is not None and self.lease > now

    def awake(self, now: float) -> bool:
        return self.wake_at is None or self.wake_at <= now

    def wake(self, now: float) -> None:
        """Somebody takes it: its clock goes on."""
        if self.parked_at is not None:
            self.deadline += now - self.parked_at
        self.parked_at = self.wake_at = None

    @property
    def wish(self) -> Wish | None:
        """What its holder must heed."""
        if self.view.cancel_requested:
            return "cancel"
        return "pause" if self.view.status == "paused" else None

    def check(self, events: Sequence[Event], epoch: int | None, now: float) -> None:
        """May this be appended now? Raises `RunEnded`, `Fenced`, `NotAllowed`."""
        if self.ended:
            raise RunEnded(f"Run {self.run_id} has its last word ({self.entries[-1].type}); nothing follows it.")
        if epoch is not None:
            return self.fence(epoch)
        for event in events:
            if event.type not in OUTSIDERS or (event.type == "cancelled" and self.held(now)):
                raise NotAllowed(f"'{event.type}' is for the holder of run {self.run_id} to say: it needs the epoch.")

    def fence(self, epoch: int) -> None:
        if epoch != self.epoch or self.holder is None:
            raise Fenced(f"Epoch {epoch} does not hold run {self.run_id} any more; the current one is {self.epoch}.")

    def commit(self, events: Sequence[Event]) -> int:
        """Store all or, where one cannot be encoded or stands behind a last word, none. The `seq` of the last one."""
        bodies = [encode(event) for event in events]
        if any(event.type in LAST_WORDS for event in events[:-1]):
            raise RunEnded(f"Something stands behind the last word of run {self.run_id}, in the same append.")
        for event, body in zip(events, bodies, strict=True):
            entry = Entry(self.run_id, len(self.entries) + 1, event.type, body)
            self.entries.append(entry)
            self.view = fold(self.view, entry)
            self._remember(event)
        if self.ended:
            self.holder, self.ended_at = None, datetime.now(UTC)
        if any(event.type != "model_chunk" for event in events):
            self.changed(self)
        # Readers that wait now are woken; those that come later wait for the next one.
        self.grown.set()
        self.grown = asyncio.Event()
        return len(self.entries)

    def _remember(self, event: Event) -> None:
        if isinstance(event, StepComplete) or (isinstance(event, Partial) and event.data.input_hash):
            self.losses = 0
        if not isinstance(event, StepComplete) or event.duration is None or self.view.counts is not None:
            return
        if event.data.reused is None:
            self.past[self.new.tenant, self.new.pipeline, self.profile, event.step].append(event.duration)
            longest = max(event.duration, self.times.get(event.step, (0,))[0])
            self.times[event.step] = longest, datetime.now(UTC)
