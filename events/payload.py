"""What the events carry in `data`: a small frozen model per type, and the values inside them.

Import them from `events.contract`, which is the whole contract.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

TITLE_LIMIT = 120


class Wire(BaseModel):
    """Base of everything that goes over the wire: frozen; what a newer version adds is passed over, not refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")


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
    """The run that made a result, and what that took there: nothing of it is counted in the run that takes it over.

    `duration` in ms; `cost_usd` sums the known costs.
    """

    run_id: str
    duration: int | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    models: list[str] | None = None


class MadeOf(Wire):
    """What a result follows from, for telling whether another run would be given the same: digests of the step's
    arguments, of the form of its result and of each prompt that it used, and the models that were named to it."""

    inputs: str
    output: str
    prompts: dict[str, str] = {}
    models: str | None = None


class RunQueuedData(Wire):
    """`title` is what people call this run among others of its pipeline: one line, of at most 120 characters.

    `forked_from` is the run that this one does again, from `from_step` on where that was named or found. `max_cost_usd`
    is what it may cost, where there is a limit.
    """

    pipeline: str
    title: str | None = Field(default=None, max_length=TITLE_LIMIT)
    forked_from: str | None = None
    from_step: str | None = None
    max_cost_usd: float | None = Field(default=None, gt=0)


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
    """`input_hash` makes a part the checkpoint of one model call among several in a step; `models` are those that were
    named to it."""

    path: str
    value: JsonValue = None
    input_hash: str | None = None
    models: str | None = None


class PartialWithdrawnData(Wire):
    path: str


class BudgetUse(Wire):
    """What the run has cost so far, of what it may cost."""

    spent_usd: float
    max_cost_usd: float


class Counts(Wire):
    """How the items of a batch stand: `total` is `waiting`, `running`, `complete`, `failed` and `cancelled` together;
    `skipped` are those of the complete that an earlier batch of this name had done."""

    total: int
    waiting: int
    running: int
    complete: int
    skipped: int
    failed: int
    cancelled: int


class ProgressData(Wire):
    """`budget` is told once, when four fifths of it are spent; `counts` by a batch alone, whenever they change."""

    step_progress: float | None = None
    eta_ms: int | None = None
    basis: Literal["history", "tokens", "declared"]
    budget: BudgetUse | None = None
    counts: Counts | None = None


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
    made_of: MadeOf | None = None


class StepErrorData(Wire):
    problem: Problem


class Otherwise(Wire):
    """What is taken for an answer when nobody gives one in time."""

    value: JsonValue = None


class InputRequiredData(Wire):
    """`schema` on the wire; `json_schema` here, because pydantic keeps the other name for itself. `expires_at` is until
    when somebody is waited for, in Unix ms; without an `otherwise` the run fails then."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    input_id: str
    json_schema: dict[str, Any] = Field(alias="schema")
    prompt: str
    expires_at: int | None = None
    otherwise: Otherwise | None = None


class InputReceivedData(Wire):
    """`by` is `timeout` where nobody answered in time, and the value is what was to be taken then."""

    input_id: str
    value: JsonValue = None
    by: str | None = None


class ByData(Wire):
    by: str | None = None


class CompleteData(Wire):
    result: JsonValue = None


class ErrorData(Wire):
    problem: Problem
    failed_step: str | None = None
