"""A viewer who watches a run over HTTP, loses the stream again and again, and comes back with the last id it saw."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from tests.check_history import Reader
from tests.sse_parser import SseParser

AGAIN = 0.02
"""Seconds before a viewer who was cut off comes back."""
STAYS = 25
"""Frames, at most, before a viewer goes by itself, as a phone in a pocket does."""

Json = dict[str, Any]


class Viewer:
    """Watches from behind `after` on, until it is told that there is no more. What it saw is in `seen`."""

    def __init__(self, http: httpx2.AsyncClient, run_id: UUID, draw: random.Random, after: int = 0) -> None:
        self.run_id, self.after, self.ended = run_id, after, False
        self.seen: list[Json] = []
        self.gaps = 0
        self.connects = 0
        self._http, self._draw, self._cursor = http, draw, after
        self._news = asyncio.Condition()

    @property
    def reader(self) -> Reader:
        return Reader(self.run_id, self.seen, self.after, self.ended, f"the viewer from {self.after}")

    def begin_at(self, after: int) -> None:
        """Another cursor, before it begins to watch."""
        self.after = self._cursor = after

    async def beyond(self, seq: int) -> None:
        """Wait until it has seen this event."""
        async with self._news:
            await self._news.wait_for(lambda: self._cursor >= seq or self.ended)

    async def watch(self) -> None:
        while not self.ended:
            try:
                await self._connected()
            except httpx2.HTTPError:
                await asyncio.sleep(AGAIN)
        async with self._news:
            self._news.notify_all()

    async def _connected(self) -> None:
        self.connects += 1
        headers = {"Last-Event-ID": str(self._cursor)} if self._cursor else {}
        stays = self._draw.randint(1, STAYS)
        async with self._http.stream("GET", f"/api/runs/{self.run_id}/events", headers=headers) as response:
            if response.status_code != 200:
                self.ended = response.status_code == 204
                return await asyncio.sleep(0 if self.ended else AGAIN)
            parser = SseParser()
            async for piece in response.aiter_raw():
                for frame in parser.feed(piece):
                    await self._saw(frame.json)
                    stays -= 1
                if stays <= 0:
                    return

    async def _saw(self, data: Json) -> None:
        self.gaps += data["type"] == "stream_gap"
        if "seq" in data:
            async with self._news:
                self.seen.append(data)
                self._cursor = data["seq"]
                self._news.notify_all()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is wrong with what a viewer saw, as numbers of events."""

    lost: int = 0
    doubled: int = 0
    reordered: int = 0


def sight(seen: Sequence[Json], after: int, tail: int) -> Sight:
    """Compares the numbers of the events that were seen with those that there are. A merged chunk is all it covers."""
    numbers = [number for event in seen for number in _numbers(event)]
    there = set(range(after + 1, tail + 1))
    back = sum(now < before for before, now in zip(numbers, numbers[1:], strict=False))
    return Sight(len(there - set(numbers)), len(numbers) - len(set(numbers)), back)


def _numbers(event: Json) -> range:
    data: Json = event.get("data") or {}
    first, last = data.get("covers") or (event["seq"], event["seq"])
    return range(int(first), int(last) + 1)
