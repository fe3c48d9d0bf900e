"""The HTTP endpoint that all contestants stand behind: POST starts a run, its events are streamed to who asks.

The same two requests as ours. What is streamed is kept in this process only: nothing of it is there after a restart,
and nobody can come back to it.
"""

import argparse
import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench.rivals._steps import Say
from steps.vision_framework.answers import VisionBrief

Start = Callable[[str, VisionBrief], Awaitable[Awaitable[Any]]]
"""Starts the run of an id, as soon as it is called; what it gives is awaited for the run's end."""

_streams: dict[str, "asyncio.Queue[str | None]"] = {}


def say_of(run_id: str) -> Say:
    """What is said of a run goes to whoever watches it."""
    return _streams[run_id].put_nowait


def serve(start: Start, lifespan: "Callable[[Starlette], AbstractAsyncContextManager[None]] | None" = None) -> None:
    """On `--port`, until a signal ends this process."""
    runs: set[asyncio.Task[None]] = set()

    async def go(run_id: str, ending: Awaitable[Any]) -> None:
        try:
            await ending
        finally:
            _streams[run_id].put_nowait(None)

    async def accept(request: Request) -> Response:
        answers = VisionBrief.model_validate((await request.json())["input"])
        run_id = str(uuid.uuid4())
        _streams[run_id] = asyncio.Queue()
        task = asyncio.create_task(go(run_id, await start(run_id, answers)))
        runs.add(task)
        task.add_done_callback(runs.discard)
        return JSONResponse({"run_id": run_id, "events_url": f"/api/runs/{run_id}/events"}, status_code=202)

    async def events(request: Request) -> Response:
        return StreamingResponse(frames(request.path_params["run_id"]), media_type="text/event-stream")

    async def here(request: Request) -> Response:
        return Response()

    routes = [
        Route("/", here),
        Route("/api/runs", accept, methods=["POST"]),
        Route("/api/runs/{run_id}/events", events),
    ]
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    app = Starlette(routes=routes, lifespan=lifespan)
    uvicorn.run(app, port=parser.parse_args().port, log_level="warning", access_log=False)


async def frames(run_id: str) -> AsyncIterator[str]:
    while (text := await _streams[run_id].get()) is not None:
        yield f"data: {json.dumps({'type': 'model_chunk', 'data': {'text': text}})}\n\n"
    del _streams[run_id]
    yield 'data: {"type": "complete"}\n\n'
