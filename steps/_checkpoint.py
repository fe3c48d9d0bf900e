"""One model call among several in a step, kept as soon as it is there, and never paid for twice."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from events.contract import Partial, PartialData, PartialWithdrawn, PartialWithdrawnData
from steps._place import current_attempt, current_run

if TYPE_CHECKING:
    from steps._run import Run

T = TypeVar("T")


def input_hash(*inputs: Any) -> str:
    """SHA-256 of the inputs as JSON with sorted keys; pydantic values by their JSON form."""
    plain = TypeAdapter(Any).dump_python(list(inputs), mode="json")
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def inherited(run: "Run", key: tuple[str, str, str], adapter: TypeAdapter[T]) -> T | None:
    """What the run that this one does again paid for. It is told anew, so that it is shown, and kept, as a part of this
    one. None where there is nothing, or nothing that is of the shape by now."""
    if key not in run.inherited:
        return None
    try:
        return adapter.validate_python(run.inherited[key])
    except ValidationError:
        return None


async def checkpoint(path: str, inputs: Any, make: Callable[[], Awaitable[T]], shape: Any) -> T:
    """The part at `path` (JSON Pointer), taken from the log where the same inputs made it before, else made now.

    One that other inputs made does not hold any more, and is withdrawn before. `shape` is the type of the part, for
    reading it back. `inputs` must hold all that the part depends on.
    """
    run, attempt = current_run(), current_attempt()
    adapter: TypeAdapter[T] = TypeAdapter(shape)
    key = (attempt.step, path, input_hash(inputs))
    if key in run.journal.checkpoints:
        return adapter.validate_python(run.journal.checkpoints[key])
    await _withdraw(path)
    value = inherited(run, key, adapter)
    if value is None:
        value = await make()
    plain = adapter.dump_python(value, mode="json")
    data = PartialData(path=path, value=plain, input_hash=key[2], models=run.models)
    run.journal.checkpoints[key] = plain  # before the waiting, which may be cancelled: what is said is said
    await run.commit(Partial(**attempt.where, data=data))
    run.budget.settle()
    return value


async def _withdraw(path: str) -> None:
    run, attempt = current_run(), current_attempt()
    stale = [key for key in run.journal.checkpoints if key[:2] == (attempt.step, path)]
    if stale:
        await run.commit(PartialWithdrawn(**attempt.where, data=PartialWithdrawnData(path=path)))
    for key in stale:
        del run.journal.checkpoints[key]
