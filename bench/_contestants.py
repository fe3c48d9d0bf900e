"""Whoever runs the steps of a vision framework, each with all that it needs, behind the same kind of HTTP endpoint."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2

from bench._lab import Lab, Model, Postgres, Running
from bench._processes import cpu_seconds
from bench._rider import Ride, ride
from tests import vision
from tests.e2e.stack import prefect_env


async def _at_once() -> None:
    """Nothing more happens when the last viewer has seen the end."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """`pids` are the processes that count; `told` returns when the work behind the runs' ends is done, too."""

    name: str
    url: str
    pids: list[int]
    told: Callable[[], Awaitable[None]] = _at_once

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        return cpu_seconds(*self.pids)

    async def carries(self, runs: int, at_once: int) -> list[Ride]:
        """So many runs, each with a viewer from its beginning to its end."""
        room = asyncio.Semaphore(at_once)

        async def one() -> Ride:
            async with room:
                return await ride(self.url, vision.BRIEF)

        return list(await asyncio.gather(*(one() for _ in range(runs))))


def for_psycopg(url: str) -> str:
    """As SQLAlchemy names the driver that DBOS uses."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@asynccontextmanager
async def ours(lab: Lab, postgres: Postgres, model: Model) -> AsyncGenerator[tuple[Contestant, Running]]:
    """API, worker, Prefect's server and PostgreSQL."""
    async with lab.stack(postgres, model) as running, httpx2.AsyncClient(base_url=running.api, timeout=60) as client:

        async def told() -> None:
            owed = True
            while owed:  # not often: to be asked is work, too
                await asyncio.sleep(0.5)
                owed = (await client.get("/api/stats")).raise_for_status().json()["prefect_owed"]

        yield Contestant("stepglass", running.api, [*running.pids, postgres.pid], told), running


@asynccontextmanager
async def rival(
    lab: Lab, name: str, model: Model, env: Mapping[str, str] | None = None, pids: tuple[int, ...] = ()
) -> AsyncGenerator[Contestant]:
    """A file of `bench/rivals/`; `pids` are the servers that it needs."""
    told = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "scripted", **(env or {})}
    async with lab.rival(name, http=True, env=told) as running:
        yield Contestant(name, running.url, [running.process.pid, *pids])


@asynccontextmanager
async def bare_prefect(lab: Lab, model: Model) -> AsyncGenerator[Contestant]:
    """With a Prefect server and a PostgreSQL of its own, both set up as ours are."""
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(lab.postgres())
        url, server = await stack.enter_async_context(lab.prefect(postgres.url))
        pids = (server.process.pid, postgres.pid)
        yield await stack.enter_async_context(rival(lab, "bare_prefect", model, prefect_env(url), pids))


@asynccontextmanager
async def dbos(lab: Lab, model: Model, postgres: Postgres) -> AsyncGenerator[Contestant]:
    """On the database `dbos` of this PostgreSQL."""
    env = {"DBOS_URL": for_psycopg(postgres.other("dbos"))}
    async with rival(lab, "dbos_steps", model, env, (postgres.pid,)) as contestant:
        yield contestant
