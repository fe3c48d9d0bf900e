"""A run's stream from a position to its last word, whatever happens to the connection on the way."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx2 as httpx

from cli._client import Api, problem_in
from cli._errors import CommandFailed, of_problem
from events.log import Entry

NDJSON = {"Accept": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the stream says about itself."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Away:
    """The connection is gone and another one will be tried in `again_in` seconds."""

    why: str
    again_in: float


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between two tries, growing to `cap`; after `limit` without any answer it is over."""

    first: float = 0.1
    cap: float = 3.0
    limit: float = 300.0


Heard = Entry | Frame | Away


async def follow(api: Api, run_id: UUID, after: int = 0, patience: Patience | None = None) -> AsyncGenerator[Heard]:
    """Everything behind `after`, once and in order. Ends behind the last word and nowhere else.

    Raises `CommandFailed` when the API refuses, or has not answered for too long: the run itself may go on then.
    """
    patience = patience or Patience()
    delay, heard_at = patience.first, time.monotonic()
    while True:
        why = "the stream broke off"
        try:
            async with aclosing(_connection(api, run_id, after)) as messages:
                async for message in messages:
                    delay, heard_at = patience.first, time.monotonic()
                    if isinstance(message, Entry):
                        after = message.seq
                    elif message.type == "snapshot":
                        after = int(message.data["tail_seq"])
                    yield message
                    if isinstance(message, Entry) and message.final:
                        return
        except _Finished:
            return
        except httpx.ConnectError:
            why = "the API does not answer"
        except (httpx.TransportError, _Busy) as error:
            why = str(error) or "the connection broke"
        if time.monotonic() - heard_at > patience.limit:
            raise CommandFailed(f"No word from {api.url} for {patience.limit:.0f} s. The run may still go on.")
        yield Away(why, delay)
        await asyncio.sleep(delay)
        delay = min(delay * 2, patience.cap)


class _Finished(Exception):
    """The API says that there is nothing behind our position, and never will be."""


class _Busy(Exception):
    """The API answers, but cannot serve a stream now."""


async def _connection(api: Api, run_id: UUID, after: int) -> AsyncGenerator[Entry | Frame]:
    """One connection: what it brings until it ends, for whatever reason."""
    headers = NDJSON | ({"Last-Event-ID": str(after)} if after else {})
    async with api.http.stream("GET", f"/api/runs/{run_id}/events", headers=headers) as answer:
        if answer.status_code == 204:
            raise _Finished
        if answer.status_code >= 500:
            raise _Busy(f"the API answers with {answer.status_code}")
        if not answer.is_success:
            await answer.aread()
            raise of_problem(answer.status_code, problem_in(answer))
        async for line in _lines(answer):
            if message := message_in(line, run_id):
                yield message


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Whole lines only: what a connection was cut off in the middle of is not a message.

    Not `aiter_lines`: that gives a last line without an end like any other, and breaks lines at characters that JSON
    may hold as they are.
    """
    rest = b""
    async for piece in answer.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line


def message_in(line: bytes, run_id: UUID) -> Entry | Frame | None:
    """The event or frame of one line. A line that is neither is passed over: a newer server may say more."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    data = cast("dict[str, Any]", found)
    kind, seq = str(data.get("type", "")), data.get("seq")
    # The whole line as the body: the fold passes over the envelope, and `--json` prints what came.
    return Entry(run_id, seq, kind, line) if isinstance(seq, int) else Frame(kind, data)
