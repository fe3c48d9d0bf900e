"""A run as a list shows it: light enough to keep beside the run, equal to the fold of its log."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from events.contract import Counts, Expected, InputRequiredData, Problem, Reused

RunStatus = Literal["queued", "running", "waiting", "paused", "complete", "error", "cancelled"]
StepStatus = Literal["pending", "in_progress", "retrying", "complete", "error", "skipped"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class OpenPlace(_Model):
    """One place of a step that is not finished: a lane or round of its own, or the whole step where both are None.

    `started_seq` is where its open attempt began, None while it waits for its next one.
    """

    attempt: int
    lane: str | None = None
    round: int | None = None
    started_seq: int | None = None


class StepView(_Model):
    """One step. `duration` in ms, of the last attempt that ended; `started_seq` is that of the open attempt's start;
    `result_seq` is where its `step_complete` is in the log; `ts` of the start of the running attempt in Unix ms.
    `open` has more than one place only while a step runs in several lanes at once; then `started_seq` is the lowest.
    `first_seq` is the first start of what is open: checkpoints that hold are behind it."""

    step: str
    label: str
    after: list[str] = []
    status: StepStatus = "pending"
    attempt: int = 0
    duration: int | None = None
    expected_ms: Expected | None = None
    started_at: int | None = None
    started_seq: int | None = None
    first_seq: int | None = None
    result_seq: int | None = None
    cost_usd: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    reused_from: str | None = None
    reused: Reused | None = None
    problem: Problem | None = None
    message: str | None = None
    open: list[OpenPlace] = []


class RunView(_Model):
    """A run without its texts and results: those are read from the log where `result_seq` says.

    `cost_usd` sums the known costs and is None while none is known; `cost_complete` is False when some call's price
    is unknown; `max_cost_usd` is what it may come to. `reused_cost_usd` is what the results taken over had cost where
    they were made, and no part of it.
    `asked` are the questions that wait
    for a person's answer, None where there are none. `counts` are a batch's alone: in one that was ended, what waited
    or was under way is cancelled. Times are Unix ms; `duration` is in ms, set when the run has ended.
    """

    run_id: str
    pipeline: str = ""
    title: str | None = None
    status: RunStatus = "queued"
    progress: float = 0.0
    eta_ms: int | None = None
    tail_seq: int = 0
    cost_usd: float | None = None
    cost_complete: bool = True
    max_cost_usd: float | None = None
    reused_cost_usd: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    models: list[str] = []
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    duration: int | None = None
    forked_from: str | None = None
    cancel_requested: bool = False
    asked: list[InputRequiredData] | None = None
    counts: Counts | None = None
    steps: list[StepView] = []
    problem: Problem | None = None
    failed_step: str | None = None
    result_seq: int | None = None
