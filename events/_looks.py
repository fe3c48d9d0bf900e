"""Reading logs in PostgreSQL: who follows a run shares a question with all who ask at the same time.

One commit moves many runs, and each of them is followed by somebody who now wants to read. The first one's question
goes out at once; whoever asks while it is under way is in the next one, as appends share commits.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from uuid import UUID

from events._packed import SPAN, unpack
from events._pg import Database, Row
from events.errors import StoreUnavailable
from events.log import Entry

TOGETHER = 200
"""Logs that one question asks of at most."""
ENTRIES = 4_000
"""Entries that one question is for: where there are more of them, those who asked come again."""

# A log has no hole, so what is wanted is a span of it. Of a row that holds several chunks, `seq` is the last: it may
# stand behind the span, and hold some that are in it.
_SPAN = f"""
    SELECT seq, first, type, body FROM stepglass.events
    WHERE run_id = {{run_id}} AND seq > {{after}} AND seq < {{after}} + {{most}} + {SPAN}
        AND coalesce(first, seq) <= {{after}} + {{most}}
    ORDER BY seq
"""
_ONE = _SPAN.format(run_id="$1", after="$2", most="$3")
# The span is a subquery in an order of its own: it is looked up in the index for each of them, and never joined.
_MANY = f"""
    SELECT w.i, e.seq, e.first, e.type, e.body
    FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS w (run_id, after, i)
    CROSS JOIN LATERAL ({_SPAN.format(run_id="w.run_id", after="w.after", most="$3")}) e
    ORDER BY w.i, e.seq
"""


_CLOSED = StoreUnavailable("The store is being closed.")


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What follows `after` in a log, at most `limit` entries of it."""

    run_id: UUID
    after: int
    limit: int
    answer: "asyncio.Future[list[Entry]]"


class Looks:
    """Made by `open_looks`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Question] = []
        self._asking: asyncio.Task[None] | None = None

    async def page(self, run_id: UUID, after: int, limit: int) -> list[Entry]:
        """What is there now, for somebody who is far behind: nobody else waits for it."""
        rows = await self._database.read(lambda connection: connection.fetch(_ONE, run_id, after, limit))
        return entries(run_id, rows, after, after + limit)

    async def look(self, run_id: UUID, after: int, limit: int) -> list[Entry]:
        """What is there now, at most `limit` entries of it, perhaps fewer."""
        answer: asyncio.Future[list[Entry]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Question(run_id, after, limit, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="stepglass-looks")
        return await answer

    async def close(self) -> None:
        """Whoever still waits for an answer gets none."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        _fail(self._waiting, _CLOSED)

    async def _ask(self) -> None:
        """Question after question, until nobody asks any more."""
        asked: list[Question] = []
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                try:
                    await self._answer(asked)
                except Exception as error:
                    _fail(asked, error)
        finally:
            _fail(asked, _CLOSED)

    async def _answer(self, asked: Sequence[Question]) -> None:
        most = max(1, min(*(question.limit for question in asked), ENTRIES // len(asked), ENTRIES))
        if len(asked) == 1:
            found = [await self._one(asked[0], most)]
        else:
            found = await self._many(asked, most)
        for question, rows in zip(asked, found, strict=True):
            if not question.answer.done():
                upto = question.after + most
                question.answer.set_result(entries(question.run_id, rows, question.after, upto))

    async def _one(self, asked: Question, most: int) -> list[Row]:
        return await self._database.read(lambda one: one.fetch(_ONE, asked.run_id, asked.after, most))

    async def _many(self, asked: Sequence[Question], most: int) -> list[list[Row]]:
        runs, after = [question.run_id for question in asked], [question.after for question in asked]
        rows = await self._database.read(lambda one: one.fetch(_MANY, runs, after, most))
        found = {number: list(group) for number, group in groupby(rows, itemgetter("i"))}
        return [found.get(number, []) for number in range(1, len(asked) + 1)]


def entries(run_id: UUID, rows: Sequence[Row], after: int, upto: int) -> list[Entry]:
    """The events behind `after`, up to `upto`, as they were before some of them were packed."""
    if all(row["first"] is None for row in rows):
        return [Entry(run_id, row["seq"], row["type"], row["body"].encode()) for row in rows]
    return sorted(_unpacked(run_id, rows, after, upto), key=attrgetter("seq"))


def _unpacked(run_id: UUID, rows: Iterable[Row], after: int, upto: int) -> Iterable[Entry]:
    for row in rows:
        if row["first"] is None:
            yield Entry(run_id, row["seq"], row["type"], row["body"].encode())
        else:
            yield from (Entry(run_id, seq, row["type"], body) for seq, body in unpack(row["body"], after, upto))


def _fail(asked: Iterable[Question], error: Exception) -> None:
    for question in asked:
        if not question.answer.done():
            question.answer.set_exception(error)
            # Looked at here: who asked may have left.
            question.answer.exception()


@asynccontextmanager
async def open_looks(database: Database) -> AsyncGenerator[Looks, None]:
    looks = Looks(database)
    try:
        yield looks
    finally:
        await looks.close()
