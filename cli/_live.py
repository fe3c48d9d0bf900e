"""A run in a terminal, drawn anew ten times a second."""

import asyncio

from rich.live import Live

from cli import _batch_paint as batch
from cli._paint import heading, moving, steps
from cli._question import how_to_answer
from cli._terminal import Terminal
from cli._view import Watched
from events.contract import InputRequiredData

EVERY = 0.1


class LiveSink:
    """Draws from its own task; `pause` gives the terminal back for a question."""

    def __init__(self, console: Terminal) -> None:
        self._console = console
        self._live: Live | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._watched: Watched | None = None

    def open(self, watched: Watched) -> None:
        self._watched = watched
        # Not Rich's own thread: it would read what we are just changing.
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._live.start()
        self._drawing = asyncio.create_task(self._draw(watched, self._live))

    def hear(self, message: object, watched: Watched) -> None:
        """Nothing to do: the next picture shows it."""

    def asks(self, asked: InputRequiredData, watched: Watched) -> None:
        """Above the picture: this keyboard is not one to answer at."""
        said = [asked.prompt, *how_to_answer(watched.view.run_id, asked)]
        self._console.print("\n".join(said), soft_wrap=True)

    def pause(self) -> None:
        if self._drawing and self._live:
            self._drawing.cancel()
            self._live.stop()

    def close(self, watched: Watched) -> None:
        """The last picture stays, without the bar."""
        self.pause()
        if watched.is_batch:
            self._console.print(batch.standing(watched.view), batch.bar(watched, self._console.width), sep="\n")
        else:
            self._console.print(heading(watched.view), steps(watched.view), sep="\n")
        self._console.print()

    async def _draw(self, watched: Watched, live: Live) -> None:
        while True:
            picture = batch.moving if watched.is_batch else moving
            live.update(picture(watched, self._console), refresh=True)
            await asyncio.sleep(EVERY)
