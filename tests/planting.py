"""Spoiling a good history on purpose: what a test has in hand after a run, and how to plant a violation in it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from events.contract import Event, StepRetry
from events.log import Entry, encode
from tests.check_history import OUTSIDE, TAKING, ModelCall, Reader, check_history
from tests.histories import Story, replace_event


@dataclass
class Evidence:
    """What a test has in hand after a run, here for spoiling."""

    story: Story
    entries: list[Entry] = field(default_factory=list[Entry])
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    reader: Reader = field(init=False)
    epochs: list[int | None] = field(default_factory=list[int | None])
    max_attempts: int = 3

    def __post_init__(self) -> None:
        self.entries, self.calls, self.epochs = self.story.entries, list(self.story.calls), list(self.story.epochs)
        self.reader = Reader(self.story.run_id, [json.loads(entry.line) for entry in self.entries])

    def check(self) -> None:
        check_history(
            {self.story.run_id: self.entries},
            self.calls,
            [self.reader],
            max_attempts=self.max_attempts,
            epochs={self.story.run_id: self.epochs},
        )

    def find(self, type: str, step: str | None = None, nth: int = 0) -> int:
        """The index of the `nth` event of a type, of a step."""
        found = [
            i for i, e in enumerate(self.story.events) if e.type == type and step in (None, getattr(e, "step", None))
        ]
        return found[nth]

    def put(self, events: list[Event]) -> None:
        """Another log, densely numbered, and a reader who saw just that."""
        self.entries = [Entry(self.story.run_id, seq, e.type, encode(e)) for seq, e in enumerate(events, start=1)]
        self.epochs = epochs_of(events)
        self.reader = replace(self.reader, seen=[json.loads(entry.line) for entry in self.entries])

    def drop(self, index: int) -> None:
        self.put([event for i, event in enumerate(self.story.events) if i != index])

    def insert(self, index: int, event: Event) -> None:
        self.put([*self.story.events[:index], event, *self.story.events[index:]])

    def change(self, index: int, **changes: object) -> None:
        changed = replace_event(self.story.events[index], **changes)
        self.put([changed if i == index else event for i, event in enumerate(self.story.events)])

    def again(self, type: str, step: str, at: int, **changes: object) -> None:
        """Say something of a step once more, at another place."""
        self.insert(at, replace_event(self.story.events[self.find(type, step)], **changes))

    def rewritten(self, order: Sequence[int]) -> None:
        """The log as a faulty writer would have left it: these events of the story, in this order, and every `seq` that
        is named in one of them as it is then."""
        places = {index + 1: place for place, index in reversed([*enumerate(order, start=1)])}
        self.put([_moved(self.story.events[index], places) for index in order])
        self.epochs = [self.story.epochs[index] for index in order]

    def stored(self, order: Sequence[int]) -> None:
        """The log that is left is of these events, and the reader had seen it as it was before."""
        seen = self.reader.seen
        self.rewritten(order)
        self.reader = replace(self.reader, seen=seen)

    def caught(self) -> bool:
        try:
            self.check()
        except AssertionError:
            return True
        return False


def _moved(event: Event, places: dict[int, int]) -> Event:
    if not isinstance(event, StepRetry) or event.data.supersedes is None:
        return event
    first, last = event.data.supersedes
    return replace_event(event, data={"supersedes": (places.get(first, first), places.get(last, last))})


def epochs_of(events: Sequence[Event]) -> list[int | None]:
    """Those under which these would be stored: another one for each worker that takes the run."""
    epoch, found = 0, list[int | None]()
    for event in events:
        epoch += event.type in TAKING
        found.append(None if event.type in OUTSIDE and not (epoch and event.type == "step_complete") else epoch or None)
    return found
