"""A bound on what a server can make us hold in memory: openai reads a line, and the body of a refusal, to its end."""

from collections.abc import AsyncIterator

import httpx2

from llm.errors import GarbledStream

LONGEST_LINE = 4_000_000
"""Bytes. A whole answer in one chunk is less, every character of it escaped."""

LONGEST_BODY = 256_000_000
"""Bytes. The longest answer that we listen to, one character a chunk, is less."""

LONGEST_REFUSAL = 1_000_000
"""Bytes. It is a sentence, or a web page, and is read as one text."""

LONGEST_NAME = 200
"""Characters of what a server calls something: a model, an error, the way in which an answer ended."""


async def bound(response: httpx2.Response) -> None:
    """A hook for every response of a client: reading it raises `GarbledStream` where a bound is passed."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, LONGEST_REFUSAL if response.is_error else LONGEST_BODY)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, longest: int) -> None:
        self._stream = stream
        self._longest = longest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = line = 0
        async for part in self._stream:
            size = len(part)
            end = part.rfind(b"\n")
            line = line + size if end < 0 else size - end - 1
            body += size
            if line > LONGEST_LINE or body > self._longest:
                raise GarbledStream("The model server sends more than an answer can be.")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
