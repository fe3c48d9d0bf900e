"""One viewer on a bare connection: starts a run, watches it to its end, and says when it saw what.

Written by hand, since a hundred of them share two cores with what is measured: an HTTP client would be seen in the
figures of all contestants.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Ride:
    """`time.monotonic()` of what was seen. `size` are the bytes of the stream."""

    run_id: str
    posted: float
    accepted: float
    first_token: float
    ended: float
    size: int
    type: str


async def ride(url: str, given: dict[str, Any]) -> Ride:
    """POST to `url`/api/runs, then its events until the last. Raises `RuntimeError` for anything but a run that is
    complete."""
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=2**20)
    try:
        body = json.dumps({"pipeline": "vision_framework", "input": given}).encode()
        posted = time.monotonic()
        writer.write(
            _head("POST", "/api/runs", at.netloc, f"content-type: application/json\r\ncontent-length: {len(body)}\r\n")
        )
        writer.write(body)
        head = await _answer(reader)
        told = json.loads(await reader.readexactly(int(head["content-length"])))
        ride = Ride(told["run_id"], posted, time.monotonic(), 0.0, 0.0, 0, "")
        writer.write(_head("GET", told["events_url"], at.netloc, "accept: text/event-stream\r\n"))
        await _answer(reader)
        await _watch(reader, ride)
        return ride
    finally:
        writer.close()


async def _watch(reader: asyncio.StreamReader, ride: Ride) -> None:
    while line := await reader.readline():
        ride.size += len(line)
        if not line.startswith(b"data:"):
            continue
        if not ride.first_token and b"model_chunk" in line:
            ride.first_token = time.monotonic()
        elif b'"complete"' in line or b'"error"' in line or b'"cancelled"' in line:
            kind = json.loads(line[5:]).get("type")
            if kind in ("complete", "error", "cancelled"):
                ride.ended, ride.type = time.monotonic(), kind
                break
    if ride.type != "complete":
        raise RuntimeError(f"Run {ride.run_id} was to be complete, and is {ride.type or 'cut off'}.")


def _head(method: str, path: str, host: str, more: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n{more}\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    if lines[0].split(" ")[1] not in ("200", "202"):
        raise RuntimeError(f"Expected a run, got: {lines[0]}")
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
