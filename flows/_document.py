"""What of a result people go on working on after the run: the seam between a pipeline and those who keep versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, JsonValue


class Form(Protocol):
    """A document as it is at one moment, in named sections. A value: every change gives another one.

    `patch` is the type of a change, for whoever describes it; `wish` what may be asked of a refinement.
    """

    patch: ClassVar[Any]
    wish: ClassVar[type[BaseModel]]

    @classmethod
    def read(cls, content: JsonValue) -> Self | None:
        """The document in a result, or as it was kept; None where there is none of this form."""
        ...

    @property
    def content(self) -> dict[str, JsonValue]:
        """As it is kept."""
        ...

    def edited(self, patch: JsonValue) -> Self:
        """With what a merge patch (RFC 7396) changes. Raises `ValidationError`, its places those in `patch`."""
        ...

    def changed_since(self, before: Self) -> Sequence[str]:
        """The sections in which it differs from `before`; none, and there is nothing to keep."""
        ...

    def refinement(self, wish: BaseModel, given: JsonValue) -> dict[str, JsonValue] | None:
        """The input of the run that fulfils `wish`; `given` is what the document's own run was started with.

        None where a run that was started with that cannot be refined.
        """
        ...

    def refined(self, result: JsonValue) -> Self | None:
        """With the result of a refinement in it. None where it is no longer what the refinement began with.

        Raises `ValueError` for a result that is no refinement's.
        """
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """The form that it has, and the name of the pipeline that refines it."""

    form: type[Form]
    refiner: str
