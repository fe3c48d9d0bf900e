"""The one LISTEN connection of a process: who waits for what, woken by NOTIFY or, failing that, by a look every second.

A LISTEN can die without a sound, and PostgreSQL drops a NOTIFY that nobody listens to. So a second never passes without
one question for all the runs that are waited for, and every connection, the first one too, begins with that question.
"""

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from events._pg import Database, Session, connect, translated
from events.errors import StoreError

log = logging.getLogger("stepglass.listener")

LOOK_EVERY = 1.0
"""Seconds between two looks at the tails of the runs that are waited for."""

ANSWER_WITHIN = 2.0
"""Seconds after which a listening connection that does not answer is given up."""

REMEMBERED = 10_000
"""Runs that were waited for, whose ends are kept as they were heard."""

_TAILS = "SELECT run_id, tail_seq FROM stepglass.runs WHERE run_id = ANY ($1)"
_CHANNELS = ("stepglass_events", "stepglass_changes", "stepglass_ended", "stepglass_queued", "stepglass_control")


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who has read a run up to `after` and waits for more."""

    after: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class _Ear:
    """A worker that wants to hear of cancels and of runs to claim. Hints are merged: a slow one costs no memory."""

    heard: dict[UUID | None, None] = field(default_factory=dict[UUID | None, None])
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, what: UUID | None) -> None:
        self.heard[what] = None
        self.news.set()

    async def all(self) -> AsyncIterator[UUID | None]:
        while True:
            await self.news.wait()
            what = next(iter(self.heard))
            del self.heard[what]
            if not self.heard:
                self.news.clear()
            yield what


class Listener:
    """Owns the LISTEN connection and everyone who waits on it; made by `open_listener`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: defaultdict[UUID, set[Waiter]] = defaultdict(set)
        self._changes: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._endings: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._ears: set[_Ear] = set()
        self._heard: OrderedDict[UUID, int] = OrderedDict()
        self._connected = False
        self.listening = asyncio.Event()

    @contextmanager
    def waiting(self, run_id: UUID, after: int) -> Generator[Waiter, None, None]:
        """`waiter.news` is set once the run's log may go on behind `after`. Read after entering, then wait."""
        waiter = Waiter(after)
        self._waiters[run_id].add(waiter)
        try:
            yield waiter
        finally:
            self._waiters[run_id].discard(waiter)
            if not self._waiters[run_id]:
                del self._waiters[run_id]

    def ends(self, run_id: UUID, after: int) -> bool:
        """Does the log end at `after`, as far as this connection has heard? Whoever is `waiting` hears of the rest."""
        return self._heard.get(run_id, after + 1) <= after

    @contextmanager
    def changing(self, tenant: str) -> Generator[asyncio.Event, None, None]:
        """Set when some run of `tenant` may have changed. A hint: look every `LOOK_EVERY` seconds all the same."""
        news, known_by = asyncio.Event(), tenant[:1000]
        self._changes[known_by].add(news)
        try:
            yield news
        finally:
            self._changes[known_by].discard(news)
            if not self._changes[known_by]:
                del self._changes[known_by]

    @contextmanager
    def ending(self, about: UUID) -> Generator[asyncio.Event, None, None]:
        """Set when a run that is about this one has ended. A hint, as above."""
        news = asyncio.Event()
        self._endings[about].add(news)
        try:
            yield news
        finally:
            self._endings[about].discard(news)
            if not self._endings[about]:
                del self._endings[about]

    @asynccontextmanager
    async def wakeups(self) -> AsyncGenerator[AsyncIterator[UUID | None], None]:
        ear = _Ear()
        self._ears.add(ear)
        try:
            yield ear.all()
        finally:
            self._ears.discard(ear)

    async def listen(self) -> None:
        """Stay connected for ever. Each connection lives until it fails, or does not answer a look."""
        pause = 0.05
        while True:
            try:
                with translated():
                    connection = await connect(self._database.dsn)
                    try:
                        await self._attend(connection)
                    finally:
                        connection.terminate()
                log.warning("the listening connection was closed; listening again")
            except StoreError as error:
                log.warning("the listening connection was lost (%s); listening again", error)
            except Exception:
                log.exception("the listener failed; listening again")
            pause = min(pause * 2, LOOK_EVERY) if not self._connected else 0.05
            self._connected = False
            self._heard.clear()
            with suppress(StoreError):
                await self.look()
            await asyncio.sleep(pause)

    async def _attend(self, connection: Session) -> None:
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        for channel in _CHANNELS:
            await connection.add_listener(channel, self._hear)
        # What was said before we listened, nobody will say again.
        self._tell(None)
        self.listening.set()
        while not gone.is_set():
            await self.look()
            self._connected = True
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await gone.wait()
            if not gone.is_set():
                await connection.execute("SELECT 1", timeout=ANSWER_WITHIN)

    async def look(self) -> None:
        """Ask once for the tails of all runs that are waited for, over a reader's connection."""
        if waited := list(self._waiters):
            rows = await self._database.read(lambda connection: connection.fetch(_TAILS, waited), patience=0)
            for row in rows:
                self._moved(row["run_id"], row["tail_seq"])

    def _hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        said = str(payload)
        if channel == "stepglass_queued":
            self._tell(None)
        elif channel == "stepglass_control":
            self._tell(UUID(said))
        elif channel == "stepglass_changes":
            for news in self._changes.get(said, ()):
                news.set()
        elif channel == "stepglass_ended":
            for news in self._endings.get(UUID(said), ()):
                news.set()
        elif self._waiters or self._heard:
            for pair in said.split(","):
                run_id, _, tail = pair.partition(":")
                self._moved(UUID(run_id), int(tail))

    def _moved(self, run_id: UUID, tail: int) -> None:
        waiters = self._waiters.get(run_id, ())
        if waiters or run_id in self._heard:
            self._heard[run_id] = max(tail, self._heard.pop(run_id, 0))
            if len(self._heard) > REMEMBERED:
                self._heard.popitem(last=False)
        for waiter in waiters:
            if tail > waiter.after:
                waiter.news.set()

    def _tell(self, what: UUID | None) -> None:
        for ear in self._ears:
            ear.tell(what)


@asynccontextmanager
async def open_listener(database: Database) -> AsyncGenerator[Listener, None]:
    listener = Listener(database)
    task = asyncio.create_task(listener.listen(), name="stepglass-listener")
    try:
        # So that whoever has the store open hears of everything from then on. It works without, only later.
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN):
                await listener.listening.wait()
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
