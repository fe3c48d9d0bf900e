"""How an item is known again: in the log of its batch, and among all runs."""

from events.ids import body_hash
from steps.batch.order import BatchItem, BatchOrder


def mark_of(order: BatchOrder, item: BatchItem) -> str:
    """The same wherever a batch of this name has an item of this key, with the same input for the same pipeline."""
    return body_hash(order.pipeline, [order.name, item.key, item.input]).hex()


def path_of(item: BatchItem) -> str:
    """Where it stands in the log of its batch, as a JSON Pointer."""
    return "/items/" + item.key.replace("~", "~0").replace("/", "~1")


def key_for(mark: str, attempt: int) -> str:
    """The idempotency key of the item's run; the first attempt is 1. Failures have later ones by later batches."""
    return f"batch:{mark}:{attempt}"
