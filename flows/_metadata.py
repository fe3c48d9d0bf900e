"""What a run took, for the document that comes out of it."""

from datetime import UTC, datetime

from events.contract import now_ms
from steps._place import current_run
from steps.vision_framework.result import Cost, Metadata


def metadata() -> Metadata:
    """Of the run that is being carried, over all the workers that ever carried it; failed calls are counted.

    What an earlier run had paid for is none of its cost, although the models that wrote it wrote the document, too.
    """
    run = current_run()
    unknown = any(usage.cost_usd is None for usage in run.usages)
    return Metadata(
        models_used=sorted({usage.model for usage in run.usages} | run.journal.models),
        generated_at=datetime.now(UTC),
        duration_ms=max(0, now_ms() - run.journal.queued_ts),
        cost=Cost(
            total_usd=None if unknown else run.cost_usd,
            input_tokens=sum(usage.input_tokens for usage in run.usages),
            output_tokens=sum(usage.output_tokens for usage in run.usages),
        ),
    )
