"""All of the stack, its database included, to be killed at once and started again as it was."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from cli._children import lives
from events._premises import socket_dir
from tests.clusters import open_folder
from tests.e2e.stack import Stack, free_port, open_stack, until


@dataclass
class Everything:
    """PostgreSQL, Prefect's server, an API and a worker: each always where it was before."""

    stack: Stack
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """All of it started, and ready."""
        await self.stack.start("postgres")
        await until(self._connects, "PostgreSQL lets somebody in", 60)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.stack.prefect())
            group.create_task(self.stack.api(self.port))
        await self.stack.worker()

    async def killed(self) -> None:
        """All of it, as when the power goes. The database's server is a process of its own."""
        server = self._server()
        os.kill(server, signal.SIGKILL)
        await asyncio.gather(*(part.kill() for part in self.stack.parts if part.process.returncode is None))
        await until(lambda: not lives(server), "the database's server is dead")

    def _server(self) -> int:
        return int((self.stack.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    async def _connects(self) -> bool:
        try:
            connection = await asyncpg.connect(self.stack.database_url, timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True


@asynccontextmanager
async def everything(model_url: str, env: Mapping[str, str]) -> AsyncGenerator[Everything]:
    with open_folder("stepglass-") as home:
        url = f"postgresql://stepglass@/stepglass?host={socket_dir(home / 'postgres')}"
        async with open_stack(home, url, model_url) as stack:
            stack.env |= env
            whole = Everything(stack, free_port())
            try:
                await whole.up()
                yield whole
            finally:
                keepers = [part for part in stack.parts if part.name == "postgres" and part.process.returncode is None]
                for keeper in keepers:
                    await keeper.stop()  # it alone ends the server
