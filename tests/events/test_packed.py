"""Chunks as one, and the same ones again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from events._packed import CHARS, SPAN, Row, pack, unpack
from events.contract import ModelChunk, ModelChunkData
from events.log import encode


def row(seq: int, text: str = "word ", *, epoch: int = 1, tokens: int = 1, **more: Any) -> Row:
    chunk = ModelChunk(step="brief", data=ModelChunkData(text=text, tokens=tokens), **more)
    return seq, epoch, encode(chunk).decode()


def out_of(rows: list[Row], after: int = 0, upto: int | None = None) -> list[tuple[int, str]]:
    """What a reader finds where `rows` were packed."""
    packed = pack(rows)
    held = {seq for each in packed for seq in (*each.gone, each.seq)}
    plain = [(seq, body) for seq, _, body in rows if seq not in held and after < seq and (upto is None or seq <= upto)]
    found = [(seq, body.decode()) for each in packed for seq, body in unpack(each.body, after, upto)]
    return sorted(plain + found)


def test_neighbours_of_one_place_become_one_that_tells_of_each() -> None:
    [packed] = pack([row(3, "Ada ", ts=1), row(4, "wrote 🌊", ts=5, tokens=2), row(5, "\0", ts=9)])
    assert (packed.first, packed.seq, packed.gone) == (3, 5, [3, 4])
    data = {"text": "Ada wrote 🌊\0", "parts": [[3, 4, 1], [4, 7, 5, 2], [5, 1, 9]]}
    assert json.loads(packed.body)["data"] == data


ROWS = st.lists(
    st.tuples(
        st.text(max_size=8),
        st.integers(1, 3),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from([None, 1]),
        st.integers(0, 2**41),
        st.integers(1, 60),
        st.sampled_from([None, "said"]),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.data())
def test_from_every_position_the_same_bytes_are_read(told: list[Any], data: st.DataObject) -> None:
    rows: list[Row] = []
    for text, tokens, lane, turn, ts, step, message in told:
        seq = (rows[-1][0] if rows else 0) + step
        rows.append(row(seq, text, tokens=tokens, lane=lane, round=turn, ts=ts, message=message))
    after = data.draw(st.integers(0, rows[-1][0] if rows else 0))
    upto = data.draw(st.integers(after, after + 300))
    assert out_of(rows, after, upto) == [(seq, body) for seq, _, body in rows if after < seq <= upto]


def test_lanes_that_speak_at_once_are_packed_each_by_itself() -> None:
    rows = [row(seq, lane="ab"[seq % 2]) for seq in range(1, 41)]
    assert [(each.first, each.seq, len(each.gone)) for each in pack(rows)] == [(1, 39, 19), (2, 40, 19)]


def test_what_a_reader_must_look_ahead_is_bounded() -> None:
    packed = pack([row(seq) for seq in range(1, 1001)])
    assert max(each.seq - each.first for each in packed) < SPAN
    assert len(packed) == 4


def test_a_packed_chunk_does_not_grow_without_end() -> None:
    packed = pack([row(seq, "x" * 10_000) for seq in range(1, 21)])
    assert max(len(each.body) for each in packed) < CHARS + 2 * 10_000


@pytest.mark.parametrize(
    "other",
    [
        row(2, epoch=2),
        row(2, attempt=2),
        row(2, lane="a"),
        row(2, round=1),
        (2, 1, "no JSON"),
        (2, 1, '{"type":"model_chunk"}'),
        (2, 1, '{"ts":1, "step":"brief","attempt":1,"type":"model_chunk","data":{"text":"with a space","tokens":1}}'),
        row(2, message="said beside it"),
    ],
)
def test_what_would_not_come_back_as_it_was_is_left_alone(other: Row) -> None:
    rows = [row(1), other]
    assert pack(rows) == []
