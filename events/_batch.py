"""What one commit writes of one run: chunks merged, seqs counted, the view folded on. Pure; the appender stores it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from events.contract import LAST_WORDS, Event, ModelChunk, ModelChunkData, Partial, StepComplete
from events.fold import fold
from events.log import Entry, encode
from events.view import RunView

# A chunk is encoded when it is stored, since it may still be merged; everything else when it comes in.
Said = tuple[Event, bytes | None]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """The events of one `append`: stored together or not at all."""

    run_id: UUID
    epoch: int | None
    said: Sequence[Said]
    done: "asyncio.Future[int]"

    @property
    def lone(self) -> bool:
        """A single event, as a stream of chunks comes."""
        return len(self.said) == 1

    @property
    def final(self) -> bool:
        return self.said[-1][0].type in LAST_WORDS


@dataclass(frozen=True, slots=True)
class Known:
    """Where a run's log ends and its view there, as far as this process knows."""

    tail: int
    view: RunView


@dataclass(slots=True, eq=False)
class RunBatch:
    """`ends[i]` is the seq of the last event of `items[i]`. `view` is the new one, `rewritten` whether to store it."""

    run_id: UUID
    epoch: int | None
    items: Sequence[Item]
    known: Known
    view: RunView
    types: list[str] = field(default_factory=list[str])
    bodies: list[str] = field(default_factory=list[str])
    ends: list[int] = field(default_factory=list[int])
    rewritten: bool = False
    checkpoint: bool = False
    done: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    @property
    def tail(self) -> int:
        return self.known.tail + len(self.bodies)

    def add(self, event: Event, body: bytes | None) -> None:
        stored = _encoded_chunk(event) if body is None else body
        self.types.append(event.type)
        self.bodies.append(stored.decode())
        if isinstance(event, ModelChunk):
            return
        self.view = fold(self.view, Entry(self.run_id, self.tail, event.type, stored))
        self.rewritten = True
        if isinstance(event, StepComplete):
            self.checkpoint = True
            # A batch takes as long as it has items, which says nothing of another one.
            if event.duration is not None and event.data.reused is None and self.view.counts is None:
                self.done.append((event.step, event.duration))
        elif isinstance(event, Partial) and event.data.input_hash:
            self.checkpoint = True


def plan(run_id: UUID, items: Sequence[Item], known: Known) -> RunBatch:
    """The batch of one run out of `items`, which all have one epoch."""
    batch = RunBatch(run_id, items[0].epoch, items, known, known.view)
    said = [(event, body, item) for item in items for event, body in item.said]
    ends: dict[int, int] = {}
    for event, body, members in _merged(said):
        batch.add(event, body)
        for item in members:
            ends[id(item)] = batch.tail
    batch.ends = [ends[id(item)] for item in items]
    batch.view = batch.view.model_copy(update={"tail_seq": batch.tail})
    return batch


def _merged(said: Sequence[tuple[Event, bytes | None, Item]]) -> Iterator[tuple[Event, bytes | None, list[Item]]]:
    """Neighbouring chunks of one place as one, with the time of the first. What was appended in one piece stays so."""
    at = 0
    while at < len(said):
        event, body, item = said[at]
        members, until = [item], at + 1
        if isinstance(event, ModelChunk) and item.lone:
            run = [event]
            while until < len(said) and (follower := _follower(event, said[until])):
                run.append(follower)
                members.append(said[until][2])
                until += 1
            event = _joined(run)
        yield event, body, members
        at = until


def _follower(one: ModelChunk, said: tuple[Event, bytes | None, Item]) -> ModelChunk | None:
    """What was said next, if it may become one with `one`."""
    other, _, item = said
    if not isinstance(other, ModelChunk) or not item.lone:
        return None
    place = (one.step, one.attempt, one.lane, one.round)
    plain = other.message is None and other.progress is None and other.duration is None
    return other if plain and place == (other.step, other.attempt, other.lane, other.round) else None


def _joined(chunks: Sequence[ModelChunk]) -> ModelChunk:
    if len(chunks) == 1:
        return chunks[0]
    text = "".join(chunk.data.text for chunk in chunks)
    data = ModelChunkData(text=text, tokens=sum(chunk.data.tokens for chunk in chunks))
    return chunks[0].model_copy(update={"data": data})


def _encoded_chunk(event: Event) -> bytes:
    try:
        return encode(event)
    except ValueError:
        assert isinstance(event, ModelChunk)
        # Half a surrogate pair, as a model may send: no JSON of ours can carry it, and one bad character stops no run.
        text = event.data.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return encode(event.model_copy(update={"data": event.data.model_copy(update={"text": text})}))
