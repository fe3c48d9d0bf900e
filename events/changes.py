"""Which runs have changed: a feed of states over all runs of a tenant, in an order that a reader can go on from.

Each run stands in it once, under the number of its last change. Numbers rise with the commits: who has read up to one
has missed nothing below it. What counts is what rewrites the kept view; text alone (`model_chunk`) is no change.
"""

from dataclasses import dataclass
from typing import Protocol

from events.view import RunView


@dataclass(frozen=True, slots=True)
class Change:
    """A run as it is now, and the number of its last change. `gone`: there is no such run any more, and of what it was
    `run` has nothing but the id; such a change is told of for a day."""

    number: int
    run: RunView
    gone: bool = False


class Changes(Protocol):
    async def read(self, tenant: str, after: int = 0, *, limit: int = 100, wait: float = 0) -> list[Change]:
        """The runs that changed behind `after`, each once, in the order of their last changes; at most `limit`.

        When there are none, waits up to `wait` seconds. Raises `StoreUnavailable`.
        """
        ...

    async def mark(self, tenant: str, back: int = 0) -> int:
        """The number behind which the last `back` runs changed: with 0 that of the last change; 0 before the first."""
        ...
