"""Which pipelines there are. Cheap to import: no engine, no Prefect."""

from flows._document import Document, Form
from flows._fork import NoSuchStep, NothingToRetry, fork
from flows._pipeline import Example, Pipeline
from flows.batch import batch
from flows.refine import refine
from flows.vision_framework import vision_framework
from steps.batch.order import MOST_ITEMS, BatchItem, BatchOrder, key_of

__all__ = [
    "CATALOGUE",
    "MOST_ITEMS",
    "BatchItem",
    "BatchOrder",
    "Document",
    "Example",
    "Form",
    "NoSuchStep",
    "NothingToRetry",
    "Pipeline",
    "find",
    "fork",
    "key_of",
]

CATALOGUE: dict[str, Pipeline] = {each.name: each for each in (vision_framework, refine, batch)}


def find(name: str) -> Pipeline:
    """The pipeline of this name. Raises `LookupError` with the names that there are."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise LookupError(f"No pipeline {name!r}: there is {', '.join(CATALOGUE)}.") from None
