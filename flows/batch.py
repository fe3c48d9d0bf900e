"""Many runs of one pipeline as one run: watched, paused, cancelled, taken over and seen in Prefect like any other."""

from flows._pipeline import Shown, pipeline
from steps.batch.items import items
from steps.batch.order import BatchOrder
from steps.batch.report import BatchReport

ROWS = 200
"""Failures that are shown to operators."""


def shown(report: BatchReport) -> Shown:
    """How many of how many, and a row for each failure."""
    counts = report.counts
    rest = {"skipped": counts.skipped, "failed": counts.failed, "cancelled": counts.cancelled}
    words = [f"{counts.complete:,} of {counts.total:,} complete", *(f"{n:,} {name}" for name, n in rest.items() if n)]
    rows = [
        {"item": each.key, "run": each.run_id, "problem": each.problem.title, "detail": each.problem.detail}
        for each in report.failed[:ROWS]
    ]
    return Shown(headline=", ".join(words), tables={"failures": rows} if rows else {})


@pipeline("Batch", plan={items: ()}, shown=shown, title=lambda order: order.name, aside=True)
async def batch(order: BatchOrder) -> BatchReport:
    """Many inputs of one pipeline, each as a run of its own, so many at once. A batch of the same name that is started
    again does not do again what is complete."""
    return await items(order)
