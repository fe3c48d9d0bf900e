"""A picture of what was measured, for docs/performance.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import Any, Literal

Point = tuple[float, float]
COLOURS = ("#2f6f4f", "#b3541e", "#3b5b92", "#8a6d1d", "#7a3b69", "#4d4d4d")
"""Ours first. All of them readable on white and on black."""


@dataclass(frozen=True, slots=True)
class Plot:
    """`lines`: points by contestant. `bars`: for each contestant one value a label, in the order of `labels`, given as
    points whose first member is not looked at. `name` is that of the file, without its ending."""

    name: str
    title: str
    x: str
    y: str
    series: Mapping[str, Sequence[Point]]
    kind: Literal["lines", "bars"] = "lines"
    labels: Sequence[str] = ()
    log_y: bool = False


def draw(plot: Plot, folder: Path) -> Path:
    """Write `folder`/`plot.name`.svg, the same bytes for the same numbers. Needs matplotlib."""
    import_module("matplotlib").use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")  # its types leave half of it open
    looks = {"svg.hashsalt": plot.name, "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(looks):
        figure, axes = pyplot.subplots(figsize=(7.2, 3.6), layout="constrained")
        try:
            (_bars if plot.kind == "bars" else _lines)(axes, plot)
            axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
            if plot.log_y:
                axes.set_yscale("log")
            else:
                axes.set_ylim(bottom=0)
            axes.grid(axis="y", alpha=0.3)
            if len(plot.series) > 1:
                axes.legend(frameon=False)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{plot.name}.svg"
            figure.savefig(path, metadata={"Date": None})
        finally:
            pyplot.close(figure)
    return path


def _lines(axes: Any, plot: Plot) -> None:
    for number, (label, points) in enumerate(plot.series.items()):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        axes.plot(xs, ys, label=label, color=COLOURS[number % len(COLOURS)], marker="o" if len(points) < 30 else None)


def _bars(axes: Any, plot: Plot) -> None:
    wide = 0.8 / len(plot.series)
    for number, (label, points) in enumerate(plot.series.items()):
        places = [place + (number + 0.5) * wide - 0.4 for place in range(len(points))]
        drawn = axes.bar(places, [y for _, y in points], wide * 0.9, label=label, color=COLOURS[number % len(COLOURS)])
        axes.bar_label(drawn, fmt="{:,.3g}", fontsize=8)
    axes.set_xticks(range(len(plot.labels)), [fill(label, 72 // len(plot.labels)) for label in plot.labels])
