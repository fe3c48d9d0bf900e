"""The demo model over HTTP: the OpenAI endpoints that a client needs, and a look at the calls that were made."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import bearer
from llm.demo import wire
from llm.demo.answer import answer
from llm.demo.asked import read
from llm.demo.calls import CallRecord, Calls, Log, now_ms
from llm.demo.pace import Tier, Token, count, paced, pieces

logger = logging.getLogger("stepglass.demo")

_BODY_LIMIT = 2_000_000
_BATCH = 32


def create_demo(*, speed: float = 1.0, key: str | None = None, log: Log | None = None) -> Starlette:
    """The application. `speed` multiplies the pace: 2 is twice as fast, 0 means no waiting. With `key` it answers only
    requests that carry it, as a real server does. `log` gets each call, as JSON-able values, when it has ended."""
    demo = _Demo(speed, Calls(log))
    return Starlette(
        routes=[
            Route("/v1/models", demo.models),
            Route("/v1/models/{name}", demo.model),
            Route("/v1/chat/completions", demo.complete, methods=["POST"]),
            Route("/demo/calls", demo.last_calls),
        ],
        middleware=[Middleware(_Keyed, key)] if key else [],
        exception_handlers={wire.BadRequest: _refused},
    )


def serve(
    *, port: int, speed: float = 1.0, key: str | None = None, host: str = "127.0.0.1", log: Log | None = None
) -> None:
    """Serve until a signal ends this process. Calls go to `log`, or to the logger `stepglass.demo` at DEBUG."""
    app = create_demo(speed=speed, key=key, log=log or _to_logger)
    # No `log_config`: this process has set up its log already, or wants none.
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=2)


def _to_logger(call: dict[str, Any]) -> None:
    logger.debug("call %s", json.dumps(call))


async def _refused(request: HttpRequest, error: Exception) -> Response:
    refused = cast(wire.BadRequest, error)
    return JSONResponse(refused.body, status_code=refused.status)


class _Keyed:
    """Refuses requests without the key. Other users of this machine and pages in its browsers reach our port, too."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._known = bearer.digest(key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not bearer.has_token(Headers(scope=scope).get("authorization"), self._known):
                wrong = wire.BadRequest("Incorrect API key provided.", code="invalid_api_key", status=401)
                return await JSONResponse(wrong.body, wrong.status)(scope, receive, send)
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that is ready and has yet to be said."""

    id: str
    created: int
    request: wire.Request
    tokens: list[Token]
    finish: str
    call: CallRecord
    began: float

    @property
    def usage(self) -> wire.Json:
        return wire.usage(self.call.prompt_tokens, len(self.tokens))


class _Demo:
    def __init__(self, speed: float, calls: Calls) -> None:
        self._speed = speed
        self._calls = calls

    async def models(self, request: HttpRequest) -> Response:
        return JSONResponse(wire.models())

    async def model(self, request: HttpRequest) -> Response:
        return JSONResponse(wire.model(request.path_params["name"]))

    async def last_calls(self, request: HttpRequest) -> Response:
        """`?last=N`, 100 unless said otherwise."""
        last = request.query_params.get("last", "100")
        if not last.isdecimal():
            raise wire.BadRequest("Expected a whole number.", param="last")
        return JSONResponse({"calls": self._calls.last(int(last))})

    async def complete(self, http: HttpRequest) -> Response:
        began = asyncio.get_running_loop().time()
        request = wire.parse(await _body(http))
        ready = await self._ready(request, http.headers.get("stepglass-call", ""), began)
        if request.stream:
            return StreamingResponse(self._stream(ready), media_type="text/event-stream")
        try:
            if ready.tokens:
                await _until(ready, ready.tokens[-1])
            ready.call.first_token = now_ms()
        except asyncio.CancelledError:
            self._calls.end(ready.call, "abandoned")
            raise
        self._done(ready)
        text = "".join(token.text for token in ready.tokens)
        return JSONResponse(wire.completion(ready.id, request.model, ready.created, text, ready.finish, ready.usage))

    async def _ready(self, request: wire.Request, label: str, began: float) -> _Answer:
        asked = read(request.messages, request.response_format)
        said = asked.system + asked.user
        call = self._calls.begin(
            label=label,
            kind=asked.title.lower() or "unknown",
            model=request.model,
            prompt_tokens=count(said),
            streamed=request.stream,
        )
        # In a thread: putting an answer together takes some milliseconds, and other answers are on their way meanwhile.
        text = await asyncio.to_thread(answer, asked)
        seed = int.from_bytes(hashlib.sha256(f"{request.model}\n{said}".encode(errors="replace")).digest()[:8], "big")
        cut = request.limit is not None and len(pieces(text)) > request.limit
        tokens = list(paced(text, cast(Tier, wire.MODELS[request.model]), self._speed, seed))[: request.limit]
        finish = "length" if cut else "stop"
        return _Answer(f"chatcmpl-demo-{seed:016x}", int(time.time()), request, tokens, finish, call, began)

    async def _stream(self, ready: _Answer) -> AsyncIterator[bytes]:
        try:
            yield _frame(ready, wire.piece({"role": "assistant", "content": ""}))
            for batch in _batches(ready.tokens):
                await _until(ready, batch[0])
                if ready.call.first_token is None:
                    ready.call.first_token = now_ms()
                ready.call.completion_tokens += len(batch)
                yield b"".join(_frame(ready, wire.piece({"content": token.text})) for token in batch)
            yield _frame(ready, wire.piece({}, ready.finish))
            self._done(ready)
            if ready.request.include_usage:
                yield _frame(ready, [], usage=ready.usage)
            yield b"data: [DONE]\n\n"
        finally:
            self._calls.end(ready.call, "abandoned")

    def _done(self, ready: _Answer) -> None:
        ready.call.completion_tokens = len(ready.tokens)
        self._calls.end(ready.call, "finished" if ready.finish == "stop" else "cut at the limit")


async def _body(http: HttpRequest) -> Any:
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > _BODY_LIMIT:
            raise wire.BadRequest(f"The request is larger than {_BODY_LIMIT:,} bytes.", status=413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise wire.BadRequest("We could not parse the JSON body of your request.") from None


def _batches(tokens: list[Token]) -> list[list[Token]]:
    """One token at a time, unless they are due at once: then many in one write, so that no time goes into waiting."""
    if tokens and tokens[-1].due == 0:
        return [tokens[start : start + _BATCH] for start in range(0, len(tokens), _BATCH)]
    return [[token] for token in tokens]


async def _until(ready: _Answer, token: Token) -> None:
    """Until a token is due. Times are counted from the request, so that being late once does not add up."""
    await asyncio.sleep(max(0.0, ready.began + token.due - asyncio.get_running_loop().time()))


def _frame(ready: _Answer, choices: list[wire.Json], **more: Any) -> bytes:
    """One event of the stream. `stepglass_sent_ms` is no part of the protocol: it says when the chunk was written, in
    Unix ms, so that the way from here to a viewer can be timed."""
    said = wire.chunk(ready.id, ready.request.model, ready.created, choices, **more, stepglass_sent_ms=now_ms())
    return b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"
