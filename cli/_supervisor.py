"""Many processes under one roof: each kept alive, all stopped in order."""

import asyncio
from collections.abc import Callable, Sequence

from cli._part import Backoff, Part
from cli._process import Process


class Supervisor:
    """Use as `async with`; leaving it kills whatever was not stopped.

    `stages` names the parts in the order in which they are stopped, those of one stage together.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[str]],
        *,
        say: Callable[[str, str], None],
        output: Callable[[str, bytes], None],
        grace: float = 10.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.processes: dict[str, Process] = {}
        self._stages = stages
        self._say = say
        self._output = output
        self._grace = grace
        self._backoff = backoff
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> "Supervisor":
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.kill()
        await self._group.__aexit__(*exc)  # pyright: ignore[reportArgumentType] the three are passed on as they come

    def start(self, part: Part) -> Process:
        """Start a part and keep it alive from now on."""
        process = Process(part, say=self._say, output=self._output, backoff=self._backoff)
        self.processes[part.name] = process
        self._group.create_task(process.keep(), name=part.name)
        return process

    async def stop(self) -> None:
        """Stop all, stage by stage; each part has `grace` seconds before it is killed."""
        named = {name for stage in self._stages for name in stage}
        rest = [name for name in self.processes if name not in named]
        for stage in (rest, *self._stages):
            await asyncio.gather(*(self.processes[name].stop(self._grace) for name in stage if name in self.processes))

    async def restart(self, names: Sequence[str]) -> None:
        """Stop and start those of `names` that there are."""
        await asyncio.gather(*(self.processes[name].restart(self._grace) for name in names if name in self.processes))

    def kill(self) -> None:
        """End all now."""
        for process in self.processes.values():
            process.kill()
