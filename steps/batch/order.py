"""What a batch is started with: of which pipeline the runs are, on which inputs, and how many of them at once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from events.text import unsafe_in_line

MOST_ITEMS, LONGEST_KEY, LONGEST_NAME = 10_000, 200, 100
MOST_AT_ONCE, AT_ONCE = 100, 10
# More than any run costs: a larger number is a mistake.
MOST_DOLLARS = 1_000_000
# Digits of the digest that an item without a key is known by: no two of ten thousand come to the same.
SHORT = 16


def _on_a_line(value: str) -> str:
    if (unsafe := unsafe_in_line(value)) is not None:
        raise PydanticCustomError("unsafe_name", "It holds {unsafe}, which no name may hold", {"unsafe": unsafe})
    return value


Key = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KEY), AfterValidator(_on_a_line)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME), AfterValidator(_on_a_line)
]


class BatchItem(BaseModel):
    """One run of the batch. By `key`, and by what `input` is, it is known again when the batch is started again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key = Field(description="What this item is called; no two of a batch are called the same.")
    input: dict[str, JsonValue] = Field(description="As the pipeline's `input_schema` says.")


def _of_different_names(items: Sequence[BatchItem]) -> Sequence[BatchItem]:
    seen: dict[str, int] = {}
    for at, item in enumerate(items):
        if (first := seen.setdefault(item.key, at)) != at:
            words, known = "items {first} and {at} have the same key, {key}", {"first": first, "at": at}
            raise PydanticCustomError("same_key", words, {**known, "key": repr(item.key)})
    return items


class BatchOrder(BaseModel):
    """Many inputs of one pipeline. A batch of the same name that is started again does not do again what is complete.

    `max_cost_usd` is what each of the runs may cost.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, title="Batch")

    name: Name = Field(description="Under this name what is complete is not done again.")
    pipeline: str = Field(default="vision_framework", description="What is made of each input.")
    concurrency: int = Field(default=AT_ONCE, strict=True, ge=1, le=MOST_AT_ONCE, description="How many go on at once.")
    max_cost_usd: float | None = Field(
        default=None,
        strict=True,
        gt=0,
        le=MOST_DOLLARS,
        description="What each run may cost, in US dollars; at most STEPGLASS_MAX_COST_USD.",
    )
    items: Annotated[list[BatchItem], AfterValidator(_of_different_names)] = Field(
        min_length=1, max_length=MOST_ITEMS, description="The inputs, each under a key."
    )


def digest(given: Mapping[str, JsonValue]) -> str:
    """SHA-256 of an input, in hexadecimal: of two that mean the same it is the same."""
    text = json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(given: Mapping[str, JsonValue]) -> str:
    """The key of an input that nobody gave one."""
    return digest(given)[:SHORT]
