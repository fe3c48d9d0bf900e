"""A model without a server, for tests of what stands on top of it: `llm.client.Model` by a script.

    model = ScriptedModel()
    model.answers("framework", EmptyAnswer("nothing"), {"vision": "…"})       # attempt 1, attempt 2
    model.answers("one_pager", ["Once ", gate, "upon a time"])                # pieces, and a gate between two of them

The step comes from `call.labels`. The same faults over a real socket: tests/scripted_model.py.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from llm.client import Call, Delta, Usage
from llm.errors import ModelError
from llm.tokens import estimate
from tests.scripted_replies import Gate

PIECE = 8
"""Characters in a delta of an answer that was not given in pieces."""

Answer = str | Mapping[str, Any] | ModelError | Sequence["str | Gate | ModelError"]
"""Text; JSON; a failure before the first word; or pieces, in which a gate holds and an error ends."""


class ScriptedModel:
    def __init__(self) -> None:
        self.cost: float | None = 0.0
        """Of a call, in US dollars; None: nobody knows."""
        self.calls: list[Call] = []
        self.open = 0
        """Streams that somebody listens to now."""
        self._scripts: dict[tuple[str, str | None], list[Answer]] = {}
        self._news = asyncio.Condition()

    def answers(self, step: str, *answers: Answer, lane: str | None = None) -> None:
        """The n-th answer is for attempt n of `step`, the last one also for all later attempts."""
        self._scripts[step, lane] = list(answers)

    async def called(self, step: str, *, attempt: int = 1, count: int = 1) -> Call:
        """Waits for the `count`-th call of this attempt of the step and gives it."""

        def fitting() -> list[Call]:
            wanted = step, str(attempt)
            return [call for call in self.calls if (call.labels["step"], call.labels.get("attempt", "1")) == wanted]

        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(fitting()) >= count)
        return fitting()[count - 1]

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[AsyncIterator[Delta]]:
        async with self._news:
            self.calls.append(call)
            self._news.notify_all()
        self.open += 1
        try:
            async with aclosing(_deltas(call, self._answer_to(call), self.cost)) as deltas:
                yield deltas
        finally:
            self.open -= 1

    def estimate(self, call: Call, written: str) -> Usage:
        return _usage(call, written, self.cost)

    def _answer_to(self, call: Call) -> Answer:
        step, lane = call.labels["step"], call.labels.get("lane")
        answers = self._scripts.get((step, lane)) or self._scripts.get((step, None))
        assert answers, f"Nothing is scripted for step {step!r}, lane {lane!r}."
        return answers[min(int(call.labels.get("attempt", "1")), len(answers)) - 1]


async def _deltas(call: Call, answer: Answer, cost: float | None) -> AsyncGenerator[Delta]:
    written = ""
    for piece in _pieces(answer):
        if isinstance(piece, Gate):
            await piece()
        elif isinstance(piece, ModelError):
            piece.usage = piece.usage or _usage(call, written, cost)
            raise piece
        else:
            written += piece
            yield Delta(piece)
            await asyncio.sleep(0)  # as on a wire, others get their turn
    yield Delta(usage=_usage(call, written, cost))


def _pieces(answer: Answer) -> Sequence[str | Gate | ModelError]:
    if isinstance(answer, ModelError):
        return [answer]
    if isinstance(answer, Mapping):
        answer = json.dumps(answer)
    if isinstance(answer, str):
        return [answer[at : at + PIECE] for at in range(0, len(answer), PIECE)]
    return answer


def _usage(call: Call, written: str, cost: float | None) -> Usage:
    return Usage(call.model or call.tier, estimate(call.system + call.user), estimate(written), cost)
