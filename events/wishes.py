"""What people want of a run, whoever holds it: that it ends, that it pauses or goes on, that a question is answered.

Each is one transaction. A holder hears of it when it renews its lease; a run that nobody holds obeys at once.
"""

from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from events.contract import Problem

Wish = Literal["cancel", "pause"]
"""What a holder has to heed."""

CANCELLED = Problem(title="cancelled", detail="The run was cancelled while no worker held it.")
"""What ends the steps of a run that nobody holds."""


class Wishes(Protocol):
    async def request_cancel(self, run_id: UUID, tenant: str, by: str | None = None) -> bool:
        """Append `cancel_requested` (once), and `cancelled` as well for a run that nobody holds.

        True when the run has ended by it. Raises `UnknownRun`, `RunEnded`.
        """
        ...

    async def pause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        """Append `run_paused`, once: the holder parks the run when the steps that are at work have ended; a run that
        nobody holds is parked by this. Raises `UnknownRun`, `RunEnded`."""
        ...

    async def unpause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        """Append `run_unpaused` to a paused run, and let it be claimed. Raises `UnknownRun`, `RunEnded`."""
        ...

    async def answer(self, run_id: UUID, tenant: str, input_id: str, value: JsonValue, by: str | None = None) -> None:
        """Append `input_received` to a question that the run asks, and let the run be claimed, unless it is paused.

        That the value fits is for the caller to see to. Raises `UnknownRun`, `RunEnded`, `UnknownInput`, `Answered`.
        """
        ...
