"""What must hold of every run, whatever was broken while it ran: promises P1 to P6 and P8, asserted over what is left.

    check_history({run_id: entries}, model_calls, readers, max_attempts=3)

It finds all violations before it fails, and says of each what was found and where.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from events.contract import (
    Event,
    ModelChunk,
    Partial,
    PartialWithdrawn,
    StepComplete,
    StepError,
    StepEvent,
    StepRetry,
    StepSkipped,
    StepStart,
)
from events.log import Entry

Place = tuple[str, str | None, int | None]
"""Step, lane, round."""

BEFORE_START = {"run_queued", "step_complete", "cancel_requested", "run_paused", "run_unpaused", "error", "cancelled"}
"""What may stand before `run_start`; of the `step_complete`s only reused ones."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call that reached the model's server, as the server's log has it.

    `at_ms` is when (Unix time); `path` is the part of the result that it was for, where the test knows it.
    """

    run_id: UUID
    step: str
    attempt: int
    lane: str | None = None
    at_ms: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One viewer: the log events that it saw (decoded `data`), in order and over all its reconnects, from `after` on.

    `ended`: the server said that there is no more, so that it must have seen everything.
    """

    run_id: UUID
    seen: Sequence[Mapping[str, Any]]
    after: int = 0
    ended: bool = True
    name: str = "a reader"


def check_history(
    entries_by_run: Mapping[UUID, Sequence[Entry]],
    model_calls: Sequence[ModelCall] = (),
    readers: Sequence[Reader] = (),
    *,
    max_attempts: int | Mapping[str, int],
    calls_per_attempt: Mapping[str, int] | None = None,
    epochs: Mapping[UUID, Sequence[int | None]] | None = None,
    ended: bool = True,
) -> None:
    """Raise `AssertionError` with every violation.

    `max_attempts` is per step, or for all; an attempt that a lost worker left open is not counted against it.
    `calls_per_attempt` is how many calls a step makes in one attempt and lane (1 unless named). `epochs` are those of
    the entries, None for what was appended without one. `ended=False` for runs that are still going.
    """
    found: list[str] = []
    for run_id, entries in entries_by_run.items():
        run = _Run(run_id, entries, max_attempts)
        found += run.violations(ended)
        found += _epochs(run_id, entries, (epochs or {}).get(run_id, ()))
        found += _calls(run, [call for call in model_calls if call.run_id == run_id], calls_per_attempt or {})
    for call in model_calls:
        if call.run_id not in entries_by_run:
            found.append(f"run {call.run_id}: a model call for '{call.step}', but no such run was accepted")
    for reader in readers:
        found += _reader(reader, entries_by_run.get(reader.run_id, ()))
    assert not found, f"{len(found)} violations:\n" + "\n".join(found)


@dataclass
class _Attempt:
    """One attempt at one place. `state`: open, retry (another follows), complete or error."""

    number: int
    started_ms: int
    state: str = "open"
    ended_ms: int = 0
    reused: bool = False
    chunks: list[tuple[int, ModelChunk]] = field(default_factory=list[tuple[int, ModelChunk]])


@dataclass
class _Run:
    run_id: UUID
    entries: Sequence[Entry]
    max_attempts: int | Mapping[str, int]
    attempts: dict[Place, list[_Attempt]] = field(default_factory=dict[Place, list[_Attempt]])
    checkpoints: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    skipped: set[str] = field(default_factory=set[str])
    losses: int = 0

    def violations(self, ended: bool) -> list[str]:
        found = [*self._order(), *self._last_word(ended)]
        started = False
        progress = 0.0
        for entry in self.entries:
            event = entry.event
            if event is None:
                found.append(f"{self._at(entry)}: it does not follow the contract: {entry.body[:200]!r}")
                continue
            if event.progress is not None and event.progress < progress:
                found.append(f"{self._at(entry)}: progress fell from {progress:g} to {event.progress:g}")
            progress = max(progress, event.progress or 0.0)
            found += [f"{self._at(entry)}: {what}" for what in self._lifecycle(entry, event, started)]
            started = started or entry.type == "run_start"
            self.losses += entry.type == "run_resumed"
            if isinstance(event, StepEvent):
                found += [f"{self._at(entry)}: {what}" for what in self._step(entry, event)]
        return [*found, *self._attempt_counts()]

    def _at(self, entry: Entry) -> str:
        return f"run {self.run_id} seq {entry.seq} ({entry.type})"

    def _order(self) -> Iterator[str]:
        for place, entry in enumerate(self.entries, start=1):
            if entry.seq != place:
                yield f"run {self.run_id}: expected seq {place}, found {entry.seq} ({entry.type})"
                return
        for entry in self.entries:
            if entry.run_id != self.run_id:
                yield f"{self._at(entry)}: it belongs to run {entry.run_id}"

    def _last_word(self, ended: bool) -> Iterator[str]:
        finals = [entry for entry in self.entries if entry.final]
        if len(finals) > 1:
            yield f"run {self.run_id}: {len(finals)} last words, at {[entry.seq for entry in finals]}"
        if finals and not self.entries[-1].final:
            yield f"{self._at(self.entries[-1])}: it stands behind the last word"
        if ended and not finals:
            tail = self.entries[-1].type if self.entries else "nothing"
            yield f"run {self.run_id}: no last word; it ends in {tail} at {len(self.entries)}"

    def _lifecycle(self, entry: Entry, event: Event, started: bool) -> Iterator[str]:
        if (entry.seq == 1) != (event.type == "run_queued"):
            yield "the log begins with run_queued, once"
        if event.type == "run_start" and started:
            yield "the run had started already"
        if not started and event.type not in BEFORE_START | {"run_start"}:
            yield "it stands before run_start"
        if isinstance(event, StepComplete) and (event.data.reused is not None) == started:
            yield "a result is reused before run_start, and made after it"
        if entry.final:
            unclosed = [place for place, attempts in self.attempts.items() if attempts[-1].state in ("open", "retry")]
            for place in unclosed:
                yield f"{_name(place)} is still {self.attempts[place][-1].state}"

    def _step(self, entry: Entry, event: StepEvent) -> Iterator[str]:
        place = self._place(event)
        attempts = self.attempts.get(place, [])
        now = attempts[-1] if attempts else None
        whole = self.attempts.get((event.step, None, None), [])
        if event.step in self.skipped or (whole and whole[-1].state == "complete"):
            yield f"something of '{event.step}' after it was {'skipped' if event.step in self.skipped else 'complete'}"
        elif isinstance(event, StepStart):
            yield from self._start(place, event, now)
        elif isinstance(event, StepSkipped):
            self.skipped.add(event.step)
            if attempts:
                yield f"{_name(place)} was skipped after it had begun"
        elif isinstance(event, StepComplete) and event.data.reused:
            reused = _Attempt(event.attempt, event.ts, "complete", event.ts, reused=True)
            self.attempts[place] = [reused]
        elif now is None or now.number != event.attempt:
            yield f"attempt {event.attempt} of {_name(place)} was never started"
        elif now.state == "retry" and isinstance(event, StepError):
            now.state, now.ended_ms = "error", event.ts  # closed while it waited to try again
        elif now.state != "open":
            yield f"attempt {event.attempt} of {_name(place)} had ended before ({now.state})"
        else:
            yield from self._inside(entry, event, now)

    def _place(self, event: StepEvent) -> Place:
        """A lane or round has attempts of its own, or what is said in it belongs to the attempt of the whole step."""
        own: Place = (event.step, event.lane, event.round)
        bounds = StepStart | StepComplete | StepRetry | StepError
        return own if own in self.attempts or isinstance(event, bounds) else (event.step, None, None)

    def _start(self, place: Place, event: StepStart, now: _Attempt | None) -> Iterator[str]:
        expected = 1 if now is None else now.number + 1
        if event.attempt != expected:
            yield f"attempt {event.attempt} of {_name(place)} where {expected} was next"
        if now is not None and now.state != "retry":
            yield f"attempt {event.attempt} of {_name(place)} began, but the one before is {now.state}"
        self.attempts.setdefault(place, []).append(_Attempt(event.attempt, event.ts))

    def _inside(self, entry: Entry, event: StepEvent, now: _Attempt) -> Iterator[str]:
        match event:
            case ModelChunk():
                now.chunks.append((entry.seq, event))
            case Partial(data=data) if data.input_hash:
                self.checkpoints[event.step, data.path] = event.ts
            case PartialWithdrawn(data=data):
                self.checkpoints.pop((event.step, data.path), None)
            case StepRetry(data=data):
                now.state = "retry"
                written = (now.chunks[0][0], now.chunks[-1][0]) if now.chunks else None
                if data.supersedes != written:
                    yield f"supersedes {data.supersedes}, but the text of the attempt is {written}"
            case StepComplete():
                now.state, now.ended_ms = "complete", event.ts
                yield from _digest(event, [chunk for _, chunk in now.chunks])
            case StepError():
                now.state, now.ended_ms = "error", event.ts
            case _:
                pass

    def allowed(self, step: str) -> int:
        """Attempts that a step may make. A lost worker's is made again and uses up none."""
        most = self.max_attempts if isinstance(self.max_attempts, int) else self.max_attempts.get(step, 1)
        return most + self.losses

    def _attempt_counts(self) -> Iterator[str]:
        for place, attempts in self.attempts.items():
            if len(attempts) > self.allowed(place[0]):
                most = self.allowed(place[0])
                yield f"run {self.run_id}: {len(attempts)} attempts of {_name(place)}, at most {most} are allowed"


def _name(place: Place) -> str:
    step, lane, round = place
    return f"'{step}'" + (f" lane '{lane}'" if lane else "") + (f" round {round}" if round else "")


def _digest(event: StepComplete, chunks: Sequence[ModelChunk]) -> Iterator[str]:
    text = "".join(chunk.data.text for chunk in chunks)
    sha256 = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    found = (sum(chunk.data.tokens for chunk in chunks), len(text), sha256)
    said = event.data.text
    if said is not None and (said.chunks, said.chars, said.sha256) != found:
        yield f"text of {said.chunks} chunks, {said.chars} chars expected; the log has {found[0]}, {found[1]}: {text!r}"


def _epochs(run_id: UUID, entries: Sequence[Entry], epochs: Sequence[int | None]) -> Iterator[str]:
    if epochs and len(epochs) != len(entries):
        yield f"run {run_id}: {len(entries)} entries, but {len(epochs)} epochs"
    highest = 0
    for entry, epoch in zip(entries, epochs, strict=False):
        if epoch is not None and epoch < highest:
            yield f"run {run_id} seq {entry.seq} ({entry.type}): epoch {epoch} wrote after epoch {highest}"
        highest = max(highest, epoch or 0)


def _calls(run: _Run, calls: Sequence[ModelCall], per_attempt: Mapping[str, int]) -> Iterator[str]:
    made = Counter((call.step, call.lane) for call in calls)
    for (step, lane), count in made.items():
        most = run.allowed(step) * per_attempt.get(step, 1)
        if count > most:
            yield f"run {run.run_id}: {count} model calls for {_name((step, lane, None))}, at most {most} are allowed"
    for call in calls:
        for what in _call(run, call):
            yield f"run {run.run_id}: a model call for attempt {call.attempt} of '{call.step}' at {call.at_ms}: {what}"


def _call(run: _Run, call: ModelCall) -> Iterator[str]:
    own = run.attempts.get((call.step, call.lane, None)) or run.attempts.get((call.step, None, None))
    of_step = own or [attempt for place, every in run.attempts.items() if place[0] == call.step for attempt in every]
    attempts = [attempt for attempt in of_step if attempt.number == call.attempt]
    if not attempts:
        yield "no step_start was committed for it"
    if any(attempt.reused for attempt in of_step):
        yield "its result was taken over from another run"
    if call.at_ms is None:
        return
    if attempts and all(attempt.started_ms > call.at_ms for attempt in attempts):
        yield f"it was made before its step_start ({min(attempt.started_ms for attempt in attempts)})"
    done = [attempt.ended_ms for attempt in of_step if attempt.state == "complete"]
    if own and done and call.at_ms > max(done):
        yield f"the step was complete at {max(done)}"
    kept = run.checkpoints.get((call.step, call.path)) if call.path else None
    if kept is not None and call.at_ms > kept:
        yield f"'{call.path}' was there already, a checkpoint of {kept}"


def _reader(reader: Reader, entries: Sequence[Entry]) -> Iterator[str]:
    """What was seen is the log behind the cursor, all of it or, of a stream that broke off, its beginning."""
    log = [json.loads(entry.line) for entry in entries]
    at = reader.after
    for number, seen in enumerate(reader.seen, start=1):
        covers = cast("Mapping[str, Any]", seen.get("data") or {}).get("covers")
        upto = covers[1] if covers else at + 1
        expected = _merged(log[at:upto], covers)
        if seen != expected:
            yield f"{reader.name} of run {reader.run_id}: its {number}. event is {seen}, the log says {expected}"
            return
        at = upto
    if reader.ended and at != len(log):
        yield f"{reader.name} of run {reader.run_id}: its stream ended behind seq {at}, the log goes to {len(log)}"


def _merged(events: Sequence[dict[str, Any]], covers: Sequence[int] | None) -> dict[str, Any] | None:
    """One event as it stands, or adjacent chunks of one place as a slow viewer may get them."""
    if not covers or not events:
        return events[0] if events else None
    first, last = events[0], events[-1]
    same = {(e["type"], e.get("step"), e.get("attempt"), e.get("lane"), e.get("round")) for e in events}
    if len(same) > 1 or first["type"] != "model_chunk" or covers[0] != first["seq"]:
        return None
    text = "".join(event["data"]["text"] for event in events)
    tokens = sum(event["data"]["tokens"] for event in events)
    return {**last, "data": {"text": text, "tokens": tokens, "covers": [covers[0], last["seq"]]}}
