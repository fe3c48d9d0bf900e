"""A run where there is no terminal: a line for every event worth reading later, or all events as JSON."""

from typing import BinaryIO

from cli._batch_paint import COUNTED
from cli._follow import Away, Heard
from cli._items import Item, item_in
from cli._question import how_to_answer
from cli._terminal import Terminal, complain, say_json
from cli._view import Watched
from cli._words import dollars, seconds
from events.contract import (
    CancelRequested,
    Event,
    InputReceived,
    InputRequired,
    InputRequiredData,
    Partial,
    Progress,
    RunResumed,
    RunStart,
    StepComplete,
    StepError,
    StepRetry,
    StepSkipped,
    StepStart,
)
from events.log import Entry
from events.text import one_line


class PlainSink:
    """`  4.1 s  Generate brief: done in 4.0 s, $0.0011`: seconds since the run was queued, and what happened."""

    def __init__(self, console: Terminal) -> None:
        self._console = console

    def open(self, watched: Watched) -> None:
        self._say(0, f"run {watched.view.run_id}")

    def hear(self, message: Heard, watched: Watched) -> None:
        if isinstance(message, Away):
            self._console.print(f"          {message.why}; trying again", soft_wrap=True)
        elif isinstance(message, Entry) and (event := message.event) and (words := told(event, watched)):
            self._say(max(0, event.ts - (watched.view.created_at or event.ts)) / 1000, words)

    def asks(self, asked: InputRequiredData, watched: Watched) -> None:
        for line in how_to_answer(watched.view.run_id, asked):
            self._console.print(f"          {line}", soft_wrap=True)

    def pause(self) -> None:
        """There is no question to make room for."""

    def close(self, watched: Watched) -> None:
        self._console.print()

    def _say(self, at: float, words: str) -> None:
        self._console.print(f"{at:6.1f} s  {words}", soft_wrap=True)


def told(event: Event, watched: Watched) -> str | None:
    """An event in words; None for what is too small for a line of its own."""
    if watched.is_batch and (words := of_batch(event)) is not None:
        return words or None
    labels = {step.step: step.label for step in watched.view.steps}
    match event:
        case RunStart(data=data):
            return f"started: {len(data.plan)} steps"
        case RunResumed(data=data):
            return f"goes on: {data.reason}"
        case StepStart(step=step, attempt=attempt):
            return f"{labels[step]}: started" + (f" (attempt {attempt})" if attempt > 1 else "")
        case StepRetry(step=step, data=data):
            wait = seconds(data.next_attempt_in_ms / 1000)
            return f"{labels[step]}: trying again in {wait}. {data.problem.title}: {data.problem.detail}"
        case StepComplete(step=step, data=data) if data.reused:
            return f"{labels[step]}: taken from run {data.reused.run_id}"
        case StepComplete(step=step, duration=duration):
            cost = next((view.cost_usd for view in watched.view.steps if view.step == step), None)
            took = f" in {seconds(duration / 1000)}" if duration is not None else ""
            return f"{labels[step]}: done{took}" + (f", {dollars(cost)}" if cost else "")
        case StepError(step=step, data=data):
            return f"{labels[step]}: failed. {data.problem.title}: {data.problem.detail}"
        case StepSkipped(step=step, data=data):
            return f"{labels[step]}: skipped. {data.reason}"
        case InputRequired(data=data):
            return "asks: " + data.prompt.replace("\n", f"\n{' ' * 10}")
        case InputReceived(data=data):
            return "nobody answered in time" if data.by == "timeout" else "answered"
        case CancelRequested():
            return "asked to stop"
        case _:
            return None


def of_batch(event: Event) -> str | None:
    """An event of a batch in words, empty for what is said otherwise; None for one that is like any run's."""
    match event:
        case Partial(data=data):
            item = item_in(data.path, data.value)
            return told_of(item) if item else ""
        case Progress(message=words, data=data) if data.counts and words:
            # Of those that are done it is told one by one; what was done before, and what it waits for, is news.
            begins = data.counts.complete + data.counts.failed == data.counts.skipped
            return words if begins or not COUNTED.match(words) else ""
        case RunStart():
            return "started"
        case StepStart(attempt=1) | StepComplete():
            return ""
        case _:
            return None


def told_of(item: Item) -> str:
    """How an item ended; nothing of those that are skipped, which may be thousands."""
    if item.skipped:
        return ""
    words = {"complete": "done", "error": "failed", "cancelled": "cancelled"}[item.status]
    return f"{one_line(item.key)}: {words}" + (f". {item.why}" if item.status == "error" and item.why else "")


class JsonSink:
    """The log's events, one line of JSON each. Nothing else goes to the standard output."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out

    def open(self, watched: Watched) -> None:
        """Nothing before the first event."""

    def hear(self, message: Heard, watched: Watched) -> None:
        if isinstance(message, Entry):
            say_json(message.body, self._out)

    def asks(self, asked: InputRequiredData, watched: Watched) -> None:
        complain("\n".join([asked.prompt, *how_to_answer(watched.view.run_id, asked)]))

    def pause(self) -> None:
        """Whoever reads this is a program."""

    def close(self, watched: Watched) -> None:
        """The last word was the end."""
