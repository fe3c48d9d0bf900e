"""The deadlines of one call, told apart when one is missed.

openai's own timeout is between two network reads: comments that keep a connection alive satisfy it for ever. Ours look
at what the model says.
"""

import asyncio

from llm.config import Deadlines
from llm.errors import CallTimedOut, ModelError, StreamStalled

SETTLE = 2.0
"""Seconds that a finished answer may take to bring its usage and to end. It is whole by then, so no more than that."""


class Clock:
    """Starts when it is made: when the request is about to go out, after any wait for a free place."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + deadlines.total
        self._started = False
        self._next = self._now() + deadlines.first

    @property
    def until(self) -> float:
        """The next deadline, in the loop's time."""
        return min(self._next, self._end)

    def listen(self) -> float:
        """We begin to wait for the next piece; the time that the reader took for the last one is not the model's."""
        if self._started:
            self._next = self._now() + self._deadlines.idle
        return self.until

    def heard(self) -> float:
        """The model said something."""
        self._started = True
        self._next = self._now() + self._deadlines.idle
        return self.until

    def settle(self) -> float:
        """The answer is whole."""
        self._end = min(self._end, self._now() + SETTLE)
        return self._end

    def missed(self) -> ModelError:
        """What to say when `until` has passed."""
        wanted = self._deadlines
        if self._end <= self._next:
            return CallTimedOut(f"The model had not finished after {wanted.total:g} s.")
        if self._started:
            return StreamStalled(f"The model began to answer and then wrote nothing for {wanted.idle:g} s.")
        return StreamStalled(f"The model wrote nothing at all for {wanted.first:g} s.")
