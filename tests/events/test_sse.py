"""The bytes of a stream, read back by a parser that was written from the grammar and not from our code."""

import json

import pytest
from hypothesis import example, given, strategies as st
from pydantic import JsonValue

from events.contract import ModelChunk, ModelChunkData, StepComplete, StepCompleteData
from events.frames import Control, Ping, Snapshot, StreamGap, StreamOpen, Working
from events.log import Entry, encode
from events.sse import NDJSON, SSE
from tests.histories import RUN_ID, stories
from tests.sse_parser import Frame, SseParser, parse

NASTY = "a\r\nb\rc\nd\0e\u2028f\u2029g\x85h\x0b\x0c\x1e: id: 7\n\ndata: {}\n\n\ufeff😀"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def chunk(seq: int, text: str, **envelope: str) -> Entry:
    event = ModelChunk.model_validate({"step": "brief", "ts": 1, "data": ModelChunkData(text=text), **envelope})
    return Entry(RUN_ID, seq, "model_chunk", encode(event))


def test_a_log_event_has_an_id_and_no_event_field() -> None:
    written = SSE.entry(chunk(42, "Hello"))
    assert written == (
        b'id: 42\ndata: {"v":1,"run_id":"%s","seq":42,"ts":1,"step":"brief","attempt":1,"type":"model_chunk",'
        b'"data":{"text":"Hello","tokens":1}}\n\n' % str(RUN_ID).encode()
    )


def test_a_control_frame_has_an_event_field_and_no_id() -> None:
    assert SSE.control(Ping(tail_seq=41)) == b'event: ping\ndata: {"type":"ping","tail_seq":41}\n\n'


def test_the_first_frame_says_once_when_to_come_back() -> None:
    opened = SSE.control(StreamOpen(mode="live", oldest_seq=1, tail_seq=41))
    assert opened == (
        b'event: stream_open\nretry: 2000\ndata: {"type":"stream_open","mode":"live","oldest_seq":1,"tail_seq":41}\n\n'
    )
    parser = SseParser()
    parser.feed(opened)
    assert parser.retry == 2000


@given(text=TEXTS, message=TEXTS, seq=st.integers(1, 2**53))
@example(text=NASTY, message=NASTY, seq=1)
def test_any_text_comes_back_as_exactly_that_event(text: str, message: str, seq: int) -> None:
    entry = chunk(seq, text, message=message)
    [frame] = parse(SSE.entry(entry))
    assert (frame.event, frame.own_id) == ("message", str(seq))
    assert frame.json == json.loads(entry.line)
    assert (frame.json["data"]["text"], frame.json["message"]) == (text, message)


@given(result=JSON)
@example(result={NASTY: [NASTY, None]})
def test_any_result_comes_back_as_it_was(result: JsonValue) -> None:
    event = StepComplete(step="brief", data=StepCompleteData(result=result))
    [frame] = parse(SSE.entry(Entry(RUN_ID, 1, event.type, encode(event))))
    assert frame.json["data"].get("result") == result


@given(step=TEXTS, elapsed=st.integers(0, 2**53), run=st.dictionaries(TEXTS, JSON, max_size=3))
@example(step=NASTY, elapsed=0, run={NASTY: NASTY})
def test_any_control_frame_comes_back_and_moves_no_cursor(step: str, elapsed: int, run: dict[str, JsonValue]) -> None:
    frames: list[Control] = [
        StreamOpen(mode="replay", oldest_seq=1, tail_seq=elapsed),
        Working(step=step, elapsed_ms=elapsed),
        StreamGap(requested_after=elapsed, oldest_seq=1, tail_seq=2, reason=step),
        Snapshot(tail_seq=2, run=run),
    ]
    written = SSE.entry(chunk(7, "x")) + b"".join(SSE.control(frame) for frame in frames)
    _, *read = parse(written)
    assert [frame.event for frame in read] == [frame.type for frame in frames]
    assert [frame.json for frame in read] == [frame.model_dump(exclude_none=True) for frame in frames]
    assert {(frame.id, frame.own_id) for frame in read} == {("7", None)}


@given(data=st.data())
def test_a_stream_cut_into_any_pieces_is_the_same_stream(data: st.DataObject) -> None:
    stream = b"".join(SSE.entry(entry) for entry in stories()[1].entries) + SSE.entry(chunk(99, NASTY))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    parser, frames = SseParser(), list[Frame]()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += parser.feed(stream[start:end])
    assert frames == parse(stream)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_character_is_refused_before_it_is_stored(text: str) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        chunk(1, text)


@given(text=TEXTS)
@example(text=NASTY)
def test_ndjson_is_the_same_objects_one_to_a_line(text: str) -> None:
    entry, ping = chunk(3, text), Ping(tail_seq=3)
    lines = (NDJSON.entry(entry) + NDJSON.control(ping)).split(b"\n")
    assert lines[-1] == b""
    assert [json.loads(line) for line in lines[:-1]] == [json.loads(entry.line), {"type": "ping", "tail_seq": 3}]


def test_a_frame_that_was_cut_off_is_not_shown() -> None:
    whole = SSE.entry(chunk(1, "Hello"))
    for end in range(len(whole)):
        assert parse(whole[:end]) == []


def test_the_parser_takes_every_line_end_and_field_of_the_grammar() -> None:
    parser = SseParser()
    assert parser.feed(b"\xef\xbb\xbf: a comment\r\ndata: one\rdata:two\n\n") == [Frame("message", "one\ntwo", "")]
    assert parser.feed(b"id: a\0b\nid:5\nretry: 1x\nretry: 9\nevent:e\ndata\n\n") == [Frame("e", "", "5", "5")]
    assert parser.feed(b"event: no data\n\nid\n\ndata: x\n\n") == [Frame("message", "x", "")]
    assert parser.retry == 9
