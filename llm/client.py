"""The one call that we make of a model, and what comes back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Tier = Literal["heavy", "light"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call took, in tokens. `cost_usd` is None where the model's price is unknown: unknown is not free.

    `estimated` when the server sent no figures, or the call broke off before it did.
    """

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """The shape an answer must have: a JSON Schema (draft 2020-12) and the name that goes with it on the wire."""

    name: str
    json_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model.

    `model` overrides the tier's. `labels` (run, step, attempt, lane …) go along as a header, so that a gateway's log
    can be matched with ours; they never hold a prompt or a key.
    """

    system: str
    user: str
    tier: Tier = "heavy"
    schema: Schema | None = None
    model: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer as it comes. The last one of a call has no text and carries the `usage`."""

    text: str = ""
    usage: Usage | None = None


class Model(Protocol):
    def stream(self, call: Call) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        """Ask, and iterate over the answer. Leaving the context closes the connection, whatever has been read.

        Raises `llm.errors.ModelError`, on entering or while iterating; its `usage` says what the failed call took.
        """
        ...

    def estimate(self, call: Call, written: str) -> Usage:
        """What a call took that we broke off ourselves, after it had written so much: nobody else will say."""
        ...
