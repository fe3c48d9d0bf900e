"""`stepglass runs`, `show`, `export`, `cancel`, `pause`, `unpause`: what was run, and what came of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from cli._batch_paint import standing
from cli._client import Api
from cli._errors import BadInput, NoResult
from cli._items import BATCH
from cli._paint import STATUS, heading, steps
from cli._result import pretty, save, show
from cli._results import CSV, LINES, save_results
from cli._terminal import Terminal, document, say, say_json
from cli._words import ago, cost, seconds
from events.contract import now_ms
from events.text import one_line
from events.view import RunView

# Columns of a terminal from which on a run is one line with its title, and with its pipeline, too.
WIDE, WIDER = 112, 144


async def list_runs(
    api: Api, console: Terminal, *, status: str | None, pipeline: str | None, limit: int, json: bool
) -> None:
    """A table of runs, newest first."""
    page = await api.runs(status=status, pipeline=pipeline, limit=limit)
    if json:
        for run in page.runs:
            say_json(run.model_dump_json(exclude_none=True))
        return
    console.print(table_of(page.runs, now_ms(), console.width) if page.runs else "No runs.")
    if page.next_after:
        console.print("There are more: --limit shows up to 200.", style="dim")


def table_of(runs: Sequence[RunView], now: int, width: int) -> Table:
    """A row per run. Its id is what people copy, so it is never cut; where it is narrow it stands below the title."""
    table = Table(header_style="dim", box=None, padding=(0, 2, 0, 0))
    table.add_column("run", no_wrap=True, min_width=36)
    if width < WIDE:
        table.add_column("status", no_wrap=True)
        for run in runs:
            facts = " · ".join(filter(None, facts_of(run, now)))
            table.add_row(above(cut(one_line(run.title or run.pipeline), 36), run.run_id), above(status_of(run), facts))
        return table
    # It gives way: a column that may not wrap is never made narrower.
    table.add_column("title")
    table.add_column("status", no_wrap=True)
    for name in ("took", "cost", "started"):
        table.add_column(name, justify="right", no_wrap=True)
    if width >= WIDER:
        table.add_column("pipeline", no_wrap=True)
    for run in runs:
        title = Text(one_line(run.title or run.pipeline), no_wrap=True, overflow="ellipsis")
        pipeline = [run.pipeline] if width >= WIDER else []
        table.add_row(run.run_id, title, status_of(run), *facts_of(run, now), *pipeline)
    return table


def facts_of(run: RunView, now: int) -> tuple[str, str, str]:
    """How long it took, what it cost, when it was started."""
    took = seconds(run.duration / 1000) if run.duration is not None else ""
    started = ago(max(0, now - run.created_at) / 1000) if run.created_at else ""
    return took, cost(run), started


def above(first: Text, second: str) -> Text:
    return Text.assemble(first, "\n", (second, "dim"))


def cut(words: str, cells: int) -> Text:
    text = Text(words)
    text.truncate(cells, overflow="ellipsis")
    return text


def status_of(run: RunView) -> Text:
    status = Text(run.status, style=STATUS.get(run.status, ""))
    if run.ended_at is None:
        return status.append(f" {run.progress:.0f} %")
    if run.counts and run.counts.failed:
        status.append(f", {run.counts.failed:,} failed", style="red")
    return status


async def show_run(api: Api, console: Terminal, run_id: UUID, *, json: bool) -> None:
    """One run: its steps, and its result or its problem."""
    view = await api.view(run_id)
    if json:
        say_json(view.model_dump_json(indent=2, exclude_none=True))
        return
    how = [standing(view)] if view.pipeline == BATCH else [heading(view), steps(view)]
    console.print(*how, "", sep="\n")
    if view.forked_from:
        console.print(f"It does run {view.forked_from} again.", style="dim")
    for fork in view.forks:
        console.print(f"It was done again as run {fork}.", style="dim")
    if view.ended_at is not None:
        if view.pipeline == BATCH:
            view = await api.with_cost(view)
        show(console, view, view.result)
    else:
        console.print(f"{view.progress:.0f} % · {view.status}. Watch it:  stepglass watch {run_id}", style="dim")
        for asked in view.asked or ():
            console.print(f"\n{asked.prompt}")
            console.print(f"Answer it:  stepglass answer {run_id} {asked.input_id}", style="dim")


async def export(api: Api, run_id: UUID, *, kind: str, output: Path | None, version: int | None = None) -> None:
    """The one-pager as Markdown, the whole result as JSON, or a batch's results as JSON lines or CSV, to a file or the
    standard output."""
    if kind in ("jsonl", "csv"):
        return await save_results(api, run_id, output, CSV if kind == "csv" else LINES)
    if kind == "md" and version is not None:
        raise BadInput("Only the framework has versions; the one-pager is what the run wrote. Add --format json.")
    text = await api.one_pager(run_id) if kind == "md" else pretty(await worked_on(api, run_id, version))
    text = text.rstrip("\n") + "\n"
    if output is None:
        document(json=kind != "md")(text.encode())
    else:
        await asyncio.to_thread(save, output, text)


async def worked_on(api: Api, run_id: UUID, version: int | None) -> JsonValue:
    """The result of a run, its framework and scores as they are now, or were at `version`: people may have worked on
    them since."""
    result = await api.result(run_id)
    try:
        document = await api.framework(run_id, version)
    except NoResult:
        if version is not None:
            raise
        return result
    assert isinstance(result, dict)  # There is a document in it.
    return {**result, **{name: document[name] for name in ("version", "framework", "scores")}}


async def cancel_run(api: Api, run_id: UUID) -> None:
    """Ask for the end of a run."""
    status = await api.cancel(run_id)
    say("Cancelled." if status == "cancelled" else "Asked to stop; its worker ends it at once.")


async def pause_run(api: Api, run_id: UUID) -> None:
    """Let no further step begin."""
    await api.pause(run_id)
    say(f"Paused; steps that are at work end first. Go on:  stepglass unpause {run_id}")


async def unpause_run(api: Api, run_id: UUID) -> None:
    """Let it go on."""
    say(f"It is {await api.unpause(run_id)}. Watch it:  stepglass watch {run_id}")
