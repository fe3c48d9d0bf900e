"""What one process of the stack is: how it is run, when it counts as ready, and what is said of its end."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before a process is started again, doubled each time, forgotten once it has lived `healthy`."""

    first: float = 0.5
    cap: float = 30.0
    healthy: float = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """A command and its whole environment: it inherits nothing else of ours. `probe` says whether it can be used;
    without one the process says so itself, over its lifeline.

    `keeper`: it has processes outside its group, which it alone can end, so it is asked first even in a hurry.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    probe: Probe | None = None
    keeper: bool = False


class DoesNotStart(Exception):
    """A process died several times before it could be used even once."""

    def __init__(self, part: Part, last_words: Sequence[str]) -> None:
        super().__init__(part.name)
        self.part = part
        self.last_words = last_words


def ending(code: int, last_words: Sequence[str]) -> str:
    """How a process ended, in words, with the last thing that it said when that explains something."""
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})."
    if code == 0:
        return "ended without being asked to."
    said = f": {last_words[-1][:200].rstrip('.')}" if last_words else ""
    return f"ended with code {code}{said}."
