"""What came of many runs at once: their last words, the parts that one has told, and what those about it have cost."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from events.log import Entry
from events.view import RunView


@dataclass(frozen=True, slots=True)
class Spent:
    """`usd` sums the known costs and is None while none is known; `complete` is False when some price is unknown."""

    usd: float | None = None
    complete: bool = True


class Outcomes(Protocol):
    async def parts(self, run_id: UUID, tenant: str, after: int = 0, *, limit: int = 1000) -> list[Entry]:
        """The `partial` and `partial_withdrawn` of a run behind `after`, in order, at most `limit`.

        None for a run that is not the tenant's.
        """
        ...

    async def last_words(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, Entry]:
        """The last words of those of these runs that have one and are the tenant's."""
        ...

    async def views(self, run_ids: Collection[UUID], tenant: str) -> dict[UUID, RunView]:
        """Those of these runs that are the tenant's; of one that has not ended, as it was shown last."""
        ...

    async def spent_about(self, run_id: UUID, tenant: str) -> Spent:
        """What the tenant's runs that are about this one, and have ended, have cost together."""
        ...
