"""The demo model on a free port of this machine, for as long as a test needs it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from openai import AsyncOpenAI

from llm.demo.server import create_demo


@dataclass
class Serving:
    """Where it answers, and the calls that it has logged."""

    url: str
    client: AsyncOpenAI
    logged: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has_logged(self, count: int) -> None:
        """Wait until so many calls have ended."""
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: len(self.logged) >= count)

    def log(self, call: dict[str, Any]) -> None:
        self.logged.append(call)
        self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()


@asynccontextmanager
async def serving(speed: float = 0) -> AsyncGenerator[Serving]:
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    # In a thread, because it reads the certificates of this machine from its disk.
    async with await asyncio.to_thread(AsyncOpenAI, base_url=url, api_key="demo", max_retries=0) as client:
        demo = Serving(url, client)
        config = uvicorn.Config(create_demo(speed=speed, log=demo.log), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listening]))  # pyright: ignore[reportPrivateUsage]  # `serve` would take our signal handlers
        try:
            yield demo
        finally:
            server.should_exit = True
            await task
            listening.close()
