"""What another step is still writing: its parts as soon as they hold, then the whole.

    async with TaskGroup() as group:
        valid = group.create_task(validated(answers))
        cards = group.create_task(scoring(Growing(valid, framework, validation), answers))

    @step("Score sections")
    async def scoring(framework: Growing[Framework], answers: VisionBrief) -> Scores:
        async for name, value in framework.parts(): ...

The step begins with the first part. What its result follows from is the whole, as if it had been given that.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import JsonValue, TypeAdapter

from steps._place import current_attempt, current_run

if TYPE_CHECKING:
    from steps._step import Step

T = TypeVar("T")


class Growing(Generic[T]):
    """`whole` is the task that gives it in the end; `sources` are the steps whose parts are looked at, later ones
    before earlier ones. A part's name is its path without the first slash, its value JSON."""

    def __init__(self, whole: "asyncio.Task[T]", *sources: "Step[..., Any]") -> None:
        self._task = whole
        self._sources = [source.id for source in sources]

    @property
    def done(self) -> bool:
        return self._task.done()

    async def whole(self) -> T:
        """Wait for it. Where what makes it fails, whoever waits is cancelled: the failure is not theirs."""
        await asyncio.wait([self._task])
        if self._task.cancelled() or self._task.exception() is not None:
            raise asyncio.CancelledError
        return self._task.result()

    def now(self) -> T:
        """The whole, which is there. Raises `asyncio.InvalidStateError` while it is not."""
        return self._task.result()

    async def begun(self) -> None:
        """Wait for a first part, or the whole."""
        board = current_run().journal.board
        while not self.done and not board.shown(self._sources):
            await self._more(board.news)
        if self.done:
            await self.whole()

    async def parts(self) -> AsyncIterator[tuple[str, JsonValue]]:
        """Every part as it holds, again when it changes, until the whole is there and all its parts were given as they
        are in it. Inside a step."""
        board, told = current_run().journal.board, dict[str, JsonValue]()
        while True:
            news, done = board.news, self.done
            shown = _members(await self.whole()) if done else board.shown(self._sources)
            for path, value in shown.items():
                if path not in told or told[path] != value:
                    told[path] = value
                    yield path.removeprefix("/"), value
            if done:
                return
            async with resting():
                await self._more(news)

    async def _more(self, news: asyncio.Event) -> None:
        """Until something changed."""
        if self.done:
            return
        waiting = asyncio.create_task(news.wait())
        try:
            await asyncio.wait([waiting, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()


@asynccontextmanager
async def resting() -> AsyncGenerator[None]:
    """Around waiting for another step: the time of the attempt stands still, and a run that is to be given up for a
    while does not wait for this."""
    clock = current_attempt().clock
    async with current_run().gate.resting():
        with clock.stopped():
            yield


def grown(value: T) -> Growing[T]:
    """One that is whole already. To be made inside a running loop."""
    return Growing(asyncio.ensure_future(_given(value)))


def growing_in(args: Sequence[object], kwargs: Mapping[str, object]) -> list["Growing[Any]"]:
    """Those among the arguments that grow."""
    return [cast("Growing[Any]", each) for each in (*args, *kwargs.values()) if isinstance(each, Growing)]


def whole(argument: object) -> object:
    """The argument, or what it has grown to."""
    return cast("Growing[Any]", argument).now() if isinstance(argument, Growing) else argument


def _members(value: object) -> dict[str, JsonValue]:
    plain: JsonValue = TypeAdapter[Any](type(value)).dump_python(value, mode="json")
    return {f"/{name}": member for name, member in plain.items()} if isinstance(plain, dict) else {}


async def _given(value: T) -> T:
    return value
