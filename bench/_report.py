"""What came of the measures: for the eye, for a program, and for docs/performance.md."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from bench._measure import Measure

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"
_HOLDS = {None: "", True: "yes", False: "no"}
HEADINGS = ("measure", "value", "against", "aim", "holds")


def row(measure: Measure) -> list[str]:
    unit = f" {measure.unit}" if measure.unit else ""
    value = f"{number(measure.value)}{unit}"
    return [measure.name, value, measure.against or "", measure.aim or "", _HOLDS[measure.holds]]


def number(value: float) -> str:
    """Three figures, and no more than can be read; thousands stay whole."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(title: str, measures: Sequence[Measure]) -> Table:
    """For a terminal."""
    shown = Table(*HEADINGS, title=title)
    for measure in measures:
        shown.add_row(*row(measure), style="bold red" if measure.holds is False else "")
    return shown


def markdown(measures: Sequence[Measure]) -> str:
    lines = [HEADINGS, ["---", "---:", "---", "---", "---"], *(row(measure) for measure in measures)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def as_json(measures: Sequence[Measure]) -> str:
    return json.dumps({"measures": [measure.as_json() for measure in measures]}, indent=2, ensure_ascii=False) + "\n"


def written_into(document: str, said: str) -> str:
    """The document with `said` between our two marks. Raises `ValueError` where they are not, each once, in order."""
    if document.count(BEGIN) != 1 or document.count(END) != 1 or document.index(BEGIN) > document.index(END):
        raise ValueError(f"Expected {BEGIN!r} and behind it {END!r}, each of them once.")
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{said.strip()}\n\n{END}{rest.partition(END)[2]}"


def pictured(pictures: Sequence[tuple[str, Path]], document: Path) -> str:
    """Links to pictures, each with its title, from where `document` is."""
    return "\n\n".join(f"![{title}]({path.relative_to(document.parent)})" for title, path in pictures)
