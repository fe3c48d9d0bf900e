"""The seam through which a step starts runs of their own, about the run that it is in, and hears how they end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from pydantic import JsonValue

from events.batches import Member
from events.contract import Problem


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is to be. Under its `key` it is begun once, however often that is asked for. `before` is a run that
    has failed on the same input: what it had finished is taken over. `max_cost_usd` is what it may cost."""

    pipeline: str
    input: Mapping[str, JsonValue]
    key: str
    before: UUID | None = None
    max_cost_usd: float | None = None


class Held(Exception):
    """A limit forbids another run for now: `str()` says which. `seconds` until it is worth while to ask again."""

    def __init__(self, words: str, seconds: float) -> None:
        super().__init__(words)
        self.seconds = seconds


class Unfit(Exception):
    """The input is not what the pipeline takes."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Children(Protocol):
    async def known(self, keys: Sequence[str]) -> dict[str, Member]:
        """Of these keys those under which a run was begun, with the run."""
        ...

    async def begin(self, wanted: Wanted) -> Member:
        """The run, or the one that was begun under its key before. Raises `Held`, `Unfit`, and `StepFailed` where there
        is no such pipeline."""
        ...

    async def ended(self, run_ids: Collection[UUID], wait: float) -> list[Member]:
        """Those of the runs that have ended, as soon as one has; none after `wait` seconds."""
        ...
