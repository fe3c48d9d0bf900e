"""From an open stream of chunks to the deltas of an answer, within its deadlines."""

from collections.abc import AsyncGenerator

from openai import AsyncStream

from llm._alarm import Alarm
from llm._answer import Answer
from llm._deadlines import Clock
from llm._translate import Border
from llm._turns import Turns
from llm.client import Delta
from llm.errors import GarbledStream, ModelError


async def listen(
    chunks: AsyncStream[object], answer: Answer, clock: Clock, border: Border, turns: Turns
) -> AsyncGenerator[Delta, None]:
    """The text as it comes, and last the usage. Raises `ModelError` with the usage so far, with no cause behind it:
    the cause holds the request, and with it the key and the prompt."""
    alarm = Alarm()
    try:
        while text := await _next(chunks, answer, clock, border, alarm):
            yield Delta(text)
            if turns.over():
                await turns.next()
    finally:
        alarm.close()
    problem = _no_stream(chunks, border) if answer.silent else answer.problem
    if problem:
        raise border.shown(problem, answer.usage)
    if rest := answer.rest():
        yield Delta(rest)
    yield Delta(usage=answer.usage)


async def _next(chunks: AsyncStream[object], answer: Answer, clock: Clock, border: Border, alarm: Alarm) -> str:
    """The next text, or "" at the end."""
    try:
        with alarm.at(clock.settle() if answer.finish else clock.listen()):
            while True:
                text = answer.take(await chunks.__anext__())
                if answer.heard:
                    deadline = clock.heard()
                    if text:
                        return text
                    alarm.at(deadline)
                if answer.finish:
                    alarm.at(clock.settle())
    except StopAsyncIteration:
        return ""
    except Exception as error:
        if answer.finish and not isinstance(error, ModelError):
            return ""  # the answer is whole; all that can be missing now is its usage, and that is estimated
        problem = clock.missed() if alarm.rang else border.ours(error, answering=True)
        if problem is None:
            raise
    raise border.shown(problem, answer.usage)


def _no_stream(chunks: AsyncStream[object], border: Border) -> ModelError | None:
    """Not one chunk came. Was it a stream of events at all? A web page ends as normally as a stream that was cut."""
    kind = chunks.response.headers.get("content-type", "").partition(";")[0]
    if not kind or kind == "text/event-stream":
        return GarbledStream("The model server opened a stream and closed it without a word.")
    return border.no_stream(kind)
