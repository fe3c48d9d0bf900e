"""What a browser is pointed at: the page as it is built now, an API, a worker, and a model behind them."""

import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from llm.demo.wire import MODELS
from tests.e2e.stack import ROOT, Part, Stack, answers, free_port, open_stack


@dataclass
class Site:
    stack: Stack
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> Part:
        """The process that answers now."""
        return [part for part in self.stack.parts if part.name == "api"][-1]

    async def start_api(self) -> None:
        """On the port where it was."""
        await self.stack.api(self.port)

    async def another_api(self, **env: str) -> "Site":
        """One more on the same database, on a port of its own, with other settings."""
        port = free_port()
        await self.stack.start("api", {"STEPGLASS_PORT": str(port), **env})
        await answers(f"http://127.0.0.1:{port}/api/health")
        return Site(self.stack, port)

    async def get(self, path: str) -> Any:
        """What the API itself says."""
        async with httpx2.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{self.url}{path}")
            answer.raise_for_status()
            return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        """What the API says to that."""
        async with httpx2.AsyncClient(timeout=10) as client:
            answer = await client.post(f"{self.url}{path}", json=body)
            answer.raise_for_status()
            return answer.json()


@asynccontextmanager
async def open_site(folder: Path, database_url: str, page: Path, model_url: str) -> AsyncGenerator[Site]:
    """An API that serves `page`, and a worker that asks the model at `model_url`."""
    async with open_stack(folder, database_url, model_url) as stack:
        stack.env["STEPGLASS_WEB_DIR"] = str(page)
        site = Site(stack, free_port())
        await site.start_api()
        await stack.worker()
        yield site


@asynccontextmanager
async def open_demo_site(folder: Path, database_url: str, page: Path, speed: float) -> AsyncGenerator[Site]:
    """The same with the demo model, so many times as fast as people read."""
    port = free_port()
    async with open_stack(folder, database_url, f"http://127.0.0.1:{port}/v1") as stack:
        stack.env |= {f"STEPGLASS_MODEL_{tier.upper()}": name for name, tier in MODELS.items()}
        stack.env |= {"STEPGLASS_WEB_DIR": str(page)}
        await stack.start("demo", {"STEPGLASS_DEMO_PORT": str(port), "STEPGLASS_DEMO_SPEED": str(speed)})
        await answers(f"http://127.0.0.1:{port}/v1/models")
        # Started without a key, the demo answers whoever asks. Our client wants one to send.
        stack.env |= {"OPENAI_API_KEY": "demo"}
        site = Site(stack, free_port())
        await site.start_api()
        await stack.worker()
        yield site


def build(folder: Path, *options: str) -> Path:
    """The page out of the sources as they are, in a folder that nobody else builds in; with `options` of Vite's."""
    npm = [sys.executable, str(ROOT / "scripts" / "npm.py")]
    command = [*npm, "run", "build", "--", "--outDir", str(folder), "--emptyOutDir", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"The page could not be built:\n{done.stdout}{done.stderr}"
    return folder
