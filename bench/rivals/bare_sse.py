"""What people write: Starlette and sse-starlette as they come, with a generator that waits for its next event.

python -m bench.rivals.bare_sse --port PORT
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def idle(request: Request) -> EventSourceResponse:
    news = asyncio.Event()

    async def events() -> AsyncGenerator[ServerSentEvent]:
        yield ServerSentEvent("{}", event="stream_open")
        await news.wait()

    return EventSourceResponse(events())


async def here(request: Request) -> Response:
    return Response()


app = Starlette(routes=[Route("/", here), Route("/idle", idle)])

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    # On the server that ours is on, with the same settings (`api.serve`).
    uvicorn.run(
        app,
        port=parser.parse_args().port,
        loop="asyncio",
        http="h11",
        ws="none",
        log_level="warning",
        access_log=False,
    )
