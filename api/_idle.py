"""Connections that wait for their client: how long they may, and which are closed when there are too many."""

import asyncio
import logging
from typing import Literal, Protocol

from api.streams import MOST_STREAMS
from observe.meters import Reading

log = logging.getLogger("stepglass.api")

SECONDS = 10.0
"""From a connection's beginning, or the first byte of its next request, to the end of that request's head."""
UNREAD_SECONDS = 60.0
"""In which a client must take some of an answer. A stream is less patient, and counts who does not read."""
MOST = MOST_STREAMS + 1000
"""Connections that one process keeps. When many clients come back at once, all are connected before the first request
is read, so those that wait may use the room of the streams as long as no stream needs it."""
EVERY = 1.0
"""Seconds between two looks."""

Reason = Literal["late", "crowded", "unread"]


class Connection(Protocol):
    """A connection, as far as its waiting goes."""

    def has_time(self) -> bool:
        """Whether it may go on: its client takes some of an answer, or another timer looks after it."""
        ...

    def give_up(self) -> None:
        """End it now, without waiting for the client."""
        ...


class Idle:
    """One per process. Holds the connections whose request is not complete, and those whose answer is not taken.

    When there are too many connections, those that have been silent for longest are closed: a client that wants
    something asks for it within moments, so silent ones cannot keep it out. One timer looks after all of them.
    """

    def __init__(
        self,
        reading: Reading | None = None,
        *,
        seconds: float = SECONDS,
        unread: float = UNREAD_SECONDS,
        most: int = MOST,
        every: float = EVERY,
    ) -> None:
        self.unread = unread
        self._seconds, self._most, self._every = seconds, most, every
        self._reading = reading
        self._open: set[Connection] = set()
        # The oldest first.
        self._since: dict[Connection, float] = {}
        self._crowded = 0
        self._timer: asyncio.TimerHandle | None = None
        if reading is not None:
            reading.connections.set_function(lambda: len(self._open))
            reading.idle.set_function(lambda: len(self._since))

    @property
    def total(self) -> int:
        return len(self._since)

    def opened(self, connection: Connection) -> None:
        """A client has connected."""
        self._open.add(connection)
        self.add(connection)
        if len(self._open) > self._most:
            self._crowded += 1
            self._end(next(iter(self._since)), "crowded")

    def closed(self, connection: Connection) -> None:
        """One of them is gone."""
        self._open.discard(connection)
        self.discard(connection)

    def add(self, connection: Connection) -> None:
        """It waits for its client from now on, unless it does already."""
        loop = asyncio.get_running_loop()
        self._since.setdefault(connection, loop.time())
        if self._timer is None:
            self._timer = loop.call_later(self._every, self._look_again)

    def discard(self, connection: Connection) -> None:
        """Its client has done its part."""
        self._since.pop(connection, None)

    def dropped(self, reason: Reason) -> None:
        """A connection was given up."""
        if self._reading is not None:
            self._reading.dropped.labels(reason).inc()

    def look(self, now: float) -> None:
        """End those that have had their time."""
        while self._since:
            connection, since = next(iter(self._since.items()))
            if now - since < self._seconds:
                break
            if connection.has_time():
                # It has as long again, and is the youngest.
                del self._since[connection]
                self._since[connection] = now
            else:
                self._end(connection, "late")
        if self._crowded:
            log.warning("%d connections were closed: more than %d were open", self._crowded, self._most)
            self._crowded = 0

    def _end(self, connection: Connection, reason: Reason) -> None:
        self.closed(connection)
        connection.give_up()
        self.dropped(reason)

    def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        self.look(loop.time())
        self._timer = loop.call_later(self._every, self._look_again) if self._since else None
