"""Which results of an earlier run a new one would use: its pipeline gone through without doing anything.

A step that would be called as it was before gives what it gave then; any other never returns, so that nothing that
waits for it goes on. What was reached is what can be reused. A pipeline's body only says in which order steps run:
going through it costs nothing and changes nothing. A question gets the answer that it got before, which goes along with
the results that were made of it: where none of them is used again, it is asked anew.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from pydantic import JsonValue, ValidationError

from events.contract import StepComplete
from steps._journal import Place, question_id
from steps._place import current_lane, current_round

Out = TypeVar("Out")
PATIENCE = 50
"""Turns of the loop without a step that is called, after which a body is taken to wait for ever. Too few would only
mean that less is reused."""

_rehearsal: ContextVar["Rehearsal"] = ContextVar("stepglass_rehearsal")
_answered: ContextVar[frozenset[str]] = ContextVar("stepglass_answered", default=frozenset[str]())
"""The questions whose answers lead to where the code that is running stands."""


class Rehearsal:
    """`before` are the results that there are, `answers` what persons said; `anew` the steps that are to run again
    whatever they are called with. `fitting` are the places whose results would be used again, each with the
    questions whose answers led to it."""

    def __init__(
        self,
        before: Mapping[Place, StepComplete],
        anew: Collection[str],
        answers: Mapping[str, JsonValue] | None = None,
    ) -> None:
        self._before = before
        self._anew = anew
        self._answers = answers or {}
        self._questions = Counter[str]()
        self._calls = 0
        self.fitting: dict[Place, frozenset[str]] = {}

    async def go(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Mapping[Place, frozenset[str]]:
        """What `fitting` is at the end."""
        token = _rehearsal.set(self)
        try:
            going = asyncio.create_task(body())
        finally:
            _rehearsal.reset(token)
        still, seen = 0, 0
        while not going.done() and still < PATIENCE:
            await asyncio.sleep(0)
            still = still + 1 if self._calls == seen else 0
            seen = self._calls
        going.cancel()
        await asyncio.wait([going])
        if not going.cancelled():
            going.exception()  # a body that got to its end may ask for a run, and there is none
        return self.fitting

    async def call(self, step: str, inputs: str | None, read: Callable[[Any], Out]) -> Out:
        """Instead of the step: its earlier result, or nothing for ever."""
        self._calls += 1
        place = (step, current_lane(), current_round())
        before = self._before.get(place)
        if before is not None and step not in self._anew and inputs is not None:
            made = before.data.made_of
            if made is not None and made.inputs == inputs:
                self.fitting[place] = _answered.get()
                return read(before.data.result)
        return await asyncio.get_running_loop().create_future()

    async def ask(self, name: str, read: Callable[[Any], Out]) -> Out:
        """Instead of the question: its earlier answer, or nothing for ever. One that was of no use was asked again."""
        self._calls += 1
        while True:
            input_id = question_id(name, self._questions)
            if input_id not in self._answers:
                return await asyncio.get_running_loop().create_future()
            _answered.set(_answered.get() | {input_id})
            try:
                return read(self._answers[input_id])
            except ValidationError:
                continue


def current_rehearsal() -> Rehearsal | None:
    return _rehearsal.get(None)
