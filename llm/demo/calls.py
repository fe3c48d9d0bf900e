"""What was asked and when it was answered: enough to compute the critical path of a run from outside."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["open", "finished", "cut at the limit", "abandoned"]
Log = Callable[[dict[str, Any]], None]


def now_ms() -> float:
    """Unix time in milliseconds, with fractions."""
    return time.time_ns() / 1_000_000


@dataclass(slots=True)
class CallRecord:
    """One call. Times in Unix ms; `label` is what the client said of it in `Stepglass-Call`; tokens are counts."""

    number: int
    label: str
    kind: str
    model: str
    started: float
    prompt_tokens: int
    streamed: bool
    first_token: float | None = None
    ended: float | None = None
    completion_tokens: int = 0
    outcome: Outcome = "open"


class Calls:
    """The last calls, oldest first. `log` gets each one when it has ended."""

    def __init__(self, log: Log | None = None, keep: int = 5000) -> None:
        self._log = log
        self._last: deque[CallRecord] = deque(maxlen=keep)
        self._count = 0

    def begin(self, *, label: str, kind: str, model: str, prompt_tokens: int, streamed: bool) -> CallRecord:
        self._count += 1
        call = CallRecord(self._count, label, kind, model, now_ms(), prompt_tokens, streamed)
        self._last.append(call)
        return call

    def end(self, call: CallRecord, outcome: Outcome) -> None:
        """Once: what comes later about the same call changes nothing."""
        if call.outcome != "open":
            return
        call.ended, call.outcome = now_ms(), outcome
        if self._log is not None:
            self._log(asdict(call))

    def last(self, count: int) -> list[dict[str, Any]]:
        return [asdict(call) for call in list(self._last)[-count:]] if count > 0 else []
