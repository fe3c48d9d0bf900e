"""The words of the log: every event type and control frame, as small frozen models.

An event does not know its `seq`, its `run_id` or the contract's version: the log adds them where the event is stored
(`events.log.Entry.line`). `make contract` generates the JSON Schema and the TypeScript types from this file.
"""

import time
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from events.payload import (
    TITLE_LIMIT as TITLE_LIMIT,
    BudgetUse as BudgetUse,
    ByData,
    CompleteData,
    Counts as Counts,
    ErrorData,
    Expected as Expected,
    InputReceivedData as InputReceivedData,
    InputRequiredData as InputRequiredData,
    MadeOf as MadeOf,
    ModelChunkData,
    Otherwise as Otherwise,
    PartialData,
    PartialWithdrawnData,
    PlannedStep as PlannedStep,
    Problem as Problem,
    ProblemError as ProblemError,
    ProgressData,
    ReasonData,
    Reused as Reused,
    RunQueuedData,
    RunStartData,
    StepCompleteData,
    StepErrorData,
    StepRetryData,
    StepStartData,
    TextDigest as TextDigest,
    UsageData,
    Wire,
)

VERSION = 1

LastWord = Literal["complete", "error", "cancelled"]
LAST_WORDS: frozenset[str] = frozenset({"complete", "error", "cancelled"})


def now_ms() -> int:
    """Unix time in milliseconds. For `ts` only: durations come from the monotonic clock."""
    return time.time_ns() // 1_000_000


class BaseEvent(Wire):
    """The envelope without what only the log knows. `progress` is of the whole run, 0 to 100; `duration` is in ms."""

    ts: int = Field(default_factory=now_ms)
    message: str | None = None
    progress: float | None = Field(default=None, ge=0, le=100)
    duration: int | None = Field(default=None, ge=0)


class StepEvent(BaseEvent):
    """Everything inside a step carries the step and its attempt, and lane and round where several things run in it."""

    step: str
    attempt: int = Field(default=1, ge=1)
    lane: str | None = None
    round: int | None = None


class RunQueued(BaseEvent):
    type: Literal["run_queued"] = "run_queued"
    data: RunQueuedData


class RunStart(BaseEvent):
    type: Literal["run_start"] = "run_start"
    data: RunStartData


class RunResumed(BaseEvent):
    type: Literal["run_resumed"] = "run_resumed"
    data: ReasonData


class StepStart(StepEvent):
    type: Literal["step_start"] = "step_start"
    data: StepStartData = StepStartData()


class ModelChunk(StepEvent):
    type: Literal["model_chunk"] = "model_chunk"
    data: ModelChunkData


class Partial(StepEvent):
    type: Literal["partial"] = "partial"
    data: PartialData


class PartialWithdrawn(StepEvent):
    type: Literal["partial_withdrawn"] = "partial_withdrawn"
    data: PartialWithdrawnData


class Progress(StepEvent):
    type: Literal["progress"] = "progress"
    data: ProgressData


class Usage(StepEvent):
    type: Literal["usage"] = "usage"
    data: UsageData


class StepRetry(StepEvent):
    type: Literal["step_retry"] = "step_retry"
    data: StepRetryData


class StepComplete(StepEvent):
    type: Literal["step_complete"] = "step_complete"
    data: StepCompleteData


class StepError(StepEvent):
    type: Literal["step_error"] = "step_error"
    data: StepErrorData


class StepSkipped(StepEvent):
    type: Literal["step_skipped"] = "step_skipped"
    data: ReasonData


class InputRequired(BaseEvent):
    type: Literal["input_required"] = "input_required"
    data: InputRequiredData


class InputReceived(BaseEvent):
    type: Literal["input_received"] = "input_received"
    data: InputReceivedData


class RunPaused(BaseEvent):
    type: Literal["run_paused"] = "run_paused"
    data: ByData = ByData()


class RunUnpaused(BaseEvent):
    type: Literal["run_unpaused"] = "run_unpaused"
    data: ByData = ByData()


class CancelRequested(BaseEvent):
    type: Literal["cancel_requested"] = "cancel_requested"
    data: ByData = ByData()


class Complete(BaseEvent):
    type: Literal["complete"] = "complete"
    data: CompleteData


class Error(BaseEvent):
    type: Literal["error"] = "error"
    data: ErrorData


class Cancelled(BaseEvent):
    type: Literal["cancelled"] = "cancelled"
    data: ReasonData


Event = Annotated[
    RunQueued
    | RunStart
    | RunResumed
    | StepStart
    | ModelChunk
    | Partial
    | PartialWithdrawn
    | Progress
    | Usage
    | StepRetry
    | StepComplete
    | StepError
    | StepSkipped
    | InputRequired
    | InputReceived
    | RunPaused
    | RunUnpaused
    | CancelRequested
    | Complete
    | Error
    | Cancelled,
    Field(discriminator="type"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
