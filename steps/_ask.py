"""Asking a person between two steps. Nobody holds the run while it waits: the question and the answer are in its log.

    wish = await ask(Choice, "Which of the two?", within=3600, default=Choice(name="the first"))

A question is known again by where it stands: the first that is asked, the second, and so on, of one name. So what asks
side by side with something else needs a name of its own.
"""

from typing import Any, TypeVar, cast, overload

from pydantic import JsonValue, TypeAdapter, ValidationError

from events.contract import InputReceived, InputReceivedData, InputRequired, InputRequiredData, Otherwise, now_ms
from events.log import tail
from steps._place import current_run, inside_a_step
from steps._rehearsal import current_rehearsal
from steps._run import Run
from steps.errors import Unanswered

T = TypeVar("T")
Schema = dict[str, Any]
_NONE: Any = object()


@overload
async def ask(
    shape: type[T],
    prompt: str,
    *,
    schema: Schema | None = ...,
    name: str = ...,
    within: float | None = ...,
    default: T = ...,
) -> T: ...
@overload
async def ask(
    shape: TypeAdapter[T],
    prompt: str,
    *,
    schema: Schema | None = ...,
    name: str = ...,
    within: float | None = ...,
    default: T = ...,
) -> T: ...
async def ask(
    shape: Any,
    prompt: str,
    *,
    schema: Schema | None = None,
    name: str = "input",
    within: float | None = None,
    default: Any = _NONE,
) -> Any:
    """What a person answers, as a `shape`. After `within` seconds `default`; without one the run fails.

    `schema` is what the form is made of and an answer is checked against, where it says more than that of the shape;
    `within` is what the worker's settings say, unless it is given. An answer that fits and is no `shape` all the same
    is asked for again. Raises `Unanswered`.
    """
    adapter = cast("TypeAdapter[Any]", shape if isinstance(shape, TypeAdapter) else TypeAdapter(shape))
    if (rehearsal := current_rehearsal()) is not None:
        return await rehearsal.ask(name, adapter.validate_python)
    if inside_a_step():
        raise RuntimeError("A person is asked between steps: a step would hold the worker, and be done again.")
    run = current_run()
    within = run.answer_within if within is None else within
    said, plain = prompt, adapter.dump_python(default, mode="json") if default is not _NONE else _NONE
    while True:
        input_id = run.journal.next_question(name)
        answer = await _answer(run, input_id, schema or adapter.json_schema(), said, within, plain)
        try:
            return adapter.validate_python(answer)
        except ValidationError as error:
            said = f"{prompt}\n\n{error.errors(include_url=False)[0]['msg']}."


async def _answer(run: Run, input_id: str, schema: Any, prompt: str, within: float, default: Any) -> JsonValue:
    if input_id in run.journal.answers:
        return run.journal.answers[input_id]
    await run.gate.opened()
    expires = run.journal.asked.get(input_id)
    if expires is None:
        expires = now_ms() + int(within * 1000)
        otherwise = None if default is _NONE else Otherwise(value=default)
        data = InputRequiredData(
            input_id=input_id, schema=schema, prompt=prompt, expires_at=expires, otherwise=otherwise
        )
        await run.commit(InputRequired(message="Waits for an answer", data=data))
    if (left := (expires - now_ms()) / 1000) > 0:
        await run.gate.given_up(left)
    if default is _NONE:
        raise Unanswered(f"It was waited for until the time was up: {prompt.splitlines()[0]}")
    data = InputReceivedData(input_id=input_id, value=default, by="timeout")
    await run.commit(InputReceived(message="Nobody answered in time", data=data))
    return await _first(run, input_id)


async def _first(run: Run, input_id: str) -> JsonValue:
    """Somebody may have answered in the last moment: then that holds, for whoever reads the log and so for us."""
    async for entry in tail(run.log, run.id):
        event = entry.event if entry.type == "input_received" else None
        if isinstance(event, InputReceived) and event.data.input_id == input_id:
            return event.data.value
    raise AssertionError("An answer that is committed is in the log.")
