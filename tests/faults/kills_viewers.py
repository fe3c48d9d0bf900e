"""Those who watch while everything is killed: each comes, leaves and comes back by rules of its own."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from events.contract import LAST_WORDS
from tests.faults.kills_client import Refused, stream

PATIENCE = 40.0
"""Seconds without a byte after which a viewer gives a connection up; a ping is due every 15."""
LATE = 0.15
"""The share of those who come when the run is over."""

# Quotes inside a text are escaped, so that these can be nothing but what they look like.
_SEQ = re.compile(rb'\{"v":1,"run_id":"[0-9a-f-]{36}","seq":(\d+),')
_COVERS = re.compile(rb'"covers":\[(\d+),(\d+)\]')


@dataclass
class Viewing:
    """One viewer and one run: every log event that arrived, in order and over all reconnects."""

    name: str
    run_id: str
    seen: list[bytes] = field(default_factory=list[bytes])
    at: int = 0
    ended: bool = False
    reconnects: int = 0
    heard: float = field(default_factory=time.monotonic)
    silence: float = 0.0
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    wrong: list[str] = field(default_factory=list[str])

    def hear(self, pieces: list[bytes]) -> None:
        now = time.monotonic()
        self.silence, self.heard = max(self.silence, now - self.heard), now
        for data in pieces:
            self.take(data)

    def take(self, data: bytes) -> None:
        """One event; control frames have no `seq`, and move nothing."""
        found = _SEQ.match(data)
        if found is None:
            if b'"stream_gap"' in data[:40]:
                self.wrong.append(f"{self.name} was told of a gap: {data[:200]!r}")
            return
        last = int(found[1])
        covers = _COVERS.search(data)
        first = int(covers[1]) if covers else last
        if first > self.at + 1:
            self.lost += first - self.at - 1
        elif first <= self.at:
            self.doubled += data in self.seen
            self.reordered += data not in self.seen
        self.at = max(self.at, last)
        self.seen.append(data)
        if any(b'"type":"%s"' % word.encode() in data for word in LAST_WORDS):
            self.ended = self.ended or json.loads(data)["type"] in LAST_WORDS


@dataclass
class Viewer:
    """`choose` gives a run to watch, or None when there is nothing more to see; `seen` takes what was."""

    name: str
    ports: list[int]
    rng: Random
    choose: Callable[[Random, bool], Awaitable[str | None]]
    seen: Callable[[Viewing], Awaitable[None]]
    now: Viewing | None = None

    async def watch(self) -> None:
        while run_id := await self.choose(self.rng, self.rng.random() < LATE):
            self.now = Viewing(self.name, run_id)
            await self._whole(self.now)
            await self.seen(self.now)

    async def _whole(self, viewing: Viewing) -> None:
        """Until the last word, however often it takes."""
        lines = self.rng.random() < 0.3
        # One in three gets off again and again; one in three does not come at once.
        stays = self.rng.choice((None, None, self.rng.uniform(1.0, 8.0)))
        await asyncio.sleep(self.rng.choice((0.0, 0.0, self.rng.uniform(0.0, 8.0))))
        viewing.heard = time.monotonic()
        while not viewing.ended:
            left = False
            try:
                left = await self._connection(viewing, lines, stays)
            except Refused as refused:
                if refused.status == 204:
                    viewing.ended = True
                elif refused.status not in (429, 503):
                    viewing.wrong.append(f"{self.name}: {refused.status} for run {viewing.run_id} at {viewing.at}")
                    return
            except OSError:
                pass  # the connection was lost, or there was none to be had
            viewing.reconnects += not viewing.ended
            await asyncio.sleep(self.rng.uniform(0.02, 0.5))
            if left:
                viewing.heard = time.monotonic()  # who wants to be away misses nothing meanwhile
        if self.rng.random() < 0.2:
            await self._again(viewing)

    async def _connection(self, viewing: Viewing, lines: bool, stays: float | None) -> bool:
        """One connection. True when it was we who left."""
        port, after = self.rng.choice(self.ports), viewing.at or None
        loop = asyncio.get_running_loop()
        leave_at = None if stays is None else loop.time() + self.rng.expovariate(1 / stays)

        def until() -> float:
            return min(loop.time() + PATIENCE, leave_at or float("inf"))

        try:
            async with asyncio.timeout_at(until()) as clock:
                async with aclosing(stream(port, viewing.run_id, after, lines=lines)) as pieces:
                    async for piece in pieces:
                        viewing.hear(piece)
                        clock.reschedule(until())
        except TimeoutError:
            return leave_at is not None and loop.time() >= leave_at
        return False

    async def _again(self, viewing: Viewing) -> None:
        """Whoever asks behind the last word is told that there is nothing more."""
        try:
            async with aclosing(stream(self.rng.choice(self.ports), viewing.run_id, viewing.at, lines=False)) as pieces:
                async for piece in pieces:
                    viewing.wrong.append(f"{self.name} was told more behind the last word: {piece!r:.200}")
        except Refused as refused:
            if refused.status not in (204, 503):
                viewing.wrong.append(f"{self.name}: {refused.status} behind the last word of run {viewing.run_id}")
        except OSError:
            pass  # it is being killed
