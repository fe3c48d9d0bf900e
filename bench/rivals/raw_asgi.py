"""The ceiling: a bare ASGI callable on the server that we use, which writes ready bytes and knows nothing else.

    python -m bench.rivals.raw_asgi --port PORT [--frames FILE]

`FILE` holds server-sent events. `/events?each=N&events=M` waits for `/go`, then writes the first M of them, N at a
time; `/idle` says one and is silent. No framework, no store, and nobody who looks whether a viewer is still there.
"""

import argparse
import asyncio
from pathlib import Path
from urllib.parse import parse_qs

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
OPENED = b"event: stream_open\ndata: {}\n\n"


class Raw:
    def __init__(self, frames: bytes) -> None:
        self.frames = [each + b"\n\n" for each in frames.split(b"\n\n") if each]
        self.go = asyncio.Event()
        self.ready: dict[int, list[bytes]] = {}

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        if scope["path"] == "/events":
            asked = parse_qs(scope["query_string"].decode())
            await self.write(int(asked["each"][0]), int(asked["events"][0]), send)
        elif scope["path"] == "/idle":
            await send({"type": "http.response.body", "body": OPENED, "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                continue
        elif scope["path"] == "/go":
            self.go.set()
            self.go = asyncio.Event()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def write(self, each: int, events: int, send: ASGISendCallable) -> None:
        if each not in self.ready:
            starts = range(0, len(self.frames), each)
            self.ready[each] = [b"".join(self.frames[start : start + each]) for start in starts]
        await send({"type": "http.response.body", "body": OPENED, "more_body": True})
        await self.go.wait()
        for data in self.ready[each][: events // each]:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        if rest := events % each:
            start = events - rest
            body = b"".join(self.frames[start:events])
            await send({"type": "http.response.body", "body": body, "more_body": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--frames", type=Path)
    given = parser.parse_args()
    # As our API is served (`api.serve`), so that what differs is what is served.
    uvicorn.run(
        Raw(given.frames.read_bytes() if given.frames else b""),
        port=given.port,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
