"""What a viewer knows of the items of a batch: which ended last, which failed and why, and which are under way."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pydantic import BaseModel, ValidationError

from events.contract import Partial, PartialWithdrawn, Problem
from events.text import one_line
from events.view import RunView

BATCH = "batch"
# Of those that ended, the most that are kept to be shown; failures are kept as long as there is memory for a report.
LAST, MOST_FAILED = 50, 1000
PREFIX = "/items/"


class Item(BaseModel):
    """An item that has ended, as the log of its batch tells it."""

    key: str
    run_id: str | None = None
    status: Literal["complete", "error", "cancelled"]
    skipped: bool = False
    problem: Problem | None = None

    @property
    def why(self) -> str:
        """What went wrong, on one line."""
        if self.problem is None:
            return ""
        return one_line(f"{self.problem.title}: {self.problem.detail}")


@dataclass
class Items:
    """`failed` by where they stand: told again, an item is what it was told to be last. `running` are the runs under
    way, as somebody who asked saw them."""

    last: deque[Item] = field(default_factory=lambda: deque[Item](maxlen=LAST))
    failed: dict[str, Item] = field(default_factory=dict[str, Item])
    running: Sequence[RunView] = ()

    def hear(self, event: Partial | PartialWithdrawn) -> None:
        path = event.data.path
        self.failed.pop(path, None)
        if isinstance(event, Partial) and (item := item_in(path, event.data.value)) is not None:
            self._note(path, item)

    def start_over(self, partials: Mapping[str, Any]) -> None:
        """From a snapshot: nothing that was known before holds any more."""
        self.last.clear()
        self.failed.clear()
        for path, value in partials.items():
            if (item := item_in(path, value)) is not None:
                self._note(path, item)

    def _note(self, path: str, item: Item) -> None:
        if not item.skipped:
            self.last.append(item)
        if item.status != "complete" and len(self.failed) < MOST_FAILED:
            self.failed[path] = item


def item_in(path: str, value: Any) -> Item | None:
    """None for a part that is no item."""
    if not path.startswith(PREFIX):
        return None
    try:
        return Item.model_validate(value)
    except ValidationError:
        return None


def failures_in(result: Any) -> list[Item]:
    """Those that the report of a batch lists, which is its result."""
    failed = cast("dict[str, Any]", result).get("failed") if isinstance(result, dict) else None
    listed = cast("list[Any]", failed) if isinstance(failed, list) else []
    told = [{"status": "error", **cast("dict[str, Any]", each)} for each in listed if isinstance(each, dict)]
    return [item for each in told if (item := item_in(PREFIX, each)) is not None]
