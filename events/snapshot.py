"""The whole state of a run at one position: its view, the texts so far, the parts that hold, and the results."""

from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import from_json

from events.contract import (
    Complete,
    Partial,
    PartialWithdrawn,
    StepComplete,
    StepError,
    StepEvent,
    StepRetry,
    StepStart,
)
from events.log import Entry
from events.view import RunView

PAGE = 1000
Place = tuple[str | None, int | None]
Key = TypeVar("Key", bound=Hashable)


class Readable(Protocol):
    """What a snapshot needs of a log."""

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]: ...


async def snapshot(log: Readable, view: RunView) -> dict[str, Any]:
    """`view` as JSON with what it leaves to the log, all of it as of `view.tail_seq`.

    A step that is not finished has its `text` so far, `lanes` (text by lane, where there are any), `drafts` (text by
    lane and round, where there are rounds), `partials` (value by JSON Pointer, those that still hold) and `checkpoints`
    (which of them outlive the attempt); one that is complete has its `result`, and so has the run.
    """
    run_id = UUID(view.run_id)
    run: dict[str, Any] = {**view.model_dump(mode="json", exclude_none=True), "cost_usd": view.cost_usd}
    if view.result_seq is not None:
        run["result"] = await _result(log, run_id, view.result_seq)
    drafts = await _drafts(log, view)
    for step, out in zip(view.steps, run["steps"], strict=True):
        if step.result_seq is not None:
            out["result"] = await _result(log, run_id, step.result_seq)
        if step.step in drafts:
            out.update(drafts[step.step].json())
    return run


async def _result(log: Readable, run_id: UUID, seq: int) -> JsonValue:
    entries = await log.read(run_id, seq - 1, limit=1)
    event = entries[0].event if entries else None
    return event.data.result if isinstance(event, StepComplete | Complete) else None


async def _drafts(log: Readable, view: RunView) -> dict[str, "_Draft"]:
    """What the unfinished steps have made so far, read from where the first of them began."""
    begun = {step.step: step.first_seq for step in view.steps if step.first_seq is not None}
    drafts = {step: _Draft() for step in begun}
    if begun:
        async for page in _pages(log, UUID(view.run_id), min(begun.values()) - 1, view.tail_seq):
            for entry, event in zip(page, _read(page), strict=True):
                if event is not None and entry.seq >= begun.get(event.step, view.tail_seq + 1):
                    drafts[event.step].add(event)
    return drafts


async def _pages(log: Readable, run_id: UUID, after: int, upto: int) -> AsyncIterator[list[Entry]]:
    while after < upto and (entries := await log.read(run_id, after, limit=min(PAGE, upto - after))):
        yield entries
        after = entries[-1].seq


class _Text(NamedTuple):
    """A `model_chunk`: of it, what a draft is made of. A long step has tens of thousands."""

    step: str
    lane: str | None
    round: int | None
    text: str


def _read(page: Sequence[Entry]) -> Iterator[StepEvent | _Text | None]:
    """What each entry says of a step. The texts are read together, which takes a fifth of the time."""
    bodies = [entry.body for entry in page if entry.type == "model_chunk"]
    chunks: Iterator[dict[str, Any]] = iter(from_json(b"[%b]" % b",".join(bodies)))
    for entry in page:
        if entry.type != "model_chunk":
            event = entry.event
            yield event if isinstance(event, StepEvent) else None
            continue
        yield _text(next(chunks))


def _text(chunk: dict[str, Any]) -> _Text | None:
    """None for one of a shape that this version does not know yet."""
    try:
        step, text = chunk["step"], chunk["data"]["text"]
    except (KeyError, TypeError):
        return None
    if not isinstance(step, str) or not isinstance(text, str):
        return None
    return _Text(step, chunk.get("lane"), chunk.get("round"), text)


class _Draft:
    """An unfinished step: the text of each place that is open, and the parts, each with the place that made it.

    A part without a place is a checkpoint: it outlives the attempt that made it.
    """

    def __init__(self) -> None:
        self.texts: dict[Place, list[tuple[Place, str]]] = {}
        self.partials: dict[str, tuple[JsonValue, Place | None]] = {}

    def add(self, event: StepEvent | _Text) -> None:
        own: Place = (event.lane, event.round)
        place: Place = own if own in self.texts else (None, None)
        if isinstance(event, _Text):
            return self.texts.setdefault(place, []).append((own, event.text))
        match event:
            case StepStart():
                self.texts[own] = []
            case Partial(data=data):
                self.partials[data.path] = (data.value, None if data.input_hash else place)
            case PartialWithdrawn(data=data):
                self.partials.pop(data.path, None)
            case StepComplete():
                self.texts.pop(own, None)
            case StepRetry() | StepError():
                self.texts.pop(own, None)
                self.partials = {path: part for path, part in self.partials.items() if part[1] != own}
            case _:
                pass

    def json(self) -> dict[str, Any]:
        written = [chunk for text in self.texts.values() for chunk in text]
        out: dict[str, Any] = {"text": "".join(text for _, text in written)}
        by_lane = _joined((lane, text) for (lane, _), text in written if lane is not None)
        if by_lane:
            out["lanes"] = by_lane
        if any(round is not None for (_, round), _ in written):
            # Rounds are texts of their own, also where they are not in lanes: what is said next goes on with its own.
            drafts = _joined(written).items()
            out["drafts"] = [_given(lane=lane, round=round, text=text) for (lane, round), text in drafts]
        out["partials"] = {path: value for path, (value, _) in self.partials.items()}
        # Without them nobody who comes later knows what a retry takes back.
        out["checkpoints"] = sorted(path for path, (_, place) in self.partials.items() if place is None)
        return out


def _joined(pieces: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """The text of each key, in the order in which they first wrote."""
    texts: dict[Key, list[str]] = {}
    for key, piece in pieces:
        texts.setdefault(key, []).append(piece)
    return {key: "".join(pieces) for key, pieces in texts.items()}


def _given(**members: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value is not None}
