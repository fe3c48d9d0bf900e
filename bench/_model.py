"""A model server with a script and a fixed pace, as a process of its own: the same one for all contestants.

    python -m bench._model PORT

OpenAI's streaming chat completions, and as little else as possible, so that what is measured is not this. Which answer
a call gets, its header `Stepglass-Call: run=…; step=…; lane=…` says, or else its `model`. `PUT /script` gives the
answers; `GET /calls` (`?run=`) says when each call came and when its first and its last token went out; `DELETE /calls`
forgets them.
"""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any
from urllib.parse import unquote

from bench._script import Answer, script_of, stamp

_NAMED = '"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"'


def framed(data: str) -> bytes:
    """One server-sent event as a chunk of the HTTP answer."""
    piece = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def said(text: str, finish: str = "null") -> bytes:
    choice = f'{{"index": 0, "delta": {{"content": {json.dumps(text)}}}, "finish_reason": {finish}}}'
    return framed(f'{{{_NAMED}, "choices": [{choice}]}}')


class Ready:
    """An answer with all that can be made ready before it is asked for."""

    def __init__(self, answer: Answer) -> None:
        self.text, self.stamped = answer.text, answer.stamped
        self.tokens = answer.paced()
        self.frames = [said(token) for _, token in self.tokens]
        self.usage = {"prompt_tokens": 100, "completion_tokens": len(self.tokens)}
        self.usage["total_tokens"] = 100 + len(self.tokens)
        end = framed(f'{{{_NAMED}, "choices": [], "usage": {json.dumps(self.usage)}}}') + framed("[DONE]")
        self.end = said("", '"stop"') + end + b"0\r\n\r\n"

    def frame(self, number: int) -> bytes:
        if not self.stamped:
            return self.frames[number]
        return said(self.tokens[number][1].rstrip() + stamp(time.monotonic()))

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        plain = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted"}
        return {**plain, "choices": [choice], "usage": self.usage}


class Server:
    """What all connections share: the script, and the calls of late."""

    def __init__(self) -> None:
        self.script: dict[str, Ready] = {}
        self.calls: deque[dict[str, Any]] = deque(maxlen=200_000)

    def answer_to(self, call: dict[str, Any]) -> Ready | None:
        return self.script.get(f"{call['step']}/{call['lane']}") or self.script.get(call["step"])

    def control(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        run = unquote(query.partition("run=")[2]) or None
        if path == "/script" and method == "PUT":
            self.script = {step: Ready(answer) for step, answer in script_of(json.loads(body)).items()}
        elif path == "/calls" and method == "DELETE":
            self.calls.clear()
        elif path == "/calls":
            return 200, [call for call in self.calls if run in (None, call["run"])]
        elif path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
        else:
            return 404, {"error": {"message": f"There is nothing at {method} {path}."}}
        return 200, None


class Connection(asyncio.Protocol):
    """One connection: request, answer at its pace, and again."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._read = b""
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due:
            self._due.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._read = rest[length:]
        method, path, _ = first.split(" ")
        if path.endswith("/chat/completions"):
            self._answer(headers.get("stepglass-call", ""), json.loads(rest[:length]))
        else:
            self._plainly(*self._server.control(method, path, rest[:length]))

    def _answer(self, labels: str, body: dict[str, Any]) -> None:
        now = time.monotonic()
        named = dict(pair.strip().split("=", 1) for pair in labels.split(";") if "=" in pair)
        step, _, lane = str(body.get("model")).partition("/")
        call: dict[str, Any] = {"run": None, "step": step, "lane": lane, "attempt": "1"}
        call |= {name: unquote(value) for name, value in named.items()} | {"asked": now}
        self._server.calls.append(call)
        ready = self._server.answer_to(call)
        if ready is None:
            return self._plainly(418, {"error": {"message": f"Nothing is scripted for {call['step']!r}."}})
        if not body.get("stream"):
            call["first"] = call["last"] = now + ready.tokens[-1][0]
            self._due = self._loop.call_later(ready.tokens[-1][0], self._plainly, 200, ready.whole())
            return None
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        self._transport.write(head.encode())
        self._tell(call, ready, 0)
        return None

    def _tell(self, call: dict[str, Any], ready: Ready, number: int) -> None:
        """Write all tokens that are due by now, in one go, and come back for the next."""
        now = time.monotonic()
        begin, frames = number, list[bytes]()
        while number < len(ready.tokens) and call["asked"] + ready.tokens[number][0] <= now:
            frames.append(ready.frame(number))
            number += 1
        if number and not begin:
            call["first"] = now
        if number == len(ready.tokens):
            call["last"] = now
            self._transport.write(b"".join(frames) + ready.end)
            return
        if frames:
            self._transport.write(b"".join(frames))
        # Of the loop's own clock, which is the same one.
        due = call["asked"] + ready.tokens[number][0]
        self._due = self._loop.call_at(due, self._tell, call, ready, number)

    def _plainly(self, status: int, said: Any) -> None:
        content = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        self._transport.write(head.encode() + content)


async def serve(port: int) -> None:
    """Until the process is ended."""
    shared = Server()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
