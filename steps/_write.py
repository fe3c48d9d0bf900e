"""From a model's tokens to a run's events."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from events.contract import Partial, PartialData
from llm.client import Call, Schema, Tier, Usage
from llm.errors import InvalidOutput, ModelError, TooLong
from llm.parts import Parts
from steps._place import current_attempt, current_lane, current_round, current_run

if TYPE_CHECKING:
    from steps._attempt import Attempt
    from steps._run import Run

Shape = TypeVar("Shape", bound=BaseModel)

SLICE = 4_000
"""Characters that are parsed at a time: a server may send a whole answer as one piece."""
_QUOTED = 60


class Ask(Protocol):
    """What to say to the model (`steps._prompt.Prompt`)."""

    @property
    def system(self) -> str: ...
    @property
    def user(self) -> str: ...


async def write_text(
    ask: Ask,
    *,
    tier: Tier = "light",
    model: str | None = None,
    limit: int | None = None,
    longest: int | None = None,
) -> str:
    """Ask for text; every piece of it is a `model_chunk` as it comes. Raises `ModelError`.

    `limit`, in tokens, goes to the server, which counts the model's reasoning with it. `longest`, in characters of the
    answer itself, holds whatever the server does: a longer answer is broken off, and the attempt fails (`TooLong`).
    """
    written: list[str] = []
    call = Call(ask.system, ask.user, tier=tier, model=model, max_output_tokens=limit)
    await _stream(call, written.append, longest)
    return "".join(written).strip()


async def write_json(
    shape: type[Shape],
    ask: Ask,
    *,
    tier: Tier = "heavy",
    model: str | None = None,
    sections: Mapping[str, TypeAdapter[Any]] | None = None,
    limit: int | None = None,
    longest: int | None = None,
) -> Shape:
    """Ask for JSON of a shape. Each top-level member in `sections` is a `partial` as soon as it is there and validates.

    `limit` and `longest` as for `write_text`. Raises `InvalidOutput` when the answer is not of the shape, or another
    `ModelError`.
    """
    parts = Parts()

    def read(text: str) -> None:
        for name, value in parts.feed(text):
            _part(name, value, sections or {})

    call = Call(ask.system, ask.user, tier=tier, model=model, schema=_schema_of(shape), max_output_tokens=limit)
    await _stream(call, read, longest)
    whole = parts.finish()
    try:
        return shape.model_validate(whole)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = "/" + "/".join(str(part)[:_QUOTED] for part in first["loc"])
        raise InvalidOutput(f"Expected a {shape.__name__}; at {where}: {first['msg']}.") from error


@cache
def _schema_of(shape: type[BaseModel]) -> Schema:
    """Made once: it takes a millisecond or two, in which every run of this worker stands."""
    return Schema(shape.__name__, shape.model_json_schema())


def _part(name: str, value: Any, sections: Mapping[str, TypeAdapter[Any]]) -> None:
    if name not in sections:
        return
    section = sections[name]
    try:
        held = section.dump_python(section.validate_python(value), mode="json")
    except ValidationError:
        return  # not a part that holds; the step that validates the whole will say why
    run, attempt = current_run(), current_attempt()
    run.say(Partial(**attempt.where, data=PartialData(path=f"/{name}", value=held)))


def _is_paid(run: "Run", call: Call) -> bool:
    """Does a call like this cost anything, as far as its price is known? Its prompt stands in for the answer."""
    return bool(run.model.estimate(call, call.user).cost_usd)


def _labels(run: "Run", attempt: "Attempt") -> dict[str, str]:
    """Whose call it is. A lane or turn inside a step is the call's; one that a step is in, the attempt's too."""
    told = {
        "run": run.id,
        "step": attempt.step,
        "attempt": attempt.number,
        "lane": current_lane(),
        "round": current_round(),
        "attempt_lane": attempt.lane,
        "attempt_round": attempt.round,
    }
    return {name: str(value) for name, value in told.items() if value is not None}


async def _stream(call: Call, read: Callable[[str], object], longest: int | None) -> None:
    """Tokens out, usage noted, whatever happens."""
    run, attempt = current_run(), current_attempt()
    await run.budget.check_day(lambda: _is_paid(run, call))
    written: list[str] = []
    length = 0
    told = False
    try:
        async with run.budget.calling(), run.model.stream(replace(call, labels=_labels(run, attempt))) as deltas:
            async for delta in deltas:
                if delta.text:
                    written.append(delta.text)
                    length += len(delta.text)
                    if longest is not None and length > longest:
                        raise _too_long(longest, run.model.estimate(call, "".join(written)))
                    attempt.wrote(delta.text)
                    await _in_slices(delta.text, read)
                if delta.usage:
                    told = True
                    run.spent(delta.usage)
    except ModelError as error:
        if error.usage and not told:
            run.spent(error.usage)
        raise
    except asyncio.CancelledError:
        # Not once more for a call that was over: it may be cancelled while its connection is closed.
        if not told and run.ending not in ("released", "lost"):
            run.spent(run.model.estimate(call, "".join(written)))
        raise


async def _in_slices(text: str, read: Callable[[str], object]) -> None:
    """Let the other runs of this worker go on between two slices."""
    for start in range(0, len(text), SLICE):
        if start:
            await asyncio.sleep(0)
        read(text[start : start + SLICE])


def _too_long(longest: int, usage: Usage) -> TooLong:
    detail = f"The answer is longer than {longest:,} characters, more than this step can use; we stopped listening."
    return TooLong(detail, usage=usage)
