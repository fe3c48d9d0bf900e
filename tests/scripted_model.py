"""A model server that does what a test tells it, well or badly, over a real socket.

    async with scripted_model() as server:
        server.answers("framework", rate_limited(retry_after="0"), said("All ", "good"))   # attempt 1, attempt 2
        async with open_model(server.config) as model: ...
        call = await server.called("framework", attempt=2)
        await call.gone()                                                    # the client has hung up

Step, attempt and lane come from the header `Stepglass-Call`. The vocabulary of replies is tests/scripted_replies.py;
tests/scripted_llm.py is the twin without a socket.
"""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from events.contract import now_ms
from llm.config import Deadlines, ModelConfig
from tests.scripted_replies import Reply, error, moves_of

KEY = "sk-test-abcdefghijklmnop"

PATIENCE = 5.0
"""Seconds after which a test that waits for the server fails. Nothing waits that long that works."""


@dataclass(eq=False)
class LoggedCall:
    """One request, as the server saw it. Times are `time.monotonic()`."""

    run: str | None
    step: str | None
    attempt: int
    lane: str | None
    headers: dict[str, str]
    body: dict[str, Any]
    started: float = field(default_factory=time.monotonic)
    at_ms: int = field(default_factory=now_ms)
    """When it came, as events say it."""
    ended: float | None = None
    """When the reply had been sent to its end."""
    disconnected: float | None = None
    """When the client hung up before that."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def gone(self) -> float:
        """Waits until the client has hung up, and says when. Fails when it listened to the end instead."""
        async with asyncio.timeout(PATIENCE):
            await self.over.wait()
        assert self.disconnected is not None, "the client listened to the end"
        return self.disconnected


class ScriptedModelServer:
    def __init__(self, port: int) -> None:
        self.port = port
        self.calls: list[LoggedCall] = []
        self.connections = 0
        """How many were ever opened: fewer than calls when they are kept and used again."""
        self.models: list[str] | Reply = ["scripted"]
        """What `/v1/models` lists, or how it fails."""
        self.models_asked = 0
        self._scripts: dict[tuple[str | None, str | None], list[Reply]] = {}
        self._refusals: list[tuple[Callable[[dict[str, Any]], bool], Reply]] = []
        self._news = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def config(self) -> ModelConfig:
        """For a client of this server, with a key and deadlines that no good answer misses."""
        return ModelConfig(self.url, SecretStr(KEY), "heavy", "light", deadlines=Deadlines(5, 5, 5, 10))

    def answers(self, step: str | None, *replies: Reply, lane: str | None = None) -> None:
        """The n-th reply is for attempt n of `step`, the last one also for all later attempts. With None as the step:
        for calls that have no script of their own, one after the other."""
        self._scripts[step, lane] = list(replies)

    def forget(self) -> None:
        """Nothing is scripted any more, and nothing has been called."""
        self._scripts.clear()
        self._refusals.clear()
        self.calls.clear()

    def refuses(self, wrong: Callable[[dict[str, Any]], bool], reply: Reply) -> None:
        """A request whose body is `wrong` gets this reply, whatever the script says."""
        self._refusals.append((wrong, reply))

    async def called(self, step: str | None = None, *, attempt: int | None = None, count: int = 1) -> LoggedCall:
        """Waits for the `count`-th call of this step and attempt (None: of any) and gives it."""

        def fitting() -> list[LoggedCall]:
            return [call for call in self.calls if step in (None, call.step) and attempt in (None, call.attempt)]

        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(fitting()) >= count)
        return fitting()[count - 1]

    def reply_to(self, call: LoggedCall) -> Reply:
        for wrong, refusal in self._refusals:
            if wrong(call.body):
                return refusal
        for key in ((call.step, call.lane), (call.step, None)):
            if call.step and (replies := self._scripts.get(key)):
                return replies[min(call.attempt, len(replies)) - 1]
        if replies := self._scripts.get((None, None)):
            return replies.pop(0) if len(replies) > 1 else replies[0]
        return error(418, f"Nothing is scripted for step {call.step!r}.")

    async def log(self, call: LoggedCall) -> None:
        async with self._news:
            self.calls.append(call)
            self._news.notify_all()

    def reply_with_models(self) -> Reply:
        self.models_asked += 1
        if isinstance(self.models, Reply):
            return self.models
        listed = {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
        return Reply([json.dumps(listed).encode()], headers={"content-type": "application/json"})


@asynccontextmanager
async def scripted_model(port: int = 0) -> AsyncGenerator[ScriptedModelServer]:
    """A server on a free port of this machine. On leaving, whoever is still connected is not any more."""
    scripted = ScriptedModelServer(port)
    talking: set[asyncio.Task[None]] = set()
    mistakes: list[BaseException] = []

    def hung_up(task: asyncio.Task[None]) -> None:
        talking.discard(task)
        if not task.cancelled() and (mistake := task.exception()):
            mistakes.append(mistake)

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        scripted.connections += 1
        task = asyncio.create_task(_talk(scripted, reader, writer))
        talking.add(task)
        task.add_done_callback(hung_up)

    loop = asyncio.get_running_loop()
    # Not on a socket of our own: asyncio would not know it for TCP, leave Nagle's delay on, and be 40 ms late.
    server = await loop.create_server(lambda: _Connection(asyncio.StreamReader(), connect), "127.0.0.1", port)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in [*talking]:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await server.wait_closed()
    for mistake in mistakes:
        raise mistake


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        return briefly.getsockname()[1]


class _Connection(asyncio.StreamReaderProtocol):
    """Knows when the client hangs up, without reading what it may send next."""

    hung_up: asyncio.Event

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.hung_up = asyncio.Event()
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        self.hung_up.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.hung_up.set()
        super().connection_lost(exc)


async def _talk(scripted: ScriptedModelServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: request, reply, and again."""
    going_on = True
    try:
        while going_on:
            path, headers, body = await _read(reader)
            if path.endswith("/models"):
                going_on = await _send(writer, scripted.reply_with_models())
            else:
                call = _logged(headers, body)
                await scripted.log(call)
                going_on = await _answer(call, scripted.reply_to(call), writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the client went
    finally:
        writer.close()


async def _answer(call: LoggedCall, reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Sends the reply for as long as somebody listens."""
    connection = writer.transport.get_protocol()
    assert isinstance(connection, _Connection)
    sending = asyncio.create_task(_send(writer, reply))
    hangup = asyncio.create_task(connection.hung_up.wait())
    try:
        await asyncio.wait((sending, hangup), return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and not isinstance(sending.exception(), ConnectionError):
            call.ended = time.monotonic()
            return sending.result()
        call.disconnected = time.monotonic()
        return False
    finally:
        sending.cancel()
        hangup.cancel()
        await asyncio.gather(sending, hangup, return_exceptions=True)
        call.over.set()


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """False when the connection is at its end with this reply."""
    chunked = reply.end != "closed"
    framing = {"transfer-encoding": "chunked"} if chunked else {"connection": "close"}
    head = [f"{name}: {value}" for name, value in {**framing, **reply.headers}.items()]
    writer.write("\r\n".join([f"HTTP/1.1 {reply.status} Scripted", *head, "", ""]).encode())
    async for piece in moves_of(reply):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
    if reply.end == "whole":
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
    if reply.end == "reset":
        # Linger for no time: the system throws away what was not sent yet and tells the other side so.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return False


async def _read(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return first.split()[1], headers, await reader.readexactly(int(headers.get("content-length", 0)))


def _logged(headers: dict[str, str], body: bytes) -> LoggedCall:
    pairs = (pair.strip().partition("=") for pair in headers.get("stepglass-call", "").split(";"))
    labels = {name: unquote(value) for name, _, value in pairs}
    attempt = int(labels.get("attempt", "1"))
    return LoggedCall(labels.get("run"), labels.get("step"), attempt, labels.get("lane"), headers, json.loads(body))
