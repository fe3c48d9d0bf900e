"""The parts that a run's steps have shown and that hold, for other steps of the run to work on."""

import asyncio
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from events.contract import Event, Partial, PartialWithdrawn, StepRetry


class Board:
    """Filled from the log when a run is taken up, then by whatever is said of it. `news` is set at the next change."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, JsonValue]] = {}
        self.news = asyncio.Event()

    def hear(self, event: Event) -> None:
        if event.type == "model_chunk":
            return  # Almost all events are chunks, and to match one with all the others takes longer than the rest.
        match event:
            case Partial(lane=None, data=data) if data.input_hash is None:
                self._parts.setdefault(event.step, {})[data.path] = data.value
            case PartialWithdrawn(data=data):
                self._parts.get(event.step, {}).pop(data.path, None)
            case StepRetry(lane=None, round=None):
                self._parts.pop(event.step, None)  # what the attempt had shown is withdrawn with its text
            case _:
                return
        self.news.set()
        self.news = asyncio.Event()

    def shown(self, steps: Sequence[str]) -> Mapping[str, JsonValue]:
        """By path; where several steps show a part, it is the last one's."""
        return {path: value for step in steps for path, value in self._parts.get(step, {}).items()}
