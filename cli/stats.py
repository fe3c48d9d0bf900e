"""`stepglass stats`: how the last days have been."""

from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from cli._client import Api
from cli._paint import STATUS
from cli._terminal import Terminal, say_json
from cli._words import ago, dollars, seconds
from events.contract import now_ms


class RunCounts(BaseModel):
    total: int
    by_status: dict[str, int]


class StepTimes(BaseModel):
    pipeline: str
    step: str
    runs: int
    p50_ms: int | None
    p90_ms: int | None
    failed: int


class Failure(BaseModel):
    title: str
    step: str | None
    runs: int


class Usage(BaseModel):
    day: str
    runs: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cost_complete: bool = True


class Alert(BaseModel):
    kind: str
    pipeline: str | None = None
    step: str | None = None
    value: float
    limit: float
    since: int


class Stats(BaseModel):
    """What `GET /api/stats` tells, as far as it is shown."""

    days: int
    runs: RunCounts
    steps: list[StepTimes]
    failures: list[Failure]
    usage: list[Usage]
    viewers: int
    abandoned: int
    prefect_owed: int
    alerts: list[Alert] = []


async def show_stats(api: Api, console: Terminal, *, days: int, json: bool) -> None:
    """A line on the runs, then tables: steps, failures, days."""
    body = await api.stats(days)
    if json:
        say_json(body)
        return
    stats = Stats.model_validate_json(body)
    console.print(in_short(stats))
    for alert in stats.alerts:
        console.print(warning(alert, now_ms()))
    if stats.steps:
        console.print("", steps(stats.steps), sep="\n")
    if stats.failures:
        console.print("", failures(stats.failures), sep="\n")
    if stats.runs.total:
        console.print("", usage(stats.usage), sep="\n")


def in_short(stats: Stats) -> Text:
    """How many runs, how they ended, and who is looking."""
    span = "today" if stats.days == 1 else f"in {stats.days} days"
    line = Text(f"{stats.runs.total:,} run{'' if stats.runs.total == 1 else 's'} {span}")
    for status, runs in stats.runs.by_status.items():
        line.append(" · ").append(f"{runs:,} {status}", STATUS.get(status, ""))
    others = {"watching now": stats.viewers, "left early": stats.abandoned, "owed to Prefect": stats.prefect_owed}
    for what, number in others.items():
        if number:
            line.append(f" · {number:,} {what}")
    return line


def warning(alert: Alert, now: int) -> Text:
    """What should not be as it is, in a line."""
    where = f"{alert.pipeline} {alert.step}" if alert.step else "streams"
    if alert.kind == "step_slow":
        words = f"{where} took {seconds(alert.value / 1000)}; {seconds(alert.limit / 1000)} would be slow"
    else:
        words = f"{where}: {alert.value:.1%} failed; the limit is {alert.limit:.0%}"
    return Text(f"! {words} (raised {ago(max(0, now - alert.since) / 1000)})", "yellow")


def steps(found: list[StepTimes]) -> Table:
    table = table_of("step", "runs", "half within", "9 of 10 within", "failed")
    for each in found:
        times = ("" if ms is None else seconds(ms / 1000) for ms in (each.p50_ms, each.p90_ms))
        failed = Text(f"{each.failed:,}", "red") if each.failed else ""
        table.add_row(Text(f"{each.pipeline} {each.step}"), f"{each.runs:,}", *times, failed)
    return table


def failures(found: list[Failure]) -> Table:
    table = table_of("what failed", "runs", "step")
    for each in found:
        # Not markup: a title is somebody else's words.
        table.add_row(Text(each.title), f"{each.runs:,}", Text(each.step or ""))
    return table


def usage(found: list[Usage]) -> Table:
    table = table_of("day", "runs", "tokens in", "tokens out", "cost")
    for each in found:
        cost = "unknown" if each.cost_usd is None else dollars(each.cost_usd)
        known = cost if each.cost_complete or each.cost_usd is None else f"at least {cost}"
        table.add_row(each.day, f"{each.runs:,}", f"{each.input_tokens:,}", f"{each.output_tokens:,}", known)
    return table


def table_of(first: str, *others: str) -> Table:
    table = Table(header_style="dim", box=None, padding=(0, 2, 0, 0))
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
