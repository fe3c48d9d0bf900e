"""Where an attempt is run: the seam between our engine and whatever shows the work to operators."""

from typing import Any, Protocol

from steps._once import Once


class Host(Protocol):
    async def attempt(self, step: str, label: str, number: int, call: Once[Any]) -> None:
        """See to it that `call` is made, now or within a budget; its result is awaited by the engine, not here."""
        ...


class Bare:
    """No host: the call is simply made."""

    async def attempt(self, step: str, label: str, number: int, call: Once[Any]) -> None:
        return None
