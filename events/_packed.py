"""Many stored `model_chunk`s as one, and the same ones out of it again, byte for byte. Pure; the store keeps them.

A packed chunk is the first one of its place with the text of all, and with `parts`, `[seq, chars, ts]` for each of them
(a fourth number, where the model's chunks merged into it are not one). Nobody outside of the store ever sees one.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json, to_json

SPAN = 256
"""Seqs between the first and the last of those that are packed: what a reader must look ahead."""
CHARS = 32_768
"""Characters after which a packed chunk takes no more."""

Row = tuple[int, int | None, str]
"""The `seq`, the epoch and the body of a stored chunk."""


@dataclass(frozen=True, slots=True)
class Packed:
    """`body` goes where the chunk at `seq` was; `gone` are the seqs, `first` the lowest, that it holds beside that."""

    first: int
    seq: int
    body: str
    gone: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Chunk:
    seq: int
    body: str
    event: dict[str, Any]
    text: str

    @property
    def place(self) -> tuple[object, ...]:
        return tuple(self.event.get(name) for name in ("step", "attempt", "lane", "round"))


def pack(rows: Sequence[Row]) -> list[Packed]:
    """What `rows`, chunks of one run in the order of their seqs, become. What would not come back as it was stays."""
    going: defaultdict[object, list[_Chunk]] = defaultdict(list)
    chars: defaultdict[object, int] = defaultdict(int)
    done: list[Packed] = []
    for seq, epoch, body in rows:
        if (chunk := _chunk(seq, body)) is None:
            continue
        key = epoch, chunk.place
        group = going[key]
        if group and (seq - group[0].seq >= SPAN or chars[key] > CHARS):
            done += _packed(group)
            group.clear()
            chars[key] = 0
        group.append(chunk)
        chars[key] += len(chunk.text)
    return done + [packed for group in going.values() for packed in _packed(group)]


def unpack(body: str, after: int = 0, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
    """The seqs behind `after`, up to `upto`, that a packed chunk holds, and the bodies that they had."""
    event: dict[str, Any] = from_json(body)
    data = cast("dict[str, Any]", event["data"])
    text, start = cast(str, data["text"]), 0
    # What they have in common stands between the two that they do not.
    middle = to_json({name: value for name, value in event.items() if name not in ("ts", "data")})[1:-1]
    for seq, chars, ts, *tokens in cast("list[list[int]]", data["parts"]):
        if after < seq and (upto is None or seq <= upto):
            said = to_json(text[start : start + chars])
            yield seq, b'{"ts":%d,%b,"data":{"text":%b,"tokens":%d}}' % (ts, middle, said, tokens[0] if tokens else 1)
        start += chars


def _chunk(seq: int, body: str) -> _Chunk | None:
    """None for one that is not as we write them."""
    try:
        event: object = from_json(body)
    except ValueError:
        return None
    match event:
        case {"ts": int(), "step": str(), "data": {"text": str(text), "tokens": int()}}:
            return _Chunk(seq, body, cast("dict[str, Any]", event), text)
        case _:
            return None


def _packed(group: Sequence[_Chunk]) -> list[Packed]:
    """None or one: a chunk alone gains nothing, and what does not come back exactly is left alone."""
    if len(group) < 2:
        return []
    head = group[0].event
    parts = [_part(each) for each in group]
    data: Mapping[str, Any] = {"text": "".join(each.text for each in group), "parts": parts}
    body = to_json({**head, "data": data}).decode()
    if [(seq, old.decode()) for seq, old in unpack(body)] != [(each.seq, each.body) for each in group]:
        return []
    return [Packed(group[0].seq, group[-1].seq, body, [each.seq for each in group[:-1]])]


def _part(chunk: _Chunk) -> list[int]:
    tokens = chunk.event["data"]["tokens"]
    return [chunk.seq, len(chunk.text), chunk.event["ts"], *([] if tokens == 1 else [tokens])]
