"""What becomes of runs that have ended: after a while their chunks are kept packed, and one day they go for good.

Packing changes how a log is kept, never what it says: whoever reads it, from any position, gets the same bytes.
"""

from dataclasses import dataclass
from typing import Protocol

DURATIONS = 100
"""Of each step so many durations are remembered, for telling how long it will take."""


@dataclass(frozen=True, slots=True)
class Swept:
    """Runs whose chunks were packed, which were so many rows of so many bytes before and are so many now; runs that
    went, and durations of steps that are not remembered any more. Of what was not done, only `compacted` and
    `forgotten` are known."""

    compacted: int = 0
    rows_before: int = 0
    rows_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    forgotten: int = 0
    durations: int = 0


class Retention(Protocol):
    async def sweep(
        self, *, compact_after: float, keep_days: float | None = None, pause: float = 0.05, dry_run: bool = False
    ) -> Swept | None:
        """Pack the chunks of runs that ended `compact_after` seconds ago, and let go of runs that were accepted
        `keep_days` days ago (None: of none), and whose document nobody changed since.

        Goes on in small pieces, `pause` seconds between them, so that nobody waits for it; the next one goes on where
        it was stopped. With `dry_run` it only counts. None while somebody else sweeps. Raises `StoreUnavailable`.
        """
        ...
