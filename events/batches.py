"""What a batch asks of the runs of its items: which there are, which have ended, which nobody waits for any more."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from events.contract import LAST_WORDS, Problem
from events.view import RunStatus


@dataclass(frozen=True, slots=True)
class Member:
    """The run of an item, `about` the batch that began it. `problem` is why it failed, where it did."""

    run_id: UUID
    status: RunStatus
    about: UUID | None = None
    problem: Problem | None = None

    @property
    def ended(self) -> bool:
        return self.status in LAST_WORDS


class Batches(Protocol):
    async def keyed(self, tenant: str, keys: Collection[str]) -> dict[str, Member]:
        """Of these idempotency keys those that started a run, with the run."""
        ...

    async def ended(self, batch: UUID, run_ids: Collection[UUID], *, wait: float = 0) -> list[Member]:
        """Those of the runs that have ended, as soon as there is one; nothing after `wait` seconds.

        Who waits is woken by the end of any run that is about `batch`; of other runs' ends they hear within a second.
        A run that is not there any more is not among them.
        """
        ...

    async def orphans(self, pipeline: str, limit: int = 100) -> list[tuple[UUID, str]]:
        """Live runs, each with its tenant, that are about a run of `pipeline` that has ended, and of which nobody has
        asked the end yet."""
        ...
