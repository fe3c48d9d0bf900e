"""A running API with runs in every state, on a thread and a loop of its own, for clients that block.

Streams that would go on are left by their viewer after `LOOK` seconds, as far as the application can tell: so whoever
reads them to their end gets one soon.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.app import create_app
from api.serve import config
from events.store import Store, open_store
from tests.api.batching import carried, done
from tests.api.conftest import Quiet, settings_with, until
from tests.api.editing import made, refinement
from tests.api.test_starting import BRIEF
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import Story, cancelled_story, failed_story, rich_story, simple_story

LOOK = 0.02
TENANT, TOKEN, SECRET = "acme", "the-token-of-acme", "a secret of thirty-two characters"
SETTINGS: dict[str, Any] = {
    "api_tokens": f"{TENANT}:{TOKEN},beta:the-token-of-beta",
    "token_secret": SECRET,
    "runs_per_minute": 1_000_000,
    "live_runs": 1_000_000,
    "changes_per_minute": 1_000_000,
    "metrics": True,
    "log_level": "CRITICAL",
}


class Leaving:
    """Around the application: whoever watches leaves soon, without a word, and gets what was sent so far."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        left = asyncio.Event()
        over = False

        async def leaving() -> Message:
            hearing = asyncio.ensure_future(receive())
            going = asyncio.ensure_future(left.wait())
            await asyncio.wait([hearing, going], return_when=asyncio.FIRST_COMPLETED)
            going.cancel()
            if hearing.done():
                return hearing.result()
            hearing.cancel()
            return {"type": "http.disconnect"}

        async def seen(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start" and is_stream(message):
                asyncio.get_running_loop().call_later(LOOK, left.set)
            over = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        await self.app(scope, leaving, seen)
        if left.is_set() and not over:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def is_stream(message: Message) -> bool:
    types = [value for name, value in message["headers"] if name.lower() == b"content-type"]
    return any(value.startswith((b"text/event-stream", b"application/x-ndjson")) for value in types)


@dataclass
class Site:
    """`runs` are one of each kind, by what they are."""

    port: int
    runs: dict[str, UUID] = field(default_factory=dict[str, UUID])
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def populate(store: Store) -> dict[str, UUID]:
    """Runs of the tenant: ended well and otherwise, at work, waiting for a worker, for a person, and paused."""
    mine: dict[str, Any] = {"tenant": TENANT, "input": BRIEF}
    runs = {"made": await made(store, tenant=TENANT)}
    runs["refined"] = await refinement(store, runs["made"], tenant=TENANT)
    for name, story in [("rich", rich_story), ("failed", failed_story), ("cancelled", cancelled_story)]:
        runs[name] = await told(store, story(), **mine)
    runs["queued"] = await accept(store, **mine)
    runs["live"] = await accept(store, **mine)
    await (await hold(store, runs["live"], lease=3600)).write(rest_of(simple_story())[:4])
    runs["asking"] = await asking(store, **mine)
    runs["paused"] = await accept(store, **mine)
    await store.runs.pause(runs["paused"], TENANT)
    runs["batch"] = await done(store, "a", "b", failed="b", tenant=TENANT)
    runs["live batch"] = (await carried(store, "a", tenant=TENANT)).id
    return runs


async def asking(store: Store, **more: Any) -> UUID:
    run_id = await accept(store, **more)
    writer = await hold(store, run_id, lease=3600)
    asked = {"input_id": "input-1", "schema": {"type": "string"}, "prompt": "Go on?"}
    await writer.write(rest_of(Story().queued().started().say("input_required", asked)))
    await store.runs.park(run_id, writer.epoch)
    return run_id


@asynccontextmanager
async def opened(store_url: str) -> AsyncGenerator[tuple[Site, Quiet, socket.socket]]:
    settings = settings_with(**SETTINGS)
    async with open_store(store_url) as store:
        app = create_app(settings, store)
        with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
            asked = config(settings, app)
            asked.app = Leaving(app)
            server = Quiet(asked)
            site = Site(listening.getsockname()[1], await populate(store))
            yield site, server, listening


class _Serving(threading.Thread):
    def __init__(self, store_url: str) -> None:
        super().__init__(name="site", daemon=True)
        self._url = store_url
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server: Quiet | None = None
        self.site = Site(0)

    def __enter__(self) -> Self:
        self.start()
        self._ready.wait(60)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self.join(30)
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with opened(self._url) as (site, server, listening):
            self.site, self._server = site, server
            serving = asyncio.create_task(server.serve([listening]))
            await until(lambda: server.started or serving.done())
            self._ready.set()
            await serving


@contextmanager
def site_on(store_url: str) -> Generator[Site]:
    """One that answers, until left."""
    with _Serving(store_url) as serving:
        yield serving.site
