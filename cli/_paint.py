"""A run on the screen: a line per step, the bar, and the end of what is being written."""

import time

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli._terminal import Terminal
from cli._view import Watched, duration_of, is_demo
from cli._words import about, cost, dollars, seconds
from events.contract import now_ms
from events.view import RunView, StepView

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
MARKS = {"pending": "·", "complete": "✔", "error": "✘", "skipped": "−", "retrying": "↻"}
STYLES = {
    "pending": "dim",
    "in_progress": "cyan",
    "retrying": "yellow",
    "complete": "green",
    "error": "red",
    "skipped": "dim",
}
STATUS = {
    "complete": "green",
    "error": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "paused": "yellow",
    "waiting": "yellow",
    "queued": "dim",
}
# Lines of a text that are shown at least, and at most.
FEW, MANY = 3, 12


def moving(watched: Watched, console: Terminal) -> RenderableType:
    """The whole picture while the run goes on, never higher than the terminal."""
    parts: list[RenderableType] = [heading(watched.view), steps(watched.view), bar(watched, console.width)]
    room = console.height - len(watched.view.steps) - 5
    if watched.away:
        parts.append(Text(f"  {watched.away[:1].upper()}{watched.away[1:]}. Trying again …", style="yellow"))
        room -= 1
    return Group(*parts, *writing(watched, console, room))


def heading(view: RunView) -> Text:
    """Which run it is, and whether a real model writes it."""
    name = view.pipeline.replace("_", " ").title() or "Run"
    line = Text.assemble((name, "bold"), "  ", (view.run_id, "dim"), no_wrap=True, overflow="ellipsis")
    if is_demo(view):
        line.append("  demo model, not a real one", style="yellow")
    return line


def steps(view: RunView) -> Table:
    """A line per step: how it stands, how long, which attempt, what it cost."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    table.add_column(width=3, justify="right")
    for overflow in ("ellipsis", "ellipsis", "fold"):
        table.add_column(overflow=overflow, no_wrap=overflow == "ellipsis")
    now = now_ms()
    for step in view.steps:
        style = STYLES[step.status]
        label = Text(step.label, style="" if step.status in ("complete", "in_progress") else style)
        table.add_row(Text(mark(step), style=style), label, Text(timing(step, now), style="dim"), remarks(step))
    return table


def mark(step: StepView) -> str:
    return MARKS.get(step.status) or spin()


def spin() -> str:
    return SPINNER[int(time.monotonic() * 10) % len(SPINNER)]


def timing(step: StepView, now: int) -> str:
    """How long it took; for a step that is not finished also how long it should."""
    expected = about(step.expected_ms.p50 / 1000) if step.expected_ms else ""
    took = duration_of(step, now)
    match step.status:
        case "pending":
            return f"about {expected}" if expected else ""
        case "in_progress" | "retrying" if took is not None:
            return f"{seconds(took)} of about {expected}" if expected else seconds(took)
        case _:
            return seconds(took) if took is not None else ""


def remarks(step: StepView) -> Text:
    """What is not as usual, and the cost."""
    line = Text()
    if step.attempt > 1:
        line.append(f"attempt {step.attempt}  ", style="yellow")
    if step.reused_from:
        spent = step.reused.cost_usd if step.reused else None
        line.append("from an earlier run" + (f" ({dollars(spent)} there)" if spent else "") + "  ", style="dim")
    if step.problem and step.status in ("error", "retrying"):
        line.append(f"{step.problem.title}  ", style=STYLES[step.status])
    if step.cost_usd:
        line.append(dollars(step.cost_usd), style="dim")
    return line


def bar(watched: Watched, width: int) -> Table:
    """How far the whole run is, how long it still takes, what it has cost."""
    view = watched.view
    table = Table.grid(padding=(1, 2, 0, 0))
    table.add_column(width=max(10, min(40, width - 50)))
    style = STATUS.get(view.status, "cyan")
    words = [f"{view.progress:3.0f} %"]
    if view.status == "paused":
        words.append("paused")
    elif view.status == "waiting":
        words.append("waits for an answer")
    elif (left := watched.eta_seconds) is not None:
        words.append(f"about {about(left)} left")
    elif not view.steps:
        words.append("waits for a worker")
    if view.cancel_requested and not watched.ended:
        words.append("stopping")
    if money := cost(view):
        words.append(money)
    table.add_row(ProgressBar(total=100, completed=view.progress, complete_style=style), "   ".join(words))
    return table


def writing(watched: Watched, console: Terminal, room: int) -> list[Panel]:
    """The end of each text that is being written, as many as there is room for: the oldest, so that none jumps."""
    borders = 2
    texts = list(watched.texts.items())[: max(0, room) // (FEW + borders)]
    if not texts:
        return []
    # In the order of the plan: panels that change places cannot be read.
    order = {step.step: number for number, step in enumerate(watched.view.steps)}
    labels = {step.step: step.label for step in watched.view.steps}
    texts.sort(key=lambda item: (order.get(item[0][0], 0), item[0][1] or ""))
    lines = min(MANY, room // len(texts) - borders)
    return [
        Panel(
            end_of(text, console, lines),
            title=Text(labels.get(step, step) + (f" · {lane.replace('_', ' ')}" if lane else "")),
            title_align="left",
            border_style="dim",
            height=lines + borders,
        )
        for (step, lane), text in texts
    ]


def end_of(text: str, console: Terminal, lines: int) -> Text:
    """The last lines of a text as they stand on the screen."""
    wrapped = Text(text.rstrip("\n")).wrap(console, console.width - 4)
    return Text("\n").join(wrapped[-lines:])
