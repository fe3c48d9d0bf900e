"""A timeout that is set for every piece of a stream, and costs no timer for each.

Most deadlines are moved long before they come. `asyncio.timeout` makes a timer for each of them, and throws it away;
here one timer is left alone until it rings, and is set again if the deadline has moved by then.
"""

import asyncio
from types import TracebackType


class Alarm:
    """`with alarm.at(when):` as `async with asyncio.timeout_at(when):`, in the task that made it, not nested."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "an alarm is for a task"
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancelling = 0
        self.rang = False
        """Within the last `with`."""

    def at(self, when: float) -> "Alarm":
        """`when` in the loop's time. Inside, the same moves the deadline."""
        self._due = when
        if self._timer is not None and self._timer.when() > when:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(when, self._ring)
        return self

    def close(self) -> None:
        """Leave no timer behind."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        self.rang, self._cancelling = False, self._task.cancelling()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._due = None
        # Somebody else may want the end of the task as well: then it is not for us to say that it was the time.
        if self.rang and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._ring)
            return
        self.rang = True
        self._task.cancel()
