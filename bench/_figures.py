"""What was measured, what was aimed at, and whether it holds."""

import statistics
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table


@dataclass
class Figure:
    """Values of one measure. It holds when the worst of them is within `aim` (at most, or at least `aim`)."""

    name: str
    unit: str
    aim: float | None = None
    at_least: bool = False
    values: list[float] = field(default_factory=list[float])

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p90(self) -> float:
        ordered = sorted(self.values, reverse=self.at_least)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]

    @property
    def worst(self) -> float:
        return min(self.values) if self.at_least else max(self.values)

    @property
    def best(self) -> float:
        """What it is when nothing comes in between: the one value that a busy machine cannot make worse."""
        return max(self.values) if self.at_least else min(self.values)

    @property
    def holds(self) -> bool | None:
        """None where nothing is aimed at."""
        if self.aim is None:
            return None
        return bool(self.values) and (self.worst >= self.aim if self.at_least else self.worst <= self.aim)

    def as_json(self) -> dict[str, Any]:
        said = {"name": self.name, "unit": self.unit, "aim": self.aim, "holds": self.holds, "values": self.values}
        return {**said, "best": self.best, "median": self.median, "p90": self.p90, "worst": self.worst}


def table(title: str, figures: list[Figure]) -> Table:
    shown = Table("measure", "best", "median", "p90", "worst", "aim", "holds", title=title)
    for figure in figures:
        aim = "" if figure.aim is None else f"{'≥' if figure.at_least else '≤'} {figure.aim:,g} {figure.unit}"
        holds = {None: "", True: "yes", False: "[bold red]no[/]"}[figure.holds]
        several = [figure.best, figure.median, figure.p90] if len(figure.values) > 1 else ["", "", ""]
        values = [*several, figure.worst]
        words = [
            value if isinstance(value, str) else f"{value:,.{1 if figure.unit != 'ms' else 0}f}" for value in values
        ]
        shown.add_row(f"{figure.name}, {figure.unit}", *words, aim, holds)
    return shown
