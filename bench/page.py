"""How fast the page is: from the click to what is seen, after a reload, and under more text than any model writes.

    python -m bench.page [--runs 10] [--only click,flood,archive,size] [--calm 60] [--page DIR] [--json FILE]

Builds web/, starts what it needs on free ports and in a temporary directory, and drives real Chromium. The exit code is
1 when something is missed that was aimed at.
"""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from bench._archive import Archive
from bench._browser import open_browser
from bench._calm import Calm
from bench._figures import Figure, table
from bench._flood import markdown, outline
from bench._load import Load
from bench._site import open_site
from bench._size import size
from bench._watching import Watching

PARTS = ("click", "flood", "archive", "size")


@dataclass(frozen=True)
class Options:
    runs: int
    only: list[str]
    calm: float
    page: Path | None
    json: Path | None


async def measure(options: Options, calm: Calm) -> list[Figure]:
    watching = Watching()
    loads = [Load("Markdown", "one_pager", markdown, 10), Load("JSON", "framework", outline, 10)]
    archive = Archive()
    async with open_site(options.page) as site, open_browser() as browser:
        if "click" in options.only:
            await Watching().measure(site, browser)  # The first run of a process pays for what others find open.
            for _ in range(options.runs):
                await calm()
                await watching.measure(site, browser)
        for load in loads if "flood" in options.only else []:
            await load.measure(site, browser, 3, calm)
        if "archive" in options.only:
            await archive.measure(site, browser, 3, calm)
    sizes = [await size()] if "size" in options.only else []
    figures = [*watching.figures, *(figure for part in [*loads, archive] for figure in part.figures.values()), *sizes]
    return [figure for figure in figures if figure.values]


def main(options: Options) -> int:
    before = os.getloadavg()[0]
    calm = Calm(options.calm)
    figures = asyncio.run(measure(options, calm))
    console = Console()
    console.print(table(f"The page, {options.runs} runs", figures))
    console.print(f"{os.cpu_count()} cores, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after")
    if calm.busy:
        console.print(f"busy before the measures: median {median(calm.busy):.0f} %, worst {max(calm.busy):.0f} %")
    if options.json:
        options.json.write_text(json.dumps([figure.as_json() for figure in figures], indent=1))
    return 1 if any(figure.holds is False for figure in figures) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="runs for each median (default: 10)")
    parser.add_argument("--only", type=lambda given: given.split(","), default=list(PARTS), help="some of the parts")
    parser.add_argument("--calm", type=float, default=0, help="seconds to wait for others on the machine (default: 0)")
    parser.add_argument("--page", type=Path, help="a built page to measure instead of one built now")
    parser.add_argument("--json", type=Path, help="file for every single value")
    sys.exit(main(Options(**vars(parser.parse_args()))))
