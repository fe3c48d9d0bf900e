"""`stepglass answer`: say what a run is waiting for."""

import json
import sys
from uuid import UUID

from pydantic import JsonValue

from cli._client import Api
from cli._errors import FAILED, INTERRUPTED, BadInput, CommandFailed
from cli._question import answer_in_terminal, can_ask, how_to_answer
from cli._terminal import Terminal, say
from events.contract import InputRequiredData


async def answer(api: Api, console: Terminal, *, run_id: UUID, input_id: str | None, value: str | None) -> int:
    """Answer what a run asks, with `value` (JSON, `-` for the standard input) or in the terminal; the exit code."""
    if value is not None and input_id is not None:
        await api.answer(run_id, input_id, parsed(value))
    else:
        asked = the_question(await api.asked(run_id), input_id)
        if value is not None:
            await api.answer(run_id, asked.input_id, parsed(value))
        elif not can_ask():
            say("\n".join([asked.prompt, "", *how_to_answer(run_id, asked)]))
            return FAILED
        elif not await answer_in_terminal(api, console, run_id, asked):
            return INTERRUPTED
    say(f"Answered. Watch it go on:  stepglass watch {run_id}")
    return 0


def the_question(asked: list[InputRequiredData], input_id: str | None) -> InputRequiredData:
    """Raises `CommandFailed` where nothing is asked, `BadInput` where it must be said which question is meant."""
    if not asked:
        raise CommandFailed("The run asks nothing.")
    names = ", ".join(each.input_id for each in asked)
    if input_id is None and len(asked) > 1:
        raise BadInput(f"The run asks more than one question: {names}. Say which.")
    found = next((each for each in asked if input_id in (None, each.input_id)), None)
    if found is None:
        raise BadInput(f"The run asks no question {input_id!r}; it asks {names}.")
    return found


def parsed(value: str) -> JsonValue:
    text = sys.stdin.read() if value == "-" else value
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"The value is not JSON: {error}.") from None
