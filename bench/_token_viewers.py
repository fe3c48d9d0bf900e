"""Viewers of many runs at once, in a process of their own: when the model sent a token, and when they had it.

    echo ORDER | python -m bench._token_viewers

`ORDER` is a line of JSON: `{"port", "path", "bodies": [JSON …], "over", "before", "seconds"}`. Every body is posted to
`path` by a viewer of its own, at some moment of the first `over` seconds. What that starts is watched: the answer
itself where it is a stream, else the `events_url` that it names. When all have had tokens for `before` seconds, what is
sent in the next `seconds` is measured. Says `{"delays": [ms …], "writes"}`: of every token in that time, and how often
somebody was written to then. Runs of ours are cancelled in the end.

Exits with 1 when a token is missing, comes twice or in the wrong place. One machine has one monotonic clock.
"""

import asyncio
import json
import random
import re
import sys
import time
from typing import Any

from bench._words import STAMPED, number_of

HEAD = re.compile(rb"HTTP/1\.1 20\d [^\r]*\r\n(?:[^\r\n]+\r\n)*\r\n")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
PATIENCE = 60.0


class Viewer(asyncio.Protocol):
    """Starts one run and watches it, on one connection. `seen`: of every token when it was sent, and when it came.

    `past` is set with a token that was sent at `end` or later.
    """

    def __init__(self, order: dict[str, Any], body: Any) -> None:
        self._host = f"127.0.0.1:{order['port']}"
        self._first = f"POST {order['path']}", json.dumps(body).encode()
        self._rest, self._streams = b"", False
        self.run_id: str | None = None
        self.seen: list[tuple[float, float]] = []
        self.writes: list[float] = []
        self.begun, self.past, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.end = float("inf")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ask(*self._first)

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self._streams:
            self._read(self._rest + data, now)
        else:
            self._answered(self._rest + data, now)

    def _read(self, data: bytes, now: float) -> None:
        """Frames end with an empty line; what stands behind the last one is not whole."""
        whole = data.rfind(b"\n\n") + 2
        whole = 0 if whole == 1 else whole
        self._rest = data[whole:]
        if not (found := STAMPED.findall(data, 0, whole)):
            return
        self.writes.append(now)
        for word, sent in found:
            if number_of(word) != len(self.seen):
                raise SystemExit(f"Token {len(self.seen)} of {self.run_id} was to come, and {number_of(word)} came.")
            self.seen.append((int(sent) / 1e6, now))
        self.begun.set()
        if self.seen[-1][0] >= self.end:
            self.past.set()

    def _answered(self, data: bytes, now: float) -> None:
        self._rest = data
        head = HEAD.match(data)
        if head is None:
            if b"\r\n\r\n" in data:
                raise SystemExit(f"No stream, but: {data[:300]!r}")
            return
        length, body = LENGTH.search(head[0]), data[head.end() :]
        if length is None:
            self._streams = True
            self._read(body, now)
        elif len(body) >= int(length[1]):
            told = json.loads(body)
            self._rest, self.run_id = b"", told["run_id"]
            self._ask(f"GET {told['events_url']}")

    def _ask(self, what: str, body: bytes = b"") -> None:
        kind = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
        head = f"{what} HTTP/1.1\r\nhost: {self._host}\r\naccept: text/event-stream\r\n{kind}\r\n"
        self.transport.write(head.encode() + body)


async def opened(order: dict[str, Any], body: Any, after: float) -> Viewer:
    await asyncio.sleep(after)
    loop = asyncio.get_running_loop()
    _, viewer = await loop.create_connection(lambda: Viewer(order, body), "127.0.0.1", order["port"])
    await viewer.begun.wait()
    return viewer


async def ended(order: dict[str, Any], viewer: Viewer) -> None:
    """Nothing of this run goes on behind it."""
    if viewer.run_id is not None:
        _, writer = await asyncio.open_connection("127.0.0.1", order["port"])
        head = f"POST /api/runs/{viewer.run_id}/cancel HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode())
        await viewer.over.wait()  # the server ends it behind its last word
        writer.close()
    viewer.transport.abort()


async def watched(order: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    # A mistake in a callback is no longer than a line in a log for asyncio; for us it is the end.
    loop.set_exception_handler(lambda loop, context: sys.exit(str(context.get("exception") or context["message"])))
    chance = random.Random(len(order["bodies"]))
    waits = [chance.uniform(0, order["over"]) for _ in order["bodies"]]
    viewers = await asyncio.gather(*(opened(order, *one) for one in zip(order["bodies"], waits, strict=True)))
    begin = time.monotonic() + order["before"]
    end = begin + order["seconds"]
    for viewer in viewers:
        viewer.end = end
    await asyncio.gather(*(viewer.past.wait() for viewer in viewers))
    await asyncio.gather(*(ended(order, viewer) for viewer in viewers))
    delays = [(here - sent) * 1000 for viewer in viewers for sent, here in viewer.seen if begin <= sent < end]
    writes = sum(begin <= moment < end for viewer in viewers for moment in viewer.writes)
    return {"delays": delays, "writes": writes}


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    async with asyncio.timeout(order["over"] + order["before"] + order["seconds"] + PATIENCE):
        sys.stdout.write(json.dumps(await watched(order)) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
