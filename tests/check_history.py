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
    Cancelled,
    CancelRequested,
    Complete,
    Error,
    Event,
    InputReceived,
    InputRequired,
    ModelChunk,
    Partial,
    PartialWithdrawn,
    RunPaused,
    RunQueued,
    RunStart,
    RunUnpaused,
    StepComplete,
    StepError,
    StepEvent,
    StepRetry,
    StepSkipped,
    StepStart,
    Usage,
)
from events.log import Entry

Place = tuple[str, str | None, int | None]
"""Step, lane, round."""

BEFORE_START = {"run_queued", "step_complete", "input_received", "cancel_requested", "run_paused", "run_unpaused"} | {
    "error",
    "cancelled",
}
"""What may stand before `run_start`; of the `step_complete`s only reused ones, and answers of a run done again."""

OUTSIDE = {"run_queued", "step_complete", "cancel_requested", "input_received", "run_paused", "run_unpaused"}
"""What may be stored without an epoch; and `cancelled` of a run that nobody holds, with what closes its steps."""
CLOSING = {"step_error", "step_skipped", "cancelled"}
TAKING = {"run_start", "run_resumed"}


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
    `calls_per_attempt` is how many calls a step makes at most in one attempt and lane (1 unless named). `epochs` are
    those of the entries, None for what was appended without one. `ended=False` for runs that are still going.
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
        if reader.run_id not in entries_by_run:
            found.append(f"{reader.name} of run {reader.run_id}: no such run was accepted")
        else:
            found += _reader(reader, entries_by_run[reader.run_id])
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


@dataclass(frozen=True, slots=True)
class _Kept:
    """A checkpoint that holds: what it was made of, when and by which attempt."""

    hash: str
    ts: int
    attempt: int


@dataclass
class _Run:
    run_id: UUID
    entries: Sequence[Entry]
    max_attempts: int | Mapping[str, int]
    attempts: dict[Place, list[_Attempt]] = field(default_factory=dict[Place, list[_Attempt]])
    checkpoints: dict[tuple[str, str], _Kept] = field(default_factory=dict[tuple[str, str], _Kept])
    skipped: set[str] = field(default_factory=set[str])
    planned: set[str] = field(default_factory=set[str])
    queued: RunQueued | None = None
    asked: set[str] = field(default_factory=set[str])
    answered: set[str] = field(default_factory=set[str])
    paused: bool = False
    cancelled: bool = False
    cost: float = 0.0
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
            found += [f"{self._at(entry)}: {what}" for what in self._wishes(event)]
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
        if not self.entries:
            yield f"run {self.run_id}: its log is empty, not even run_queued was committed"
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
        if isinstance(event, RunQueued):
            self.queued = event
        elif isinstance(event, StepComplete) and event.data.reused and self.queued and not self.queued.data.forked_from:
            yield "a result is reused, but the run does no other one again"
        elif isinstance(event, RunStart):
            self.planned = {each.step for each in event.data.plan}
            if self.queued and self.queued.data.pipeline != event.data.pipeline:
                yield f"it was queued as '{self.queued.data.pipeline}' and started as '{event.data.pipeline}'"
        elif entry.final:
            yield from self._unfinished(event)

    def _unfinished(self, event: Event) -> Iterator[str]:
        """No spinner is left turning, and no step forgotten."""
        for place, attempts in self.attempts.items():
            if attempts[-1].state in ("open", "retry"):
                yield f"{_name(place)} is still {attempts[-1].state}"
        for step in sorted(self.planned - self.skipped - {place[0] for place in self.attempts}):
            yield f"'{step}' was planned, and neither begun nor skipped"
        if isinstance(event, Cancelled) and not self.cancelled:
            yield "nobody asked for it"
        if isinstance(event, Complete) and (open := self.asked - self.answered):
            yield f"nobody has answered {sorted(open)}"
        failed = {place[0] for place, attempts in self.attempts.items() if attempts[-1].state == "error"}
        if isinstance(event, Error) and event.data.failed_step and event.data.failed_step not in failed:
            yield f"'{event.data.failed_step}' is said to have failed, and did not"

    def _wishes(self, event: Event) -> Iterator[str]:
        """What is asked of the run and by it: each once, and answered once."""
        match event:
            case RunPaused() | RunUnpaused():
                if self.paused == isinstance(event, RunPaused):
                    yield "the run was paused already" if self.paused else "the run was not paused"
                self.paused = isinstance(event, RunPaused)
            case CancelRequested():
                if self.cancelled:
                    yield "it was asked to end already"
                self.cancelled = True
            case InputRequired(data=data):
                if data.input_id in self.asked:
                    yield f"'{data.input_id}' was asked already"
                self.asked.add(data.input_id)
            case InputReceived(data=data):
                taken_over = bool(self.queued and self.queued.data.forked_from and not self.planned)
                if (data.input_id not in self.asked and not taken_over) or data.input_id in self.answered:
                    yield f"an answer to '{data.input_id}', which nobody waits for"
                self.answered.add(data.input_id)
            case _:
                pass

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
                before = self.checkpoints.get((event.step, data.path))
                if before and before.hash == data.input_hash:
                    yield f"'{data.path}' was there already, a checkpoint of attempt {before.attempt}"
                self.checkpoints[event.step, data.path] = _Kept(data.input_hash, event.ts, event.attempt)
            case Usage(data=data):
                self.cost += data.cost_usd or 0.0
                if data.run_cost_usd is not None and abs(data.run_cost_usd - self.cost) > 1e-6:
                    yield f"the run is said to have cost {data.run_cost_usd:g} so far, its calls cost {self.cost:g}"
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
    if said is None and chunks:
        yield f"there is no digest of its text, and it wrote {text!r}"
    if said is not None and (said.chunks, said.chars, said.sha256) != found:
        yield f"text of {said.chunks} chunks, {said.chars} chars expected; the log has {found[0]}, {found[1]}: {text!r}"


def _epochs(run_id: UUID, entries: Sequence[Entry], epochs: Sequence[int | None]) -> Iterator[str]:
    if epochs and len(epochs) != len(entries):
        yield f"run {run_id}: {len(entries)} entries, but {len(epochs)} epochs"
    highest = 0
    for entry, epoch in zip(entries, epochs, strict=False):
        at = f"run {run_id} seq {entry.seq} ({entry.type})"
        if epoch is None:
            ends = CLOSING if entries[-1].type == "cancelled" and epochs[-1] is None else set[str]()
            reused = not isinstance(entry.event, StepComplete) or entry.event.data.reused
            if entry.type not in OUTSIDE | ends or not reused:
                yield f"{at}: only the holder of the run may say this, under its epoch"
        elif epoch < highest:
            yield f"{at}: epoch {epoch} wrote after epoch {highest}"
        elif (epoch > highest) != (entry.type in TAKING):
            yield f"{at}: an epoch begins with run_start or run_resumed, and has one of them; this is epoch {epoch}"
        highest = max(highest, epoch or 0)


def _calls(run: _Run, calls: Sequence[ModelCall], per_attempt: Mapping[str, int]) -> Iterator[str]:
    made = Counter((call.step, call.lane, call.attempt) for call in calls)
    for (step, lane, attempt), count in made.items():
        most = per_attempt.get(step, 1)
        if count > most:
            place = f"attempt {attempt} of {_name((step, lane, None))}"
            yield f"run {run.run_id}: {count} model calls for {place}, at most {most} are allowed"
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
    kept = run.checkpoints.get((call.step, call.path)) if call.path else None
    if kept is not None and (call.attempt > kept.attempt or (call.at_ms is not None and call.at_ms > kept.ts)):
        yield f"'{call.path}' was there already, a checkpoint of {kept.ts}, of attempt {kept.attempt}"
    if call.at_ms is None:
        return
    if attempts and all(attempt.started_ms > call.at_ms for attempt in attempts):
        yield f"it was made before its step_start ({min(attempt.started_ms for attempt in attempts)})"
    done = [attempt.ended_ms for attempt in of_step if attempt.state == "complete"]
    if own and done and call.at_ms > max(done):
        yield f"the step was complete at {max(done)}"


def _reader(reader: Reader, entries: Sequence[Entry]) -> Iterator[str]:
    """What was seen is the log behind the cursor, all of it or, of a stream that broke off, its beginning."""
    log = [json.loads(entry.line) for entry in entries]
    at = reader.after
    for number, seen in enumerate(reader.seen, start=1):
        covers = _covers(seen)
        upto = covers[1] if covers else at + 1
        expected = _merged(log[at:upto], covers)
        if seen != expected:
            yield f"{reader.name} of run {reader.run_id}: its {number}. event is {seen}, the log says {expected}"
            return
        at = upto
    if reader.ended and at != len(log):
        yield f"{reader.name} of run {reader.run_id}: its stream ended behind seq {at}, the log goes to {len(log)}"


def _covers(seen: Mapping[str, Any]) -> tuple[int, int] | None:
    """What a merged chunk says that it stands for; None for any other event."""
    match cast("Mapping[str, Any]", seen.get("data") or {}).get("covers"):
        case [int(first), int(last)]:
            return first, last
        case _:
            return None


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
