"""Which results of an earlier run a new one would use: its pipeline gone through without doing anything.

A step that would be called as it was before gives what it gave then; any other never returns, so that nothing that
waits for it goes on. What was reached is what can be reused. A pipeline's body only says in which order steps run:
going through it costs nothing and changes nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from events.contract import StepComplete
from steps._journal import Place
from steps._place import current_lane, current_round

Out = TypeVar("Out")
PATIENCE = 50
"""Turns of the loop without a step that is called, after which a body is taken to wait for ever. Too few would only
mean that less is reused."""

_rehearsal: ContextVar["Rehearsal"] = ContextVar("stepglass_rehearsal")


class Rehearsal:
    """`before` are the results that there are; `anew` the steps that are to run again whatever they are called with."""

    def __init__(self, before: Mapping[Place, StepComplete], anew: Collection[str]) -> None:
        self._before = before
        self._anew = anew
        self._calls = 0
        self.fitting: set[Place] = set()

    async def go(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> set[Place]:
        """The places whose results would be used again."""
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
                self.fitting.add(place)
                return read(before.data.result)
        return await asyncio.get_running_loop().create_future()


def current_rehearsal() -> Rehearsal | None:
    return _rehearsal.get(None)
