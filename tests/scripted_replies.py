"""What a scripted model server can say, well or badly: each function makes one `Reply`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any, Literal

Move = bytes | Callable[[], Awaitable[None]]
"""Bytes to send, or something to wait for: a `Gate`, a `pause`."""


@dataclass(frozen=True)
class Reply:
    """`moves` are made one after the other; they may be without end. How the connection ends:

    `whole` as HTTP wants it; `closed` by hanging up, which without a length is an end like any other; `cut` by hanging
    up where a next chunk was promised; `reset` by throwing the connection away.
    """

    moves: Iterable[Move] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    end: Literal["whole", "closed", "cut", "reset"] = "whole"

    def then(self, end: Literal["whole", "closed", "cut", "reset"], *, after: int | None = None) -> "Reply":
        """The same with another end, and only the first `after` moves of it."""
        return replace(self, end=end, moves=tuple(self.moves)[:after])

    def holding(self, gate: "Gate", *, after: int) -> "Reply":
        """The same, held by `gate` when `after` moves have been made."""
        moves = tuple(self.moves)
        return replace(self, moves=(*moves[:after], gate, *moves[after:]))

    def bytewise(self) -> "Reply":
        """The same bytes, one at a time."""
        return replace(self, moves=[bytes([byte]) for move in self.moves if isinstance(move, bytes) for byte in move])


class Gate:
    """Holds a reply until the test opens it; `reached` tells the test that the reply has come so far."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def __call__(self) -> None:
        self.reached.set()
        await self._opened.wait()


def pause(seconds: float) -> Move:
    """For a server that is slow; a test that wants to wait uses a `Gate`."""

    async def wait() -> None:
        await asyncio.sleep(seconds)

    return wait


async def _for_ever() -> None:
    await asyncio.Event().wait()


def event(data: Any) -> bytes:
    """One server-sent event: a chunk, or text as it is."""
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One chat completion chunk; without a delta and a finish, one without choices."""
    choices = [] if delta is None and finish is None else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    named = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return event({**named, "choices": choices, **more})


DONE = event("[DONE]")


def usage(given: int, written: int, **details: Any) -> bytes:
    tokens = {"prompt_tokens": given, "completion_tokens": written, "total_tokens": given + written, **details}
    return chunk(usage=tokens)


def said(*pieces: str, finish: str | None = "stop", tokens: tuple[int, int] | None = (12, 34)) -> Reply:
    """A good answer: one chunk for each piece, then the finish, then the usage. Without a finish, or without tokens,
    a server that does not send them."""
    end = ([chunk(finish=finish)] if finish else []) + ([usage(*tokens)] if tokens else []) + [DONE]
    return Reply([chunk({"role": "assistant", "content": ""}), *(chunk({"content": piece}) for piece in pieces), *end])


def said_json(value: Any, *, size: int = 7, before: str = "", after: str = "") -> Reply:
    """A value in pieces of `size` characters; `before` and `after` for a Markdown fence or a sentence around it."""
    text = before + json.dumps(value) + after
    return said(*(text[at : at + size] for at in range(0, len(text), size)))


def thought(*thoughts: str, then: str) -> Reply:
    """An answer with its reasoning before it."""
    moves = list(said(then).moves)
    return Reply([moves[0], *(chunk({"reasoning_content": part}) for part in thoughts), *moves[1:]])


def refused(sentence: str) -> Reply:
    return Reply([chunk({"refusal": sentence}), chunk(finish="stop"), usage(12, 5), DONE])


def asked_for_a_tool() -> Reply:
    call = {"index": 0, "id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    return Reply([chunk({"tool_calls": [call]}), chunk(finish="tool_calls"), DONE])


def silence(*, every: float | None = 0.002, before: Sequence[bytes] = ()) -> Reply:
    """Never another word: keep-alive comments and empty chunks, or (with None) nothing at all."""
    if every is None:
        return Reply([*before, _for_ever])
    return Reply(_Endless(b": keep-alive\n\n", chunk({"content": ""}), pause(every), before=before))


def without_end(piece: str = "and so on ", *, every: float = 0, before: str = "") -> Reply:
    """Words for ever, one each `every` seconds; behind a beginning, as of a JSON string."""
    first = [chunk({"content": before})] if before else []
    return Reply(_Endless(chunk({"content": piece}), pause(every), before=first))


class _Endless(Iterable[Move]):
    """Some moves, and then others again and again; from the beginning for each call."""

    def __init__(self, *again: Move, before: Sequence[Move] = ()) -> None:
        self._before, self._again = before, again

    def __iter__(self) -> Iterator[Move]:
        return chain(self._before, chain.from_iterable(repeat(self._again)))


def failed_midway(*pieces: str, message: str = "The server had an error", **fields: Any) -> Reply:
    """An error object where a chunk was due."""
    return Reply([*(chunk({"content": piece}) for piece in pieces), event({"error": {"message": message, **fields}})])


def garbled(*pieces: str, then: bytes = b'data: {"choices": [{"del\n\n') -> Reply:
    """Chunks, and then something that is none."""
    return Reply([*(chunk({"content": piece}) for piece in pieces), then])


def error(
    status: int, message: str = "no", *, headers: dict[str, str] | None = None, body: Any = None, **fields: Any
) -> Reply:
    """A refusal with a status, in OpenAI's form unless a `body` is given."""
    said = body if body is not None else {"error": {"message": message, "type": None, "param": None, **fields}}
    content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    return Reply([content], status, {"content-type": "application/json", **(headers or {})})


def rate_limited(**headers: str) -> Reply:
    """429; `retry_after="2"` becomes the header."""
    wait = {name.replace("_", "-"): value for name, value in headers.items()}
    return error(429, "Too many requests", headers=wait, code="rate_limit_exceeded")


async def moves_of(reply: Reply) -> AsyncIterator[bytes]:
    """The bytes of a reply as they become due."""
    for move in reply.moves:
        if isinstance(move, bytes):
            yield move
        else:
            await move()
