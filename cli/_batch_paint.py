"""A batch on the screen: how its items stand, those under way, those that ended last, those that failed and why."""

import re
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli._items import Item
from cli._paint import STATUS, spin
from cli._terminal import Terminal
from cli._view import Watched
from cli._words import about, cost, seconds
from events.contract import Counts, now_ms
from events.text import one_line
from events.view import RunView

# What a batch says when it waits for nothing but its items: how many are done stands above already.
COUNTED = re.compile(r"[\d,]+ of [\d,]+ done")
# Cells for a key, and rows for failures at the end and while it goes on.
KEY, FAILURES, FEW = 32, 20, 5
MARKS = {"complete": ("✔", "green"), "error": ("✘", "red"), "cancelled": ("−", "yellow")}
PARTS = (("complete", "green"), ("failed", "red"), ("cancelled", "yellow"), ("running", "cyan"), ("waiting", "dim"))


def moving(watched: Watched, console: Terminal) -> RenderableType:
    """The whole picture while the batch goes on, never higher than the terminal."""
    parts: list[RenderableType] = [heading(watched.view), counts(watched.view), Text(""), bar(watched, console.width)]
    room = console.height - 6
    if words := waits_for(watched):
        parts.append(Text(f"  {words}", style="yellow", no_wrap=True, overflow="ellipsis"))
        room -= 1
    failed = list(watched.items.failed.values())[-FEW:] if room > 12 else []
    room -= len(failed) + bool(failed)
    # Who was asked which are under way was so a moment ago.
    over = {item.run_id for item in watched.items.last}
    under_way = [run for run in watched.items.running if run.run_id not in over]
    going = running(under_way, max(0, (room - 2) * 2 // 3))
    room -= going.row_count + 2
    ended = [item for item in reversed(watched.items.last) if item.status == "complete"][: max(0, room)]
    return Group(*parts, Text(""), going, rows(ended), *([Text(""), rows(failed)] if failed else []))


def heading(view: RunView) -> Text:
    """Which batch it is."""
    name = one_line(view.title or "")
    words = (("Batch ", "bold"), (name, "bold"), "  ", (view.run_id, "dim"))
    return Text.assemble(*words, no_wrap=True, overflow="ellipsis")


def standing(view: RunView) -> RenderableType:
    """Which batch, and how it stands now."""
    return Group(heading(view), counts(view))


def counts(view: RunView) -> Text:
    """How the items stand, in words."""
    line = Text("  ", no_wrap=True, overflow="ellipsis")
    if view.counts is None:
        return line.append("looks at its items" if view.steps else "waits for a worker", style="dim")
    found = [(getattr(view.counts, name), name, style) for name, style in PARTS]
    for number, name, style in found:
        if number or name == "complete":
            line.append(f"{number:,} {name}", style=style)
            if name == "complete" and view.counts.skipped:
                line.append(f" ({view.counts.skipped:,} skipped)", style="dim")
            line.append("   ")
    return line.append(f"of {view.counts.total:,}", style="dim")


def bar(watched: Watched, width: int) -> Text:
    """All items side by side, by how they stand; and how long it still takes."""
    view = watched.view
    line = Text("  ", no_wrap=True)
    if view.counts is not None:
        line.append_text(stripes(view.counts, max(10, min(60, width - 40))))
    words = [f"{view.progress:3.0f} %"]
    if view.status == "paused":
        words.append("paused")
    elif (left := watched.eta_seconds) is not None:
        words.append(f"about {about(left)} left")
    if view.cancel_requested and not watched.ended:
        words.append("stopping")
    return line.append("  " + "   ".join(words), style=STATUS.get(view.status, "") if view.status == "paused" else "")


def stripes(of: Counts, cells: int) -> Text:
    """Every kind that there is has a cell at least, as long as there are cells."""
    line, left, rest = Text(), cells, of.total
    for name, style in PARTS:
        number = getattr(of, name)
        wide = left if number == rest else min(left, max(1, round(left * number / rest))) if number else 0
        line.append(("─" if name == "waiting" else "━") * wide, style=style)
        left, rest = left - wide, max(1, rest - number)
    return line


def waits_for(watched: Watched) -> str:
    """What is not as usual: a connection that is gone, a limit that is reached."""
    if watched.away:
        return f"{watched.away[:1].upper()}{watched.away[1:]}. Trying again …"
    step = next((step for step in watched.view.steps if step.status == "in_progress"), None)
    if step is None or step.message in (None, step.label):
        return ""
    # How many are done stands above already.
    return "" if COUNTED.match(step.message) else one_line(step.message)


def running(runs: Sequence[RunView], most: int) -> Table:
    """A row for each run under way: what it is called, what it is at, how far, for how long."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=3, justify="right")
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    now, shown = now_ms(), runs if len(runs) <= most else runs[: max(0, most - 1)]
    for run in shown:
        step = next((step.label for step in reversed(run.steps) if step.status in ("in_progress", "retrying")), "")
        since = seconds(max(0, now - run.started_at) / 1000) if run.started_at else ""
        title = Text(one_line(run.title or run.run_id))
        title.truncate(KEY, overflow="ellipsis")
        facts = Text(f"{run.progress:.0f} %  {since}", style="dim")
        table.add_row(Text(spin(), style="cyan"), title, Text(step or run.status), facts)
    if len(shown) < len(runs) and most:
        table.add_row("", Text(f"and {len(runs) - len(shown)} more", style="dim"))
    return table


def rows(items: Sequence[Item], *, whole: bool = False) -> Table:
    """A row for each item that has ended, and why where it failed: on one line, or the `whole` of it."""
    keys = [Text(one_line(item.key)) for item in items]
    for key in keys:
        key.truncate(KEY, overflow="ellipsis")
    table = Table.grid(padding=(0, 2, 0, 0), expand=not whole)
    table.add_column(width=3, justify="right")
    table.add_column(width=max((key.cell_len for key in keys), default=0))
    table.add_column(no_wrap=not whole, overflow="fold" if whole else "ellipsis", ratio=None if whole else 1)
    for item, key in zip(items, keys, strict=True):
        mark, style = MARKS[item.status]
        table.add_row(Text(mark, style=style), key, Text(item.why, style="" if item.status == "error" else "dim"))
    return table


def ending(view: RunView, failed: Sequence[Item]) -> RenderableType:
    """What came of it: how it ended, and the failures, each with its reason."""
    many = view.counts.failed if view.counts else len(failed)
    parts: list[RenderableType] = []
    if failed:
        parts = [rows(failed[:FAILURES], whole=True)]
        if more := max(many, len(failed)) - len(failed[:FAILURES]):
            parts.append(Text(f"    and {more:,} more", style="dim"))
        parts.append(Text(""))
    return Group(*parts, closing(view))


def closing(view: RunView) -> Text:
    """One line: how it ended, how many of how many, how long it took, what its runs have cost."""
    words = [view.status.capitalize()]
    if view.duration is not None:
        words[0] += f" in {seconds(view.duration / 1000)}"
    if of := view.counts:
        words.append(f"{of.complete:,} of {of.total:,} complete" + (f" ({of.skipped:,} skipped)" if of.skipped else ""))
        words += [f"{number:,} {name}" for name in ("failed", "cancelled") if (number := getattr(of, name))]
    words += [spent] if (spent := cost(view)) else []
    well = view.status == "complete" and not (view.counts and (view.counts.failed or view.counts.cancelled))
    return Text(" · ".join(words), style="bold green" if well else "bold")
