"""A bare Starlette app that asks the model and streams what it says: nothing durable, nobody else can watch.

    python -m bench.rivals.bare_loop --port 8123 --model http://127.0.0.1:9000/v1

`POST /runs {"run": "…", "steps": [["brief"], ["qa", "scoring/vision"]]}` makes the calls of each stage side by side,
one stage after the other, and answers with server-sent events: `{"run": …}`, then `{"step": …, "text": …}` for a token,
and `{}` at the end.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

END = object()


async def ask(model: AsyncOpenAI, run: str, step: str) -> AsyncGenerator[str]:
    """The tokens of one call, as they come."""
    named, _, lane = step.partition("/")
    stream = await model.chat.completions.create(
        model="scripted",
        messages=[{"role": "user", "content": f"Write the {named}."}],
        stream=True,
        extra_headers={"Stepglass-Call": f"run={run}; step={named}; lane={lane}"},
    )
    async with stream:
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield text


async def stage(model: AsyncOpenAI, run: str, steps: list[str]) -> AsyncGenerator[tuple[str, str]]:
    """The tokens of calls that go on side by side."""
    if len(steps) == 1:
        async for text in ask(model, run, steps[0]):
            yield steps[0], text
        return
    said: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(step: str) -> None:
        async for text in ask(model, run, step):
            said.put_nowait((step, text))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(step)) for step in steps]
        ending = group.create_task(asyncio.wait(tasks))
        ending.add_done_callback(lambda _: said.put_nowait(END))
        while (one := await said.get()) is not END:
            yield one


async def events(model: AsyncOpenAI, run: str, stages: list[list[str]]) -> AsyncIterator[str]:
    yield f"data: {json.dumps({'run': run})}\n\n"
    for steps in stages:
        async for step, text in stage(model, run, steps):
            yield f"data: {json.dumps({'step': step, 'text': text})}\n\n"
    yield "data: {}\n\n"


def app(model_url: str) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, Any]]:
        async with AsyncOpenAI(base_url=model_url, api_key="scripted", max_retries=0) as model:
            yield {"model": model}

    async def home(_: Request) -> Response:
        return PlainTextResponse("bare\n")

    async def start(request: Request) -> Response:
        wanted = await request.json()
        said = events(request.state.model, wanted.get("run", ""), wanted["steps"])
        return StreamingResponse(said, media_type="text/event-stream")

    routes = [Route("/", home), Route("/runs", start, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()
    uvicorn.run(app(given.model), host="127.0.0.1", port=given.port, log_level="warning")
