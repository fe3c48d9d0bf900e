"""Faults that are put into our processes to see whether the harness finds them. Each is a mistake one could make."""

from typing import Any

from api import watch
from flows import _opening
from steps import _journal


def parts_are_forgotten() -> None:
    """Whoever goes on with a run does not look for the calls that its lost worker had paid for."""
    plain = _journal.Journal.of

    def of(entries: Any) -> _journal.Journal:
        journal = plain(entries)
        journal.checkpoints.clear()
        return journal

    _journal.Journal.of = staticmethod(of)  # pyright: ignore[reportAttributeAccessIssue]


def text_stays() -> None:
    """What a lost worker had written is not withdrawn."""
    _opening.withdrawals = lambda journal: []


def viewers_skip() -> None:
    """Who comes back early in a run is sent on from one event too far."""
    plain = watch.cursor

    def cursor(request: Any) -> int | None:
        after = plain(request)
        return after + 1 if after and 3 <= after <= 20 else after

    watch.cursor = cursor
