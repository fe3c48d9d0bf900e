"""One model call among several in a step, kept as soon as it is there, and never paid for twice."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter

from events.contract import Partial, PartialData
from steps._place import current_attempt, current_run

T = TypeVar("T")


def input_hash(*inputs: Any) -> str:
    """SHA-256 of the inputs as JSON with sorted keys; pydantic values by their JSON form."""
    plain = TypeAdapter(Any).dump_python(list(inputs), mode="json")
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


async def checkpoint(path: str, inputs: Any, make: Callable[[], Awaitable[T]], shape: Any) -> T:
    """The part at `path` (JSON Pointer), taken from the log where the same inputs made it before, else made now.

    `shape` is the type of the part, for reading it back. `inputs` must hold all that the part depends on.
    """
    run, attempt = current_run(), current_attempt()
    adapter: TypeAdapter[T] = TypeAdapter(shape)
    key = (attempt.step, path, input_hash(inputs))
    if key in run.journal.checkpoints:
        return adapter.validate_python(run.journal.checkpoints[key])
    value = await make()
    plain = adapter.dump_python(value, mode="json")
    await run.commit(Partial(**attempt.where, data=PartialData(path=path, value=plain, input_hash=key[2])))
    run.journal.checkpoints[key] = plain
    return value
