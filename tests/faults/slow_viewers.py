"""Viewers that never read, among many that do: what they cost one API process, and what they cost the others.

    python -m tests.faults.slow_viewers [--viewers 500] [--unread 50] [--rounds 7] [--seconds 5]

Rounds without the unread and rounds with them take turns, so that whatever else the machine does is in both. While they
come, each is sent as much of the log as the kernel takes: that is a round of its own, as it would be with viewers who
read. In the end the unread stay until the API drops them.
"""

import argparse
import asyncio
import re
import resource
import socket
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil

from api.watch import SEND_SECONDS
from events.embedded import embedded_postgres
from events.store import Store, open_store
from tests.api.writing import Writer, accept, hold, rest_of
from tests.clusters import open_folder
from tests.e2e.stack import Stack, free_port, open_stack, until
from tests.histories import Story

MB = 1024 * 1024
STAMP = re.compile(rb'"text":"@(\d+)@')
FILLER = "x" * 2000
PAST, LONG = 260, "x" * 20_000
"""What each run has written before anybody looks: more than the sockets of both ends hold."""
LEASE = 3600.0
STILL = 4
"""Looks at the kernel's buffers, four a second, that must find the same."""
PATIENCE = 120.0


@dataclass
class Reading(asyncio.Protocol):
    """A viewer at the end of the log: the seconds from each chunk's writing to its arrival."""

    took: list[float] = field(default_factory=list[float])
    seen: int = 0
    lost: bool = False
    _rest: bytes = b""

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = self._rest + data
        cut = data.rfind(b"\n") + 1
        for found in STAMP.finditer(data, 0, cut):
            self.seen += 1
            self.took.append((now - int(found[1])) / 1e9)
        self._rest = data[cut:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


@dataclass
class Round:
    """`took` in seconds, `rss` in bytes, all of them; `viewers` are the streams that the API had open."""

    name: str
    took: list[float] = field(default_factory=list[float])
    rss: list[int] = field(default_factory=list[int])

    @property
    def median(self) -> float:
        return statistics.median(self.took)

    def __str__(self) -> str:
        ms = sorted(each * 1000 for each in self.took) or [0.0]
        rss = statistics.median(self.rss) / MB, max(self.rss) / MB
        return (
            f"{self.name:16} {len(ms):9} {statistics.median(ms):9.1f} {ms[len(ms) * 99 // 100]:9.1f} "
            f"{rss[0]:9.1f} {rss[1]:9.1f}"
        )


HEAD = f"{'round':16} {'frames':>9} {'median ms':>9} {'p99 ms':>9} {'RSS MB':>9} {'most MB':>9}"


@dataclass
class Show:
    """So many runs that write so many chunks a second each, and the API in front of them."""

    store: Store
    port: int
    api: psutil.Process
    runs: list[Writer]
    story: Story
    readers: list[Reading] = field(default_factory=list[Reading])
    unread: list[socket.socket] = field(default_factory=list[socket.socket])
    written: int = 0
    enough: bool = False
    tails: dict[UUID, int] = field(default_factory=dict[UUID, int])

    async def chunk(self, run: Writer, text: str) -> None:
        self.story.events.clear()
        self.story.writes("brief", text)
        self.tails[run.run_id] = await run.write_one(self.story.events[-1])

    async def write(self, pace: float) -> None:
        """A chunk of every run, again and again, until there is enough."""
        while not self.enough:
            began = time.monotonic()
            for run in self.runs:
                await self.chunk(run, f"@{time.monotonic_ns()}@{FILLER}")
            self.written += 1
            await asyncio.sleep(max(0.0, pace - (time.monotonic() - began)))

    async def watch(self, viewers: int) -> None:
        loop = asyncio.get_running_loop()
        for number in range(viewers):
            run_id = self.runs[number % len(self.runs)].run_id
            transport, reader = await loop.create_connection(Reading, "127.0.0.1", self.port)
            transport.write(asked(run_id, self.tails[run_id]))
            self.readers.append(reader)

    async def ignore(self, viewers: int) -> None:
        """Ask for the whole log, and never read a byte of it."""
        loop = asyncio.get_running_loop()
        for number in range(viewers):
            viewer = socket.socket()
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            viewer.setblocking(False)
            await loop.sock_connect(viewer, ("127.0.0.1", self.port))
            await loop.sock_sendall(viewer, asked(self.runs[number % len(self.runs)].run_id, 0))
            self.unread.append(viewer)

    def give_up(self) -> None:
        for viewer in self.unread:
            viewer.close()
        self.unread.clear()

    @property
    def kept(self) -> int:
        """Connections that the API has open."""
        return len([each for each in self.api.net_connections("tcp") if each.status == "ESTABLISHED"])

    async def keeps(self, connections: int) -> None:
        """Wait until it has so many."""
        async with asyncio.timeout(4 * SEND_SECONDS):
            while self.kept != connections:  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.25)

    async def round(self, name: str, seconds: float) -> Round:
        end = time.monotonic() + seconds
        return await self._round(name, lambda: time.monotonic() > end)

    async def arriving(self, name: str, unread: int) -> Round:
        """Until nothing more can be sent to those who do not read."""
        await self.ignore(unread)
        sent: list[int] = []

        def still() -> bool:
            sent.append(self.unsent)
            return len(sent) > STILL and len(set(sent[-STILL:])) == 1 and sent[-1] > 0

        return await self._round(name, still)

    @property
    def unsent(self) -> int:
        """Bytes that the kernel keeps for those who do not read."""
        ours, theirs = f"{self.port:04X}", {f"{viewer.getsockname()[1]:04X}" for viewer in self.unread}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        there = [row for row in rows if row[1][-4:] == ours and row[2][-4:] in theirs]
        return sum(int(row[4].partition(":")[0], 16) for row in there)

    async def _round(self, name: str, over: Callable[[], bool]) -> Round:
        for reader in self.readers:
            reader.took.clear()
        kept = Round(name)
        async with asyncio.timeout(PATIENCE):
            while not kept.rss or not over():
                kept.rss.append(self.api.memory_info().rss)
                await asyncio.sleep(0.25)
        kept.took = [took for reader in self.readers for took in reader.took]
        return kept


def asked(run_id: UUID, after: int) -> bytes:
    return f"GET /api/runs/{run_id}/events?after={after} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@dataclass
class Result:
    rounds: list[Round]
    unread: int
    dropped: float | None
    lost: int

    @property
    def ratio(self) -> float:
        """The others' median latency with the unread, over that without them: the middle one of the rounds."""
        return self._median("with") / self._median("without")

    @property
    def each(self) -> float:
        """Bytes that one unread viewer costs the process."""
        return (self._most("with") - self._most("without")) / self.unread

    @property
    def growth(self) -> float:
        """Bytes from the middle round with the unread to the last one: the first ones teach the allocator."""
        return self._rss[-1] - self._rss[len(self._rss) // 2]

    @property
    def learnt(self) -> float:
        """Bytes from the first round with the unread to the last one."""
        return self._rss[-1] - self._rss[0]

    @property
    def _rss(self) -> list[float]:
        return [statistics.median(each.rss) for each in self.rounds if each.name.startswith("with ")]

    def _median(self, name: str) -> float:
        # Of the rounds, each by its own: one in which the machine had no time says nothing of the others.
        return statistics.median([each.median for each in self.rounds if each.name.split()[0] == name])

    def _most(self, name: str) -> float:
        return statistics.median([max(each.rss) for each in self.rounds if each.name.split()[0] == name])

    def __str__(self) -> str:
        dropped = "" if self.dropped is None else f"\nthe unread were dropped after {self.dropped:.1f} s"
        return "\n".join(
            [
                HEAD,
                *map(str, self.rounds),
                f"latency with / without the {self.unread} unread: {self.ratio:.2f} (1.5 is the aim)",
                f"RSS for each unread viewer: {self.each / 1024:.0f} KB",
                f"growth from the middle round with them to the last: {self.growth / MB:.1f} MB",
                f"others whose stream broke: {self.lost}{dropped}",
            ]
        )


async def measured(
    folder: Path,
    database_url: str,
    *,
    viewers: int = 500,
    unread: int = 50,
    rounds: int = 7,
    seconds: float = 5.0,
    runs: int = 5,
    pace: float = 0.2,
    drop: bool = True,
) -> Result:
    """`viewers` in all, of which so many never read; `pace` are the seconds between two chunks of a run."""
    room = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(room[1], max(room[0], 4 * viewers + 500)), room[1]))
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(database_url))
        show = await opened(store, await stack.enter_async_context(open_stack(folder, database_url, "")), runs)
        await show.watch(viewers - unread)
        writing = asyncio.create_task(show.write(pace))
        stack.callback(writing.cancel)
        await show.round("warming up", min(seconds, 3.0))
        done: list[Round] = []
        for number in range(rounds):
            done.append(await show.round(f"without {number + 1}", seconds))
            done.append(await show.arriving(f"arriving {number + 1}", unread))
            done.append(await show.round(f"with {number + 1}", seconds))
            show.give_up()
        dropped = await dropping(show, unread) if drop else None
        show.enough = True
        await writing
        await until(lambda: {reader.seen for reader in show.readers} == {show.written}, "all have seen all", 60)
        lost = len([reader for reader in show.readers if reader.lost])
        return Result(done, unread, dropped, lost)


async def dropping(show: Show, unread: int) -> float:
    """Seconds until the API has dropped those who do not read, and nobody else."""
    await show.keeps(len(show.readers))
    await show.ignore(unread)
    began = time.monotonic()
    await show.keeps(len(show.readers) + unread)
    await show.keeps(len(show.readers))
    took = time.monotonic() - began
    show.give_up()
    return took


async def opened(store: Store, stack: Stack, runs: int) -> Show:
    port = free_port()
    await stack.api(port)
    story = Story().queued().started().start("brief")
    first = rest_of(story)
    show = Show(store, port, psutil.Process(stack.parts[-1].process.pid), [], story)
    for _ in range(runs):
        run = await hold(store, await accept(store), lease=LEASE)
        await run.write(first)
        for _ in range(PAST):
            await show.chunk(run, LONG)
        show.runs.append(run)
    return show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--unread", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = vars(parser.parse_args())
    with open_folder("stepglass-viewers-") as folder:
        with embedded_postgres(folder / "data", databases=("viewers",)) as url:
            result = asyncio.run(measured(folder, url, **given))
    sys.stdout.write(f"{result}\n")
    sys.exit(result.ratio > 1.5 or result.lost > 0)


if __name__ == "__main__":
    main()
