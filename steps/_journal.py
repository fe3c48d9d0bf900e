"""What a run's log says was done already, so that going on never pays for it twice."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import JsonValue

from events.contract import (
    CancelRequested,
    Complete,
    InputReceived,
    InputRequired,
    ModelChunk,
    Partial,
    PartialWithdrawn,
    Problem,
    Progress,
    RunPaused,
    RunQueued,
    RunResumed,
    RunStart,
    RunUnpaused,
    StepComplete,
    StepError,
    StepRetry,
    StepSkipped,
    StepStart,
    Usage,
)
from events.log import Entry
from steps._board import Board
from steps.errors import CANCELLED, SET_ASIDE, WORKER_LOST

Place = tuple[str, str | None, int | None]
"""Step, lane, round."""
Checkpoints = dict[tuple[str, str, str], JsonValue]
"""Values by step, path and hash of the inputs."""


def question_id(name: str, before: Counter[str]) -> str:
    """The id of the next question of this name, which is counted with it."""
    before[name] += 1
    return f"{name}-{before[name]}"


@dataclass(slots=True)
class Past:
    """What is known of one place: attempts begun, failures that count, and how it ended, if it did.

    `open`: an attempt is under way; `waiting`: one failed or was lost, and another is to follow. `text` is the first
    and last `seq` of the text of the open attempt.
    """

    attempts: int = 0
    failures: int = 0
    open: bool = False
    waiting: bool = False
    text: tuple[int, int] | None = None
    result: JsonValue = None
    done: bool = False
    problem: Problem | None = None


@dataclass(slots=True)
class Journal:
    """The fold of a log for the worker that carries the run on. `models` are those that wrote what was taken over;
    `warned` says that the budget's use was told; `called_back` why it goes on, where that is for no worker's sake;
    `asked` until when a person is waited for, Unix ms; `questions` counts those that the pipeline came to."""

    places: dict[Place, Past] = field(default_factory=dict[Place, Past])
    checkpoints: Checkpoints = field(default_factory=dict[tuple[str, str, str], JsonValue])
    skipped: set[str] = field(default_factory=set[str])
    started: bool = False
    cancel_requested: bool = False
    paused: bool = False
    called_back: str | None = None
    asked: dict[str, int] = field(default_factory=dict[str, int])
    answers: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    questions: Counter[str] = field(default_factory=Counter[str])
    queued_ts: int = 0
    max_cost_usd: float | None = None
    warned: bool = False
    progress: float = 0.0
    usages: list[Usage] = field(default_factory=list[Usage])
    board: Board = field(default_factory=Board)
    models: set[str] = field(default_factory=set[str])
    result: JsonValue = None

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Journal":
        journal = cls()
        for entry in entries:
            journal._add(entry)
        return journal

    def next_question(self, name: str) -> str:
        """The id of the next question of this name: the same in every process that carries the run."""
        return question_id(name, self.questions)

    def past(self, place: Place) -> Past:
        return self.places.setdefault(place, Past())

    def finished(self) -> set[str]:
        """The steps that are complete at every place where they began."""
        return {place[0] for place in self.places} - {place[0] for place, past in self.places.items() if not past.done}

    @property
    def marks(self) -> int:
        """How much is done that nobody will do again: steps, and calls inside one."""
        return len(self.checkpoints) + sum(past.done for past in self.places.values())

    def cause(self) -> tuple[Problem, str] | None:
        """The first failure of a step in the log that was not merely a sibling's end, and the step."""
        for (step, _, _), past in self.places.items():
            if past.problem is not None and past.problem.type != CANCELLED:
                return past.problem, step
        return None

    def _add(self, entry: Entry) -> None:
        event = entry.event
        if event is None:
            return
        if entry.seq == 1:
            self.queued_ts = event.ts
        self.progress = max(self.progress, event.progress or 0.0)
        self.board.hear(event)
        match event:
            case RunQueued(data=data):
                self.max_cost_usd = data.max_cost_usd
            case RunStart():
                self.started, self.called_back = True, None
            case CancelRequested():
                self.cancel_requested = True
            case InputRequired(data=data):
                self.asked[data.input_id] = data.expires_at or 0
            case InputReceived(data=data):
                self.answers.setdefault(data.input_id, data.value)
                self.called_back = "an answer came"
            case RunPaused():
                self.paused = True
            case RunUnpaused():
                self.paused, self.called_back = False, "it was paused"
            case RunResumed():
                self.called_back = None
            case StepStart() | StepRetry() | StepComplete() | StepError():
                self._attempt(event)
            case ModelChunk():
                self._text(event, entry.seq)
            case StepSkipped():
                self.skipped.add(event.step)
            case Partial(data=data) if data.input_hash:
                self.checkpoints[event.step, data.path, data.input_hash] = data.value
            case PartialWithdrawn(data=data):
                for key in [key for key in self.checkpoints if key[:2] == (event.step, data.path)]:
                    del self.checkpoints[key]
            case Usage():
                self.usages.append(event)
            case Progress(data=data) if data.budget is not None:
                self.warned = True
            case Complete():
                self.result = event.data.result
            case _:
                pass

    def _attempt(self, event: StepStart | StepRetry | StepComplete | StepError) -> None:
        """An attempt begins at its place, or comes to its end."""
        past = self.past((event.step, event.lane, event.round))
        past.open, past.waiting = isinstance(event, StepStart), isinstance(event, StepRetry)
        match event:
            case StepStart():
                past.attempts, past.text = event.attempt, None
            case StepRetry():
                past.failures += event.data.problem.type not in (SET_ASIDE, WORKER_LOST)
            case StepComplete():
                past.done, past.result = True, event.data.result
                self.models.update((event.data.reused.models if event.data.reused else None) or ())
            case StepError():
                past.problem = event.data.problem

    def _text(self, event: ModelChunk, seq: int) -> None:
        # A chunk may be of a lane inside the step: it belongs to the step's open attempt all the same.
        for place, past in self.places.items():
            if place[0] == event.step and past.open and past.attempts == event.attempt:
                past.text = (past.text[0] if past.text else seq, seq)
