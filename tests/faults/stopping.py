"""An API that is told to stop while many watch: what its viewers see of it, and how long it takes.

python -m tests.faults.stopping [--streams 100]
"""

import argparse
import asyncio
import signal
import sys
import time
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import h11

from events.embedded import embedded_postgres
from events.log import tail
from events.store import Store, open_store
from tests.api.test_watching import lines
from tests.api.writing import Writer, accept, hold, rest_of
from tests.check_history import Reader, check_history
from tests.clusters import open_folder
from tests.e2e.stack import Part, Stack, answers, free_port, open_stack
from tests.histories import PLAN, Story
from tests.sse_parser import SseParser

Loop = Literal["asyncio", "uvloop"]
Elsewhere = Literal["another replica", "the next one"]
PACE = 0.02
BEFORE, AFTER = 20, 40
"""Events that everybody has seen when the API is told to stop, and that are written after it has ended."""
PAUSE = 0.05
PATIENCE = 60.0


@dataclass
class Viewer:
    """Goes from port to port until the last word. `cut` counts streams that did not end as HTTP wants it."""

    run_id: UUID
    ports: list[int]
    seen: list[Any] = field(default_factory=list[Any])
    last_id: str = ""
    cut: int = 0
    ended: int = 0
    done: bool = False
    lost_at: float = 0.0
    away: float = 0.0
    """The longest time from the end of one stream to the first byte of the next."""

    async def watch(self) -> None:
        turn = 0
        while not self.done:
            try:
                await self._stream(self.ports[turn % len(self.ports)])
            except OSError:
                pass  # Nobody there, for now.
            turn += 1
            if not self.done:
                await asyncio.sleep(PAUSE)

    async def _stream(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            headers = [("Host", "localhost")] + ([("Last-Event-ID", self.last_id)] if self.last_id else [])
            wire, parser = h11.Connection(h11.CLIENT), SseParser()
            asked = h11.Request(method="GET", target=f"/api/runs/{self.run_id}/events", headers=headers)
            writer.write((wire.send(asked) or b"") + (wire.send(h11.EndOfMessage()) or b""))
            while True:
                event = wire.next_event()
                if event is h11.NEED_DATA:
                    wire.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Response):
                    self._begun(event.status_code)
                elif isinstance(event, h11.Data):
                    self._saw(parser, bytes(event.data))
                else:
                    break
            self.ended, self.lost_at = self.ended + 1, time.monotonic()
        except (h11.RemoteProtocolError, ConnectionError):
            self.cut, self.lost_at = self.cut + 1, time.monotonic()
        finally:
            writer.close()

    def _begun(self, status: int) -> None:
        self.done = status == 204
        if self.lost_at and status == 200:
            self.away = max(self.away, time.monotonic() - self.lost_at)

    def _saw(self, parser: SseParser, data: bytes) -> None:
        for frame in parser.feed(data):
            if frame.event == "message":
                self.seen.append(frame.json)
                self.last_id = frame.id


@dataclass
class Stopped:
    """`exit` and `away` in seconds, over all viewers."""

    name: str
    streams: int
    exit: float
    code: int
    away: float
    cut: int
    refused: bool

    def __str__(self) -> str:
        return (
            f"{self.name:40} {self.streams:7} {self.exit:8.2f} {self.away:9.2f} {self.cut:8} "
            f"{'yes' if self.refused else 'NO':>8}"
        )


HEAD = f"{'told to stop; streams go on at':40} {'streams':>7} {'exit s':>8} {'away s':>9} {'cut off':>8} {'refused':>8}"


async def replica(stack: Stack, port: int, loop: Loop) -> Part:
    command = ("tests.faults.kills_uvloop", "api") if loop == "uvloop" else ()
    part = await stack.start("api", {"STEPGLASS_PORT": str(port)}, command)
    await answers(f"http://127.0.0.1:{port}/api/health", PATIENCE)
    return part


async def stopped(
    folder: Path, database_url: str, loop: Loop, elsewhere: Elsewhere, *, streams: int = 100, signals: int = 1
) -> Stopped:
    """Raises `AssertionError` when a viewer has not seen the whole log, once and in order."""
    async with open_store(database_url) as store, open_stack(folder, database_url, "") as stack:
        ports = [free_port()]
        api = await replica(stack, ports[0], loop)
        if elsewhere == "another replica":
            ports.append(free_port())
            await replica(stack, ports[1], loop)
        run = await hold(store, await accept(store), lease=3600)
        story = Story().queued().started(PLAN[:1]).start("brief")
        await run.write(rest_of(story))
        viewers = [Viewer(run.run_id, ports) for _ in range(streams)]
        async with asyncio.timeout(3 * PATIENCE), asyncio.TaskGroup() as group:
            for viewer in viewers:
                group.create_task(viewer.watch())
            enough = asyncio.Event()
            writing = group.create_task(write(run, story, enough))
            await all_seen(viewers, BEFORE)
            took, refused = await stop(api, ports[0], signals)
            if elsewhere == "the next one":
                await replica(stack, ports[0], loop)
            await all_seen(viewers, len(story.events) + AFTER)
            enough.set()
            await writing
        await check(store, run.run_id, viewers)
        name = f"{elsewhere}, {loop}" + (", told twice" if signals > 1 else "")
        away, cut = max(viewer.away for viewer in viewers), sum(viewer.cut for viewer in viewers)
        return Stopped(name, streams, took, api.process.returncode or 0, away, cut, refused)


async def stop(api: Part, port: int, signals: int) -> tuple[float, bool]:
    """Seconds until it has ended, and whether nobody could come in any more once somebody could not."""
    began = time.monotonic()
    for _ in range(signals):
        api.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(PAUSE)
    ending = asyncio.create_task(api.process.wait())
    tries: list[bool] = []
    while not ending.done():
        tries.append(await turned_away(port))
        await asyncio.wait([ending], timeout=PAUSE)
    took = time.monotonic() - began
    # Until the signal is noticed, which takes a tenth of a second, all is as before.
    tries.append(await turned_away(port))
    return took, True in tries and all(tries[tries.index(True) :])


async def turned_away(port: int) -> bool:
    """Is there nobody, or somebody who says when to come back?"""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = await reader.read(4096)
        finally:
            writer.close()
    except OSError:
        return True
    return not head or (b" 503 " in head and b"retry-after" in head.lower())


async def write(run: Writer, story: Story, enough: asyncio.Event) -> None:
    while not enough.is_set():
        story.writes("brief", f"{len(story.events)} ")
        await run.write_one(story.events[-1])
        await asyncio.sleep(PACE)
    for event in story.completes("brief").done().events[-2:]:
        await run.write_one(event)


async def all_seen(viewers: list[Viewer], events: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while min(len(viewer.seen) for viewer in viewers) < events:  # noqa: ASYNC110 - of a hundred at once
            await asyncio.sleep(PAUSE)


async def check(store: Store, run_id: UUID, viewers: list[Viewer]) -> None:
    entries = [entry async for entry in tail(store.log, run_id)]
    check_history({run_id: entries}, (), [Reader(run_id, viewer.seen) for viewer in viewers], max_attempts=1)
    assert all(viewer.seen == lines(entries) for viewer in viewers)


async def all_ways(folder: Path, database_url: str, streams: int) -> list[Stopped]:
    done: list[Stopped] = []
    loops: tuple[Loop, ...] = ("asyncio", "uvloop")
    places: tuple[Elsewhere, ...] = ("another replica", "the next one")
    for number, (loop, place, signals) in enumerate(product(loops, places, (1, 2))):
        (folder / str(number)).mkdir()
        done.append(await stopped(folder / str(number), database_url, loop, place, streams=streams, signals=signals))
    return done


def table(done: list[Stopped]) -> str:
    longest, cut = max(each.exit for each in done), sum(each.cut for each in done)
    last = f"longest exit: {longest:.2f} s (10 s is the most); streams cut off: {cut}; events lost or doubled: 0"
    return "\n".join([HEAD, *map(str, done), last])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100)
    given = parser.parse_args()
    with open_folder("stepglass-stopping-") as folder:
        with embedded_postgres(folder / "data", databases=("stopping",)) as url:
            done = asyncio.run(all_ways(folder, url, given.streams))
    sys.stdout.write(f"{table(done)}\n")
    sys.exit(any(each.exit > 10 or each.cut or not each.refused for each in done))


if __name__ == "__main__":
    main()
