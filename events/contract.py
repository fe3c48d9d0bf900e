"""The words of the log: every event type and control frame, as small frozen models.

An event does not know its `seq`, its `run_id` or the contract's version: the log adds them where the event is stored
(`events.log.Entry.line`). `make contract` generates the JSON Schema and the TypeScript types from this file.
"""

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

VERSION = 1

LastWord = Literal["complete", "error", "cancelled"]
LAST_WORDS: frozenset[str] = frozenset({"complete", "error", "cancelled"})


def now_ms() -> int:
    """Unix time in milliseconds. For `ts` only: durations come from the monotonic clock."""
    return time.time_ns() // 1_000_000


class Wire(BaseModel):
    """Base of everything that goes over the wire: frozen; what a newer version adds is passed over, not refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# --- the small values inside `data` ---------------------------------------------------------------------------------


class ProblemError(Wire):
    """One violation inside a document: where (JSON Pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class Problem(Wire):
    """What went wrong, in words for a person (RFC 9457). Never a prompt, a key, a server path or a stack trace."""

    type: str = "about:blank"
    title: str
    detail: str
    status: int | None = None
    errors: list[ProblemError] | None = None


class Expected(Wire):
    """How long a step took in the past, in milliseconds; `n` is the number of samples (0: declared, not measured)."""

    p50: int
    p90: int
    n: int


class PlannedStep(Wire):
    """One step of the plan: its id, its label for a person, and the steps whose results it needs."""

    step: str
    label: str
    after: list[str] = []
    expected_ms: Expected | None = None


class TextDigest(Wire):
    """What the joined `model_chunk`s of an attempt must add up to: `chars` in code points, `sha256` of the UTF-8."""

    chunks: int
    chars: int
    sha256: str


class Reused(Wire):
    """The run that a result was taken from."""

    run_id: str


# --- `data`, per type -----------------------------------------------------------------------------------------------


class RunQueuedData(Wire):
    pipeline: str
    forked_from: str | None = None


class RunStartData(Wire):
    pipeline: str
    plan: list[PlannedStep]


class ReasonData(Wire):
    reason: str


class StepStartData(Wire):
    expected_ms: Expected | None = None


class ModelChunkData(Wire):
    """`tokens` counts the model's chunks that were merged into this one; `covers` the events merged for a viewer."""

    text: str
    tokens: int = 1
    covers: tuple[int, int] | None = None


class PartialData(Wire):
    """`input_hash` makes a part the checkpoint of one model call among several in a step."""

    path: str
    value: JsonValue = None
    input_hash: str | None = None


class PartialWithdrawnData(Wire):
    path: str


class ProgressData(Wire):
    step_progress: float | None = None
    eta_ms: int | None = None
    basis: Literal["history", "tokens", "declared"]


class UsageData(Wire):
    """One model call, failed ones too. A `cost_usd` that is absent is unknown, not zero. Tokens are counts."""

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None
    run_cost_usd: float | None = None
    estimated: bool = False


class StepRetryData(Wire):
    """`supersedes` is the first and last `seq` of the text that this retry withdraws."""

    problem: Problem
    next_attempt_in_ms: int
    supersedes: tuple[int, int] | None = None


class StepCompleteData(Wire):
    """Nulls are left out of what is stored: here and elsewhere, a result or value that is missing is null."""

    result: JsonValue = None
    reused: Reused | None = None
    text: TextDigest | None = None


class StepErrorData(Wire):
    problem: Problem


class InputRequiredData(Wire):
    """`schema` on the wire; `json_schema` here, because pydantic keeps the other name for itself."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    input_id: str
    json_schema: dict[str, Any] = Field(alias="schema")
    prompt: str


class InputReceivedData(Wire):
    input_id: str
    value: JsonValue = None


class ByData(Wire):
    by: str | None = None


class CompleteData(Wire):
    result: JsonValue = None


class ErrorData(Wire):
    problem: Problem
    failed_step: str | None = None


# --- the events -----------------------------------------------------------------------------------------------------


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
