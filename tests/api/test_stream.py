"""One stream on its way: how it ends, by whom, and that nothing of it is left."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from sse_starlette.sse import SendTimeoutError
from starlette.types import Message

from api._stream import Stream
from api.streams import Streams

SCOPE = {"type": "http", "method": "GET"}


class Line:
    """A connection: what was sent, and a viewer who leaves when it is told to. `takes` is awaited for every write."""

    def __init__(self, takes: Callable[[], Awaitable[object]] | None = None) -> None:
        self.sent: list[bytes] = []
        self.leaves = asyncio.Event()
        self.writes = asyncio.Event()
        self._takes = takes

    async def receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.writes.set()
            if self._takes is not None:
                await self._takes()
            self.sent.append(message["body"])


class Frames:
    """Some, and then silence. `closed` once whoever took them has done with them."""

    def __init__(self, *frames: bytes, ends: bool = False) -> None:
        self._frames, self._ends = frames, ends
        self.closed = False

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for frame in self._frames:
                yield frame
            if not self._ends:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def streamed(streams: Streams, frames: Frames, line: Line, seconds: float = 30.0) -> "asyncio.Task[None]":
    stream = Stream(streams, streams.place("default"), frames(), send_timeout=seconds, sep="\n")
    return asyncio.create_task(stream(SCOPE, line.receive, line.send))


async def test_a_stream_goes_on_to_the_end_of_its_frames():
    streams, frames, line = Streams(), Frames(b"one", b"two", ends=True), Line()

    await streamed(streams, frames, line)

    assert line.sent == [b"one", b"two", b""]
    assert not streams.open


async def test_a_viewer_who_leaves_ends_its_stream_and_nothing_else():
    streams, frames, line = Streams(), Frames(b"one"), Line()
    stream = Stream(streams, streams.place("default"), frames(), send_timeout=30.0, sep="\n")

    async def request() -> int:
        await stream(SCOPE, line.receive, line.send)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    going = asyncio.create_task(request())
    await line.writes.wait()
    assert streams.open == {"default": 1}
    line.leaves.set()

    assert await going == 0, "the request's task does not stay cancelled"
    assert frames.closed
    assert not streams.open
    assert line.sent == [b"one"]


async def test_a_viewer_who_takes_no_write_is_given_up_and_counted():
    streams, frames, line = Streams(), Frames(b"one"), Line(asyncio.Event().wait)

    with pytest.raises(SendTimeoutError):
        await streamed(streams, frames, line, seconds=0.01)

    assert frames.closed
    assert not streams.open


async def test_a_viewer_who_waits_for_an_event_for_long_is_not_one_who_does_not_read():
    streams, frames, line = Streams(), Frames(b"one"), Line()
    going = streamed(streams, frames, line, seconds=0.01)
    await line.writes.wait()

    # Longer than any write may take: the timer has looked, and found that none waits.
    done, _ = await asyncio.wait([going], timeout=0.1)

    assert not done
    line.leaves.set()
    await going


async def test_whoever_cancels_the_request_is_heard():
    streams, frames, line = Streams(), Frames(b"one"), Line()
    going = streamed(streams, frames, line)
    await line.writes.wait()

    going.cancel()

    with pytest.raises(asyncio.CancelledError):
        await going
    assert frames.closed
    assert not streams.open


async def test_frames_that_break_are_counted_and_told():
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise RuntimeError("no more")

    streams, line = Streams(), Line()
    streams.opened("default", resumed=False)

    with pytest.raises(RuntimeError, match="no more"):
        await Stream(streams, streams.place("default"), broken(), send_timeout=30.0, sep="\n")(
            SCOPE, line.receive, line.send
        )

    assert streams.take()["default"].failed == 1


async def test_a_head_request_opens_no_stream():
    streams, frames, line = Streams(), Frames(b"one"), Line()
    stream = Stream(streams, streams.place("default"), frames(), send_timeout=30.0, sep="\n")

    await stream({**SCOPE, "method": "HEAD"}, line.receive, line.send)

    assert line.sent == [b""]
    assert not streams.open


async def test_what_goes_on_when_the_server_was_told_to_stop_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    told = asyncio.Event()
    monkeypatch.setattr("api.streams.exiting", told.wait)
    monkeypatch.setattr("api.streams.GRACE_SECONDS", 0.0)
    streams, lines = Streams(), [Line() for _ in range(3)]
    going = [streamed(streams, Frames(b"one"), line) for line in lines]
    for line in lines:
        await line.writes.wait()

    told.set()

    async with asyncio.timeout(5):
        await asyncio.gather(*going)
    assert not streams.open
