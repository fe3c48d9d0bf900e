"""Watching one run from beginning to end: what is shown, what Ctrl-C does, and the exit code."""

import asyncio
import signal
import sys
from contextlib import aclosing, suppress
from typing import Protocol
from uuid import UUID

from cli._client import Api
from cli._errors import FAILED, INTERRUPTED, CommandFailed
from cli._follow import Frame, Heard, follow
from cli._live import LiveSink
from cli._plain import JsonSink, PlainSink
from cli._question import answer_in_terminal, can_ask
from cli._result import show
from cli._terminal import Terminal, complain
from cli._view import Watched, watching
from events.contract import InputRequiredData

# Seconds between two looks at the runs of a batch, and how many are looked at.
LOOK, MOST_RUNNING = 1.0, 100


class Sink(Protocol):
    """Where a run is shown. `pause` until the next `open`; `close` when it has ended; `asks` where nobody who looks at
    it can be asked."""

    def open(self, watched: Watched) -> None: ...
    def hear(self, message: Heard, watched: Watched) -> None: ...
    def asks(self, asked: InputRequiredData, watched: Watched) -> None: ...
    def pause(self) -> None: ...
    def close(self, watched: Watched) -> None: ...


def sink_for(console: Terminal, *, json: bool) -> Sink:
    if json:
        return JsonSink()
    return LiveSink(console) if console.is_terminal else PlainSink(console)


class Questions:
    """What the run asks, once it is known that nobody has answered it since. `console` is where a person can be asked,
    None where there is none; `new` is set while there is something to be asked."""

    def __init__(self, console: Terminal | None) -> None:
        self.console = console
        self.new = asyncio.Event()
        self.open: list[InputRequiredData] = []
        self._known: set[str] = set()
        self._tail: int | None = None

    def hear(self, message: Heard, watched: Watched, sink: Sink) -> None:
        if isinstance(message, Frame) and message.type == "stream_open":
            self._tail = int(message.data.get("tail_seq", 0))
        if self._tail is None or watched.view.tail_seq < self._tail:
            return  # of what was asked before, the answer may be still to come
        for each in watched.view.asked or ():
            if each.input_id not in self._known:
                self._known.add(each.input_id)
                self._put(each, watched, sink)

    def _put(self, asked: InputRequiredData, watched: Watched, sink: Sink) -> None:
        if self.console is None:
            sink.asks(asked, watched)
        else:
            self.open.append(asked)
            self.new.set()

    async def put(self, api: Api, run_id: UUID) -> bool:
        """Ask them all; False when the person wants to answer later."""
        self.new.clear()
        while self.open:
            assert self.console is not None
            if not await answer_in_terminal(api, self.console, run_id, self.open.pop(0)):
                return False
        return True


async def watch(
    api: Api, run_id: UUID, sink: Sink, *, after: int = 0, console: Terminal | None = None
) -> Watched | None:
    """Show a run until its last word; None when the person left before that. Ctrl-C asks whether to cancel it, and what
    the run asks is asked at `console`."""
    watched, questions = watching(str(run_id)), Questions(console)
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    listening = asyncio.create_task(listen(api, run_id, sink, watched, after, questions))
    looking = asyncio.create_task(look(api, run_id, watched)) if isinstance(sink, LiveSink) else None
    try:
        sink.open(watched)
        while not await done_before(listening, interrupted, questions.new):
            sink.pause()
            # Back to the usual way: at the question a Ctrl-C is an answer.
            loop.remove_signal_handler(signal.SIGINT)
            if interrupted.is_set():
                if not wants_cancel("batch" if watched.is_batch else "run"):
                    return None
                await cancel(api, run_id)
                watched.cancelled_here = True
                interrupted.clear()
            elif not await questions.put(api, run_id):
                return None
            loop.add_signal_handler(signal.SIGINT, interrupted.set)
            sink.open(watched)
        sink.close(watched)
        return watched
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        sink.pause()
        listening.cancel()
        if looking is not None:
            looking.cancel()


async def look(api: Api, run_id: UUID, watched: Watched) -> None:
    """Which runs of a batch are under way: its own log does not tell."""
    while True:
        if watched.is_batch and not watched.away:
            with suppress(CommandFailed):
                page = await api.runs(about=str(run_id), status="running", limit=MOST_RUNNING)
                watched.items.running = page.runs[::-1]
        await asyncio.sleep(LOOK)


async def listen(api: Api, run_id: UUID, sink: Sink, watched: Watched, after: int, questions: Questions) -> None:
    async with aclosing(follow(api, run_id, after)) as messages:
        async for message in messages:
            watched.hear(message)
            sink.hear(message, watched)
            questions.hear(message, watched, sink)


async def done_before(task: "asyncio.Task[None]", *events: asyncio.Event) -> bool:
    """True when the task ends before any of the events comes, raising what it raised."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait([task, *waiting], return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    if task.done():
        task.result()
        return True
    return False


def wants_cancel(what: str) -> bool:
    """Ask, where there is somebody to ask. No answer leaves the run alone."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        complain(f"\nCancel the {what}? [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False


async def cancel(api: Api, run_id: UUID) -> None:
    try:
        await api.cancel(run_id)
    except CommandFailed as refused:
        # It may just have ended, which the stream says as well.
        complain(str(refused))


async def see_through(
    api: Api, run_id: UUID, console: Terminal, *, json: bool, after: int = 0
) -> tuple[int, Watched | None]:
    """Watch a run and show how it ended. Gives the exit code and what was seen, None when the person left."""
    at = console if console.is_terminal and not json and can_ask() else None
    watched = await watch(api, run_id, sink_for(console, json=json), after=after, console=at)
    if watched is None:
        complain(f"\nIt goes on. Watch it:  stepglass watch {run_id}")
        complain(f"              Cancel it:  stepglass cancel {run_id}")
        return INTERRUPTED, None
    if not watched.ended or (watched.view.status == "complete" and watched.result is None):
        # Asked for what is behind the last word: the whole is where it always is.
        whole = await api.view(run_id)
        watched.view, watched.result = whole, whole.result
    if not json:
        if watched.is_batch:
            watched.view = await api.with_cost(watched.view)
            if not console.is_terminal:
                # Its failures are told already, each as it came.
                watched.result = None
        show(console, watched.view, watched.result)
        if console.is_terminal and (hint := how_to_go_on(watched, run_id)):
            console.print(hint, style="dim")
    return code_of(watched), watched


def how_to_go_on(watched: Watched, run_id: UUID) -> str | None:
    """What to type where something is left to be done."""
    if watched.is_batch:
        return f"Do the rest again:  stepglass batch --retry {run_id}" if code_of(watched) else None
    return f"Go on from there:  stepglass retry {run_id}" if watched.view.status != "complete" else None


def code_of(watched: Watched) -> int:
    """Only a run that is complete is a success, and a batch all of whose items are. One that was cancelled at the
    keyboard was interrupted."""
    match watched.view.status:
        case "complete":
            counts = watched.view.counts
            return FAILED if counts and counts.complete < counts.total else 0
        case "cancelled" if watched.cancelled_here:
            return INTERRUPTED
        case _:
            return FAILED
