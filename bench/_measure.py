"""One number that was measured, what it is held against, and whether it holds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """`against` names what `value` is a ratio to, or a difference from; None where it stands for itself.

    `most` and `least` are what is aimed at; without them the number is told as it is.
    """

    name: str
    value: float
    unit: str
    against: str | None = None
    most: float | None = None
    least: float | None = None

    @property
    def aim(self) -> str | None:
        said = [f"at most {self.most:g}"] if self.most is not None else []
        said += [f"at least {self.least:g}"] if self.least is not None else []
        return " and ".join(said) or None

    @property
    def holds(self) -> bool | None:
        """None where nothing is aimed at. A value that is no number holds nothing."""
        if self.aim is None:
            return None
        above = self.least is None or self.value >= self.least
        below = self.most is None or self.value <= self.most
        return above and below

    def as_json(self) -> dict[str, Any]:
        """`{name, value, unit, against, aim, holds}`."""
        plain = {"name": self.name, "value": self.value, "unit": self.unit, "against": self.against}
        return {**plain, "aim": self.aim, "holds": self.holds}
