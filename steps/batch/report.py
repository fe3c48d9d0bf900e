"""What came of a batch."""

from pydantic import BaseModel

from events.contract import Counts, Problem

MOST_FAILURES = 1_000


class Failure(BaseModel):
    """An item without a result. `run_id` is None where not even a run could be started."""

    key: str
    run_id: str | None = None
    problem: Problem


class BatchReport(BaseModel):
    """How many items stand how, and the first failures, in the order of the items."""

    counts: Counts
    failed: list[Failure] = []
