"""What becomes of a run's document after the run: who changed what and when, and the way back and forth.

Each act (an edit, a refinement, an undo, a redo) is a version with the next number. An undo goes on from an earlier
content in a version of its own, so that no content is ever rewritten. Of a long history the oldest versions are
dropped: undo passes over them to the first one, which is what the run wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

MOST_VERSIONS = 200
Kind = Literal["run", "edit", "refine", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class Version:
    """An act, and the content that it shows: its own (`shows` is its number) or that of an earlier one.

    `back` is the version whose content stands before that one, None for the first; `ahead` those that were undone, the
    next to be redone first. `sections` names what the act changed. `by` is None for what the run wrote; `at` is None
    until it is stored: then it is the time on the store's clock. `refined_by` is the run that a refinement came from.
    """

    number: int
    kind: Kind
    content: JsonValue
    shows: int
    back: int | None = None
    ahead: tuple[int, ...] = ()
    sections: tuple[str, ...] = ()
    by: str | None = None
    at: datetime | None = None
    refined_by: UUID | None = None


def written_by_run(content: JsonValue, at: datetime) -> Version:
    """The first version: what the run ended with, and when."""
    return Version(1, "run", content, shows=1, at=at)


def changed(
    last: Version, content: JsonValue, sections: Sequence[str], by: str, refined_by: UUID | None = None
) -> Version:
    """The version behind `last` with a new content. What was undone before it can no longer be redone."""
    kind: Kind = "edit" if refined_by is None else "refine"
    number = last.number + 1
    return Version(number, kind, content, number, last.shows, (), tuple(sections), by, refined_by=refined_by)


def undone(last: Version, shown: Version, before: Version, by: str) -> Version:
    """Back from what `last` shows to `before`; `shown` is the version that made it, `before` the one at `last.back`."""
    ahead, number = (last.shows, *last.ahead), last.number + 1
    # Without `refined_by`: whichever refinement wrote what stands there now is not what this act is about.
    return Version(number, "undo", before.content, before.shows, before.back, ahead, shown.sections, by)


def redone(last: Version, again: Version, by: str) -> Version:
    """Forth again to `again`, the version at `last.ahead[0]`."""
    return replace(again, number=last.number + 1, kind="redo", ahead=last.ahead[1:], by=by, at=None)


def forgotten(history: Sequence[Version]) -> dict[int, int | None]:
    """The numbers that are dropped from a whole history, oldest first, each with the version that stood before it.

    Kept are the last acts and what they show, as many steps of undo, every step of redo, and what the run wrote.
    """
    last, before = history[-1], {version.number: version.back for version in history}
    kept = {1, *last.ahead, *(version.number for version in history[-MOST_VERSIONS:])}
    kept |= {version.shows for version in history if version.number in kept}
    number = last.back
    for _ in range(MOST_VERSIONS):
        if number is None:
            break
        kept.add(number)
        number = before[number]
    return {number: back for number, back in before.items() if number not in kept}


def led_around(version: Version, gone: Mapping[int, int | None]) -> Version:
    """With its ways back and forth leading past what is `gone`, as if that had never been."""
    back = version.back
    while back is not None and back in gone:
        back = gone[back]
    return replace(version, back=back, ahead=tuple(number for number in version.ahead if number not in gone))


class Versions(Protocol):
    """Every call is about a run of `tenant`; of another's there is nothing."""

    async def last(self, run_id: UUID, tenant: str) -> Version | None:
        """The version that holds. None as long as nobody has changed anything: then it is what the run wrote."""
        ...

    async def find(self, run_id: UUID, tenant: str, number: int) -> Version | None: ...

    async def page(self, run_id: UUID, tenant: str, before: int | None = None, limit: int = 50) -> list[Version]:
        """Versions below `before`, newest first, each with None for its content: a document may be large."""
        ...

    async def add(self, run_id: UUID, tenant: str, *versions: Version) -> Version:
        """Store `versions`, all or none, and give the last one as it is stored. Drops the oldest beyond
        `MOST_VERSIONS`.

        They are stored once, also when the answer of the database is lost and they are sent again.

        Raises `Outrun` when somebody else added one of these numbers before, `UnknownRun`, `StoreUnavailable`.
        """
        ...
