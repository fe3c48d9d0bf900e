"""Viewers by the thousand, in a process of their own: raw sockets that count frames, and do as little else as can be.

    python -m bench._readers PORT PATH VIEWERS [--events N] [--hold] [--sample K]

Prints a line of JSON when all have had their first bytes, and one when each has had so many events or its stream is at
its end. Times are seconds of the machine's monotonic clock, which all processes share.
"""

import argparse
import json
import re
import select
import socket
import sys
import time
from typing import Any

BUFFER = 1024 * 1024
OK = b"HTTP/1.1 200 "
MARK = b"\nid: "
"""How the frame of an event begins, and nothing else: JSON has no line ends of its own."""
NUMBER = re.compile(rb"\nid: (\d+)\n")
CHUNK = re.compile(rb"\r\n[0-9a-f]+\r\n")
"""What stands before every write of the server."""
AT_ONCE = 64
"""Viewers that are on their way at a time: fewer than a listening socket lets wait."""


PATIENCE = 20
"""How often somebody may be refused: a server with much to do asks to come again, and who comes again is let in."""


class Refused(Exception):
    """The answer, where it is no stream."""


class Viewer:
    """One connection. A `sampled` one looks at every number; of the others the frames are counted."""

    def __init__(self, port: int, request: bytes, *, sampled: bool) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.asked = time.monotonic()
        self.socket.sendall(request)
        self.first = self.last = 0.0
        self.events: int = 0
        self.expected = self.wrong = self.writes = 0
        self.over, self.sampled, self.rest = False, sampled, b""

    def read(self, buffer: bytearray) -> None:
        """Once, whatever has come."""
        try:
            size = self.socket.recv_into(buffer)
        except BlockingIOError:
            return
        except ConnectionError:
            size = 0
        now, before = time.monotonic(), self.events
        if not self.first:
            self.first = now
            if not buffer.startswith(OK):
                raise Refused(bytes(buffer[:size]).decode(errors="replace"))
        if size == 0:
            self.over = True
        elif self.sampled:
            self._look(bytes(memoryview(buffer)[:size]))
        else:
            # What lies across two readings is seen in their seam; the seam alone is too short to hold it whole.
            self.events += buffer.count(MARK, 0, size) + (self.rest + buffer[: min(4, size)]).count(MARK)
            self.rest = (self.rest + buffer[max(0, size - 4) : size])[-4:]
        if self.events > before:
            self.last = now

    def _look(self, data: bytes) -> None:
        data = self.rest + data
        cut = data.rfind(b"\n\n") + 1
        if cut == 0:
            self.rest = data
            return
        for found in NUMBER.finditer(data, 0, cut):
            number = int(found[1])
            self.wrong += self.expected not in (0, number)
            self.expected = number + 1
            self.events += 1
        self.writes += sum(1 for _ in CHUNK.finditer(data, 0, cut))
        self.rest = data[cut:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("viewers", type=int)
    parser.add_argument("--events", type=int, help="how many each is to have (default: until its stream ends)")
    parser.add_argument("--sample", type=int, default=4, help="of how many every number is looked at (default: 4)")
    parser.add_argument("--hold", action="store_true", help="keep the streams open until standard input ends")
    given = parser.parse_args()
    poll = select.epoll()
    viewers = opened(poll, given.port, given.path, given.viewers, given.sample)
    tell({"opened": len(viewers)})
    if given.hold:
        sys.stdin.read()
        return
    read(poll, viewers, given.events)
    tell(summary(list(viewers.values())))


def opened(poll: select.epoll, port: int, path: str, count: int, sample: int) -> dict[int, Viewer]:
    """All of them, each with its first bytes."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    viewers: dict[int, Viewer] = {}
    silent: set[int] = set()
    refused = 0
    buffer = bytearray(BUFFER)
    while len(viewers) < count or silent:
        while len(viewers) < count and len(silent) < AT_ONCE:
            viewer = Viewer(port, request, sampled=len(viewers) < sample)
            number = viewer.socket.fileno()
            viewers[number] = viewer
            silent.add(number)
            poll.register(number, select.EPOLLIN)
        for number, _ in poll.poll():
            try:
                viewers[number].read(buffer)
            except Refused:
                refused += 1
                if refused > PATIENCE:
                    raise
                viewers.pop(number).socket.close()
                time.sleep(0.1)
            silent.discard(number)
    return viewers


def read(poll: select.epoll, viewers: dict[int, Viewer], events: int | None) -> None:
    """Until nobody wants any more."""
    buffer = bytearray(BUFFER)
    left = set(viewers)

    def done(number: int) -> bool:
        viewer = viewers[number]
        return viewer.over or (events is not None and viewer.events >= events)

    for number in [number for number in left if done(number)]:
        left.discard(number)
    while left:
        for number, _ in poll.poll():
            viewers[number].read(buffer)
            if number in left and done(number):
                left.discard(number)
            if viewers[number].over:
                poll.unregister(number)


def summary(viewers: list[Viewer]) -> dict[str, Any]:
    sampled = [viewer for viewer in viewers if viewer.sampled]
    return {
        "events": sum(viewer.events for viewer in viewers),
        "least": min(viewer.events for viewer in viewers),
        "most": max(viewer.events for viewer in viewers),
        "wrong": sum(viewer.wrong for viewer in sampled),
        "per_write": sum(viewer.events for viewer in sampled) / max(1, sum(viewer.writes for viewer in sampled)),
        "asked": min(viewer.asked for viewer in viewers),
        "first": [viewer.first - viewer.asked for viewer in viewers][:100],
        "last": max(viewer.last for viewer in viewers),
    }


def tell(what: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
