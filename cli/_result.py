"""What a run ends with, for people: the one-pager, the scores, the section as it is now, or what went wrong."""

import json
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli import _batch_paint as batch
from cli._errors import lines_of
from cli._items import failures_in
from cli._terminal import Terminal, complain
from cli._view import is_demo
from cli._words import cost, seconds, tokens
from events.view import RunView

BADGES = {"excellent": "green", "good": "yellow", "needs_work": "red"}
MARKS = ("specificity", "actionability", "alignment", "measurability")


def ending(view: RunView, result: JsonValue) -> RenderableType:
    """Everything to be said of a run that has ended."""
    if view.counts is not None:
        trouble = [] if view.status == "complete" else [failure(view)]
        return Group(*trouble, batch.ending(view, failures_in(result)))
    if view.status != "complete":
        return Group(failure(view), closing(view))
    match result:
        case {"one_pager": page, "scores": dict(scores)}:
            qa = cast("dict[str, Any]", result).get("qa")
            return Group(
                one_pager(markdown_of(page)), score_table(cast("dict[str, Any]", scores)), quality(qa), closing(view)
            )
        case {"section": str(section), "before": before, "after": after}:
            return Group(refined(section, before, after, cast("dict[str, Any]", result)), closing(view))
        case _:
            return Group(Text(pretty(result)), closing(view))


def markdown_of(page: Any) -> str:
    """The one-pager's Markdown: a string, or the `markdown` of an object."""
    match page:
        case {"markdown": str(text)} | str(text):
            return text
        case _:
            return pretty(page)


def one_pager(text: str) -> RenderableType:
    """Links are written out: a terminal would show a text, and hide where it leads."""
    return Panel(Markdown(text, hyperlinks=False), title="One-pager", title_align="left", padding=(1, 2))


def score_table(scores: dict[str, Any]) -> Table:
    """A row per section: overall score with its badge, and the marks that it comes from."""
    table = Table(title="Scores", title_justify="left", title_style="bold", header_style="dim")
    table.add_column("section")
    for name in ("score", "badge", *MARKS):
        table.add_column(name, justify="left" if name == "badge" else "right")
    for section, card in scores.items():
        marks = [number(card.get(name)) for name in MARKS]
        table.add_row(title(section), number(card.get("overall")), badge(card), *marks)
    return table


def badge(card: dict[str, Any]) -> Text:
    name = str(card.get("badge", ""))
    words = "needs attention" if name == "needs_work" else name.replace("_", " ")
    return Text(words, style=f"bold {BADGES.get(name, '')}")


def number(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def quality(report: Any) -> Text:
    """The QA checks on one line, and what to do about them."""
    line = Text()
    match report:
        case {"overall_score": score}:
            line.append(f"QA {number(score)} of 10  ", style="bold")
        case _:
            return line
    for name, check in cast("dict[str, Any]", report).items():
        match check:
            case {"passed": bool(passed)}:
                line.append(f"{'✔' if passed else '✘'} {name}  ", style="green" if passed else "red")
            case _:
                pass
    for hint in cast("dict[str, Any]", report).get("recommendations") or ():
        line.append(f"\n  → {hint}")
    return line


def refined(section: str, before: Any, after: Any, result: dict[str, Any]) -> RenderableType:
    """A section before and after, with both scores."""
    table = Table(title=title(section), title_justify="left", title_style="bold", show_lines=True, expand=True)
    for name, card in (("before", result.get("score_before")), ("after", result.get("score_after"))):
        marks = cast("dict[str, Any]", card or {})
        table.add_column(Text.assemble(f"{name}  {number(marks.get('overall'))} ", badge(marks)), ratio=1)
    table.add_row(Text(readable(before)), Text(readable(after)))
    return table


def readable(value: Any) -> str:
    """A section as people read it: a text, or a list with a dash before each item."""
    match value:
        case str():
            return value
        case list():
            items = cast("list[Any]", value)
            return "\n".join(
                f"- {item if isinstance(item, str) else ', '.join(map(str, item.values()))}" for item in items
            )
        case _:
            return pretty(value)


def failure(view: RunView) -> RenderableType:
    """Why there is no result."""
    if view.status == "cancelled":
        return Text("Cancelled.", style="bold yellow")
    if view.problem is None:
        return Text(f"The run is {view.status}.", style="bold")
    labels = {step.step: step.label for step in view.steps}
    where = labels.get(view.failed_step or "", view.failed_step or "")
    lines = [view.problem.detail, *lines_of(view.problem.errors or ())]
    head = f"{where}: {view.problem.title}" if where else view.problem.title
    return Panel(Text("\n".join(lines)), title=Text(head), title_align="left", border_style="red")


def closing(view: RunView) -> Text:
    """One line: how it ended, how long it took, what it cost, who wrote it."""
    words = [view.status.capitalize()]
    if view.duration is not None:
        words[0] += f" in {seconds(view.duration / 1000)}"
    words += [part for part in (cost(view), tokens(view)) if part]
    if view.models:
        words.append(", ".join(view.models) + (" (a demo, not a real model)" if is_demo(view) else ""))
    return Text(" · ".join(words), style="bold green" if view.status == "complete" else "bold")


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def show(console: Terminal, view: RunView, result: JsonValue) -> None:
    """Print the end of a run. Where it is no terminal, the one-pager is printed as the Markdown that it is."""
    match result:
        case {"one_pager": page, "scores": _} if not console.is_terminal and view.status == "complete":
            console.print(markdown_of(page), soft_wrap=True)
            rest = cast("dict[str, Any]", result)
            console.print(Group(score_table(rest["scores"]), quality(rest.get("qa")), closing(view)))
        case _:
            console.print(ending(view, result))


def exported(result: JsonValue, *, markdown: bool) -> str:
    """A result as a file: the one-pager alone, where there is one and it is wanted, else all of it as JSON."""
    match result:
        case {"one_pager": page} if markdown:
            return markdown_of(page)
        case _:
            return pretty(result)


def save(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    complain(f"Saved {path}")
