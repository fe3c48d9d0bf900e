"""Viewers of stamped tokens: they see every one of them once, whatever the pieces in which it comes."""

import asyncio
import json

import pytest

from bench._script import Answer, stamp
from bench._token_viewers import Viewer
from bench._words import MOST, STAMPED, number_of, words
from llm._fences import Unfenced
from llm.parts import Parts

ORDER = {"port": 1, "path": "/runs"}


class Sent(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += bytes(data)


def frame(*tokens: tuple[str, float]) -> bytes:
    said = "".join(token.rstrip() + stamp(sent) for token, sent in tokens)
    return b"data: " + json.dumps({"text": said}).encode() + b"\n\n"


def tokens(count: int) -> list[tuple[str, float]]:
    return [(token, 1.0 + due) for due, token in Answer(words(count - 1), every=0.5).paced()]


def connected() -> tuple[Viewer, Sent]:
    viewer, transport = Viewer(ORDER, {"run": "1"}), Sent()
    viewer.connection_made(transport)
    return viewer, transport


def test_every_token_says_which_one_it_is_and_none_of_them_ends_the_object():
    text = "".join(token for token, _ in tokens(2000))
    found = [number_of(word) for word, _ in STAMPED.findall(frame(*tokens(2000)))]
    assert found == list(range(2000))
    parts = Parts()
    assert parts.feed(Unfenced().feed(text) + '"') == []
    with pytest.raises(ValueError, match="at most"):
        words(MOST + 1)


async def test_a_viewer_of_ours_follows_the_address_that_it_is_given():
    viewer, transport = connected()
    assert transport.data.startswith(b"POST /runs HTTP/1.1\r\n") and transport.data.endswith(b'{"run": "1"}')
    told = json.dumps({"run_id": "r", "events_url": "/api/runs/r/events"}).encode()
    viewer.data_received(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told[:10]))
    viewer.data_received(told[10:])
    assert viewer.run_id == "r" and b"GET /api/runs/r/events HTTP/1.1\r\n" in transport.data
    viewer.data_received(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + frame(*tokens(1)))
    assert [sent for sent, _ in viewer.seen] == [1.0] and viewer.begun.is_set()


async def test_tokens_are_counted_once_wherever_the_bytes_are_cut():
    viewer, _ = connected()
    given = b"HTTP/1.1 200 OK\r\n\r\n" + b"".join(frame(token) for token in tokens(20)) + frame(*tokens(25)[20:])
    for at in range(0, len(given), 7):
        viewer.data_received(given[at : at + 7])
    assert [sent for sent, _ in viewer.seen] == [sent for _, sent in tokens(25)]
    assert len(viewer.writes) == 21


@pytest.mark.parametrize("came", [[0, 1, 3], [0, 1, 1], [1], [0, 2, 1]], ids=["lost", "twice", "late", "turned"])
async def test_a_token_that_is_lost_comes_twice_or_out_of_order_ends_it(came: list[int]):
    viewer, _ = connected()
    viewer.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    all_of_them = tokens(4)
    with pytest.raises(SystemExit, match="was to come"):
        for number in came:
            viewer.data_received(frame(all_of_them[number]))
