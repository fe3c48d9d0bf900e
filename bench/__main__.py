"""`make bench`: measures everything, tells it, and writes it down.

    python -m bench [--only whole,start] [--quick] [--calm 30] [--json FILE]

Exit code 1 when something misses its aim or cannot be measured. Only a run of all measures, none of them quick, changes
bench/results.json, the pictures in docs/images/bench/ and the table of docs/performance.md; others write what `--json`
names.
"""

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

import psutil
from rich.console import Console

from bench._lab import Lab
from bench._measure import Measure
from bench._plot import draw
from bench._report import as_json, markdown, pictured, table, written_into

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.json"
DOCUMENT = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "images" / "bench"
NAMES = ("whole", "start", "tokens", "burst", "cost", "fanout", "idle", "batches", "long_log")
"""Modules of this folder, in the order of the table. Each has `async def measure(lab: Lab) -> list[Measure]`."""


async def measured(lab: Lab, names: Sequence[str], console: Console) -> tuple[list[Measure], bool]:
    """What was measured, and whether all of it could be: one module that fails takes nothing from the others."""
    found: list[Measure] = []
    whole = True
    for name in names:
        began = time.monotonic()
        console.print(f"[bold]{name}[/]")
        await lab.calm()
        try:
            measures: list[Measure] = await import_module(f"bench.{name}").measure(lab)
        except Exception:
            console.print_exception()
            whole = False
            continue
        for measure in measures:
            missed = measure.holds is False
            lab.tell(f"{measure.name}: {measure.value:.4g} {measure.unit}{' (misses its aim)' if missed else ''}")
        lab.tell(f"{time.monotonic() - began:.0f} s")
        found += measures
    return found, whole


def write_down(lab: Lab, measures: Sequence[Measure], took: float) -> None:
    """bench/results.json, the pictures, and the part of docs/performance.md that is ours."""
    RESULTS.write_text(as_json(measures), encoding="utf-8")
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    pictures = [(plot.title, draw(plot, PICTURES)) for plot in lab.plots]
    said = "\n\n".join([where(lab, took), markdown(measures), pictured(pictures, DOCUMENT)])
    DOCUMENT.write_text(written_into(DOCUMENT.read_text(encoding="utf-8"), said), encoding="utf-8")


def where(lab: Lab, took: float) -> str:
    """The machine, and what else it did."""
    busy = f", which were busy at {max(lab.calm.busy):.0f} % at most before each part" if lab.calm.busy else ""
    python = platform.python_version()
    cores = f"{psutil.cpu_count()} cores{busy}"
    return f"{date.today().isoformat()}, {cores}; Python {python}; {took / 60:.0f} minutes."


async def main(given: argparse.Namespace) -> int:
    console = Console(stderr=True)
    lab = Lab(quick=given.quick, patience=given.calm, console=console)
    began = time.monotonic()
    measures, whole = await measured(lab, given.only, console)
    Console().print(table(f"Stepglass, {date.today().isoformat()}", measures))
    if given.json:
        given.json.write_text(as_json(measures), encoding="utf-8")
    if whole and tuple(given.only) == NAMES and not given.quick:
        write_down(lab, measures, time.monotonic() - began)
    return int(not whole or any(measure.holds is False for measure in measures))


def names(text: str) -> list[str]:
    """Names with commas between them, in the order of the table."""
    asked = [name.strip() for name in text.split(",")]
    if strange := [name for name in asked if name not in NAMES]:
        raise argparse.ArgumentTypeError(f"{', '.join(strange)}: there is {', '.join(NAMES)}")
    return [name for name in NAMES if name in asked]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", type=names, default=list(NAMES), metavar="NAME,…", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see whether it works")
    parser.add_argument("--calm", type=float, default=30, help="seconds to wait for a calm machine (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measures there as well")
    sys.exit(asyncio.run(main(parser.parse_args())))
