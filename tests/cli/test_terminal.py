"""What a person sees in a terminal, and what their Ctrl-C does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

import cli._terminal
from cli._paint import moving
from cli._view import Watched, watching
from events.store import Store
from tests.api.conftest import ApiServer, running, settings_with
from tests.api.writing import Writer, accept, hold, rest_of
from tests.histories import Story, rich_story


@pytest.fixture
async def server(store: Store) -> AsyncIterator[ApiServer]:
    async with running(settings_with(), store) as opened:
        yield opened


@dataclass
class Terminal:
    """A command in a terminal of its own."""

    process: asyncio.subprocess.Process
    end: int
    text: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> None:
        try:
            piece = os.read(self.end, 65536)
        except OSError:  # The other side is closed.
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self.end)
        self.text += piece.decode(errors="replace")
        self.news.set()

    async def shows(self, words: str) -> None:
        async with asyncio.timeout(15):
            while words not in self.text:
                self.news.clear()
                await self.news.wait()

    def types(self, words: str) -> None:
        os.write(self.end, words.encode())

    def ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    async def ends(self) -> int:
        async with asyncio.timeout(15):
            return await self.process.wait()


@asynccontextmanager
async def terminal(*command: str, **variables: str) -> AsyncGenerator[Terminal]:
    ours, theirs = os.openpty()
    env = {**os.environ, **variables, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *command, stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    opened = Terminal(process, ours)
    os.set_blocking(ours, False)
    asyncio.get_running_loop().add_reader(ours, opened.read)
    try:
        yield opened
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        os.close(ours)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def half_way(store: Store) -> tuple[UUID, Writer]:
    """A run in which two steps are writing."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    story = Story().queued().started().start("brief").start("framework").writes("brief", "So far it says this.")
    await writer.write(rest_of(story))
    return run_id, writer


async def test_a_run_is_drawn_as_it_goes_and_its_end_stays(server: ApiServer, store: Store) -> None:
    run_id, writer = await half_way(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await screen.shows("So far it says this.")
        await screen.shows("Generate framework")
        rest = Story().queued().started().start("brief").start("framework")
        known = len(rest.events)
        rest.completes("brief").completes("framework").done({"answer": 42})
        await writer.write(rest.events[known:])
        assert await screen.ends() == 0
        await screen.shows("Complete in")
        assert '"answer": 42' in screen.text


async def test_ctrl_c_asks_and_yes_cancels_the_run(server: ApiServer, store: Store) -> None:
    run_id, writer = await half_way(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await screen.shows("So far it says this.")
        screen.ctrl_c()
        await screen.shows("Cancel the run? [y/N]")
        screen.types("y\n")
        async with asyncio.timeout(10):
            while (await store.log.read(run_id, limit=100))[-1].type != "cancel_requested":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        story = Story().queued().started().start("brief").start("framework")
        known = len(story.events)
        await writer.write(story.fails("brief", "cancelled").fails("framework", "cancelled").cancelled().events[known:])
        assert await screen.ends() == 130
        await screen.shows("Cancelled.")


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x03"])
async def test_ctrl_c_and_anything_but_yes_leaves_the_run_alone(server: ApiServer, store: Store, answer: str) -> None:
    run_id, _ = await half_way(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await screen.shows("So far it says this.")
        screen.ctrl_c()
        await screen.shows("Cancel the run? [y/N]")
        if answer == "\x03":
            screen.ctrl_c()
        else:
            screen.types(answer)
        assert await screen.ends() == 130
        await screen.shows(f"stepglass watch {run_id}")
    assert (await store.log.read(run_id, limit=100))[-1].type == "model_chunk"


async def test_without_a_terminal_ctrl_c_asks_nobody(server: ApiServer, store: Store) -> None:
    run_id, _ = await half_way(store)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "watch", str(run_id), "--url", server.url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    while b"Generate framework: started" not in await process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    said = await process.stderr.read()
    assert await process.wait() == 130
    assert f"stepglass watch {run_id}" in said.decode()


def picture(watched: Watched, height: int) -> list[str]:
    console = cli._terminal.Terminal(width=100, height=height, force_terminal=True)
    with console.capture() as captured:
        console.print(moving(watched, console))
    return captured.get().splitlines()


@pytest.mark.parametrize("height", [5, 12, 18, 24, 60])
def test_the_picture_of_a_run_is_never_higher_than_the_terminal(height: int) -> None:
    watched = watching(str(rich_story().run_id))
    tallest = 0
    for entry in rich_story().entries:
        watched.hear(entry)
        lines = len(picture(watched, height))
        tallest = max(tallest, lines)
        assert lines <= max(height, len(watched.view.steps) + 4)
    assert tallest > len(watched.view.steps)


def test_a_retry_is_seen_with_its_reason_and_its_attempt() -> None:
    story = Story().queued().started().start("framework").writes("framework", "{").retry("framework")
    watched = watching(str(story.run_id))
    for entry in story.entries:
        watched.hear(entry)
    assert any("↻" in line and "The model's answer broke off" in line for line in picture(watched, 40))
    for entry in story.start("framework").entries[watched.view.tail_seq :]:
        watched.hear(entry)
    assert any("Generate framework" in line and "attempt 2" in line for line in picture(watched, 40))
