"""What the unfinished steps of a run have made so far: out of the log, and kept for who asks again.

A step that writes for long is tens of thousands of chunks. Whoever looks at its run reads them once; who looks again
reads what has come since.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from pydantic import JsonValue
from pydantic_core import from_json

from events.contract import Partial, PartialWithdrawn, StepComplete, StepError, StepEvent, StepRetry, StepStart
from events.log import Entry
from events.view import RunView

KEPT = 32
"""Runs whose drafts are kept at hand: as text, which is a fraction of what its log is."""

Place = tuple[str | None, int | None]
Key = TypeVar("Key", bound=Hashable)


class Drafts:
    """Of each step that is open in a view, from where its first open attempt began, up to the entry `last`."""

    def __init__(self) -> None:
        self.last: Entry | None = None
        self._steps: dict[str, tuple[int, Draft]] = {}

    @property
    def upto(self) -> int:
        """0 where nothing is known yet."""
        return self.last.seq if self.last else 0

    def __bool__(self) -> bool:
        """Is any step open?"""
        return bool(self._steps)

    def goes_on_to(self, view: RunView) -> bool:
        """Make ready for what leads to `view`. False where that begins before what is known here."""
        begun = {step.step: step.first_seq for step in view.steps if step.first_seq is not None}
        known = {step: each for step, each in self._steps.items() if begun.get(step) == each[0]}
        new = {step: first for step, first in begun.items() if step not in known}
        if view.tail_seq < self.upto or any(first <= self.upto for first in new.values()):
            return False
        self._steps = known | {step: (first, Draft()) for step, first in new.items()}
        return True

    def after(self) -> int:
        """Behind which entry to read on."""
        return self.upto or min((first for first, _ in self._steps.values()), default=1) - 1

    def add(self, page: Sequence[Entry]) -> None:
        for entry, event in zip(page, _read(page), strict=True):
            if event is not None and (found := self._steps.get(event.step)) is not None and entry.seq >= found[0]:
                found[1].add(event)
        self.last = page[-1]

    def of(self, step: str) -> "Draft | None":
        found = self._steps.get(step)
        return None if found is None else found[1]

    def pack(self) -> None:
        for _, draft in self._steps.values():
            draft.pack()


class Known:
    """The drafts of the runs that were looked at last. Whoever goes on with some has them alone meanwhile."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._drafts: OrderedDict[str, Drafts] = OrderedDict()

    def take(self, run_id: str) -> Drafts:
        return self._drafts.pop(run_id) if run_id in self._drafts else Drafts()

    def keep(self, run_id: str, drafts: Drafts) -> None:
        drafts.pack()
        self._drafts[run_id] = drafts
        while len(self._drafts) > self._kept:
            self._drafts.popitem(last=False)


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


class Draft:
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

    def pack(self) -> None:
        """Neighbours that one lane or round wrote become one piece."""
        for place, pieces in self.texts.items():
            parts = groupby(pieces, itemgetter(0))
            self.texts[place] = [(own, "".join(text for _, text in some)) for own, some in parts]

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
