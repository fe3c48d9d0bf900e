"""Which processes make a Stepglass, what each is told, and in which order they start."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping

from cli import _page
from cli._environment import environment_of
from cli._part import DoesNotStart, Part, Probe
from cli._ports import Port, any_free
from cli._prefect import login_in, server_env
from cli._probe import answers
from cli._process import Process
from cli._supervisor import Supervisor
from events.embedded import beside
from hosts import from_here
from llm.config import OPENAI_URL
from llm.demo.wire import MODELS
from settings import Settings

# In the order of stopping: who works, then what they work with, then the store.
STAGES = (("page", "deployments", "worker", "api"), ("prefect", "demo"), ("postgres",))
# Seconds that the start waits for what we can do without. Prefect makes its tables on the very first start.
PATIENCE = 60.0
HERE = "127.0.0.1"


def wanted_ports(settings: Settings) -> list[Port]:
    """The ports that will be listened on, as far as they are chosen by a setting."""
    ports = [Port(settings.host, settings.port, "STEPGLASS_PORT")]
    if settings.prefect_api_url is None:
        ports.append(Port(HERE, settings.prefect_port, "STEPGLASS_PREFECT_PORT"))
    if settings.wants_demo and settings.demo_port:
        ports.append(Port(HERE, settings.demo_port, "STEPGLASS_DEMO_PORT"))
    return ports


def environment(settings: Settings) -> dict[str, str]:
    """Our own environment, and what follows from the settings. Without a `DATABASE_URL` the variables of libpq are left
    out: they would lead the clients of the embedded database elsewhere."""
    embedded = settings.database_url is None
    env = {name: value for name, value in os.environ.items() if not (embedded and name.upper().startswith("PG"))}
    if not settings.wants_demo:
        # For parts that must know that there is a model, but not its key.
        env["OPENAI_BASE_URL"] = settings.openai_base_url or OPENAI_URL
    return env


class Stack:
    """`start` returns when everything can be used; what is said on the way goes to `say(name, text)`.

    With `dev` the page is served from its sources, too, at `page_url`.
    """

    def __init__(
        self, settings: Settings, supervisor: Supervisor, say: Callable[[str, str], None], *, dev: bool = False
    ) -> None:
        self.page_url: str | None = None
        self._dev = dev
        self._settings = settings
        self._supervisor = supervisor
        self._say = say
        self._data_dir = settings.data_dir.resolve()
        # All that processes may be told; `environment_of` chooses for each of them. Each start adds to it.
        self._env = environment(settings) | {"STEPGLASS_DATA_DIR": str(self._data_dir), "PYTHONUNBUFFERED": "1"}
        if settings.api_tokens and settings.prefect_documents is None:
            # Not every part is told the tokens that this follows from.
            self._env["STEPGLASS_PREFECT_DOCUMENTS"] = "0"
        self._prefect_database = "" if settings.database_url is None else settings.store_url

    async def start(self) -> None:
        """Raises `DoesNotStart` for a part that we cannot do without."""
        try:
            async with asyncio.TaskGroup() as group:
                if self._dev and _page.SOURCES.exists():
                    group.create_task(self._page())
                demo = group.create_task(self._demo())
                await self._postgres()
                group.create_task(self._prefect())
                await demo
                group.create_task(self._api())
                group.create_task(self._worker())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _postgres(self) -> None:
        """The embedded database, unless another one was named."""
        if self._settings.database_url is None:
            process = await self._up(self._part("postgres", keeper=True), "ready: PostgreSQL, embedded.")
            self._env["DATABASE_URL"] = process.where
            self._prefect_database = beside(process.where, "prefect")

    async def _demo(self) -> None:
        """The demo model, unless a real one was named; the worker is told where it is."""
        if not self._settings.wants_demo:
            return
        port = self._settings.demo_port or any_free()
        self._env["STEPGLASS_DEMO_PORT"] = str(port)
        # Made for this start: nobody else on this machine has a reason to ask the demo.
        key = secrets.token_urlsafe(16)
        part = self._part("demo", env={"OPENAI_API_KEY": key}, probe=answers(HERE, port, "/v1/models"))
        await self._up(part, "ready: a demo model, not a real one. OPENAI_API_KEY or OPENAI_BASE_URL name a real one.")
        models = {f"STEPGLASS_MODEL_{tier.upper()}": name for name, tier in MODELS.items()}
        self._env |= {"OPENAI_BASE_URL": f"http://{HERE}:{port}/v1", "OPENAI_API_KEY": key, **models}

    async def _api(self) -> None:
        probe = answers(from_here(self._settings.host), self._settings.port, "/api/health")
        await self._up(self._part("api", probe=probe))

    async def _worker(self) -> None:
        await self._up(self._part("worker"))

    async def _prefect(self) -> None:
        """Prefect's server, unless another one was named, and our deployments on it. Runs go on without either."""
        if self._settings.prefect_api_url is None:
            url = f"http://{HERE}:{self._settings.prefect_port}"
            login = self._login()
            # Set before the worker starts, which finds the server once it answers.
            self._env["PREFECT_API_URL"] = f"{url}/api"
            self._env["PREFECT_API_AUTH_STRING"] = login
            env = server_env(self._prefect_database, self._data_dir, self._settings.prefect_port, login)
            probe = answers(HERE, self._settings.prefect_port, "/api/health")
            if not (self._data_dir / "prefect").exists():
                self._say("prefect", "makes its tables, which takes a while. Only the first start does that.")
            part = self._part("prefect", env=env, probe=probe)
            # An operator's own password need not be in the journal of this process.
            told = "PREFECT_API_AUTH_STRING" if self._settings.prefect_api_auth_string else login
            ready = f"ready: its page is at {url}, the login is {told}"
            await self._try(part, ready, "Runs go on without it, and are shown there later.")
        # Nobody has to wait for these: they wait for Prefect by themselves.
        self._supervisor.start(self._part("deployments"))

    def _login(self) -> str:
        """Into the Prefect server that we start: the operator's, or one that this data directory keeps."""
        chosen = self._settings.prefect_api_auth_string
        return chosen.get_secret_value() if chosen else login_in(self._data_dir)

    async def _page(self) -> None:
        """The page as its developers want it. Whatever becomes of that, it is there as it was built, too."""
        port = _page.choose()
        url = f"http://{HERE}:{port}"
        part = _page.part(port, self._settings)
        if await self._try(
            part, f"ready: {url} shows each change in web/ at once.", "The page is there as it was built."
        ):
            self.page_url = url

    def _part(
        self, name: str, *, env: Mapping[str, str] | None = None, probe: Probe | None = None, keeper: bool = False
    ) -> Part:
        # -P: a folder that happens to be called `cli` where somebody stands is not ours.
        command = (sys.executable, "-P", "-m", "cli._children", name)
        return Part(name, command, env=environment_of(name, self._env) | dict(env or {}), probe=probe, keeper=keeper)

    async def _up(self, part: Part, ready: str = "ready.") -> Process:
        """Start a part and wait until it can be used."""
        started = time.monotonic()
        process = self._supervisor.start(part)
        await process.until_ready()
        self._say(part.name, f"{ready} ({time.monotonic() - started:.1f} s)")
        return process

    async def _try(self, part: Part, ready: str, without: str) -> bool:
        """The same for a part that we can do without when it is not there in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._up(part, ready)
        except (DoesNotStart, TimeoutError):
            self._say(part.name, f"is not there yet. {without}")
            return False
        return True
