"""`stepglass up`: everything in one terminal, and nothing left behind."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cli._errors import BAD_INPUT
from cli._only_one import AlreadyUp, only_one
from cli._part import DoesNotStart
from cli._ports import PortTaken, check
from cli._reload import changes
from cli._screen import Screen
from cli._stack import STAGES, Stack, wanted_ports
from cli._supervisor import Supervisor
from flows.models import config_of
from settings import BadSettings, Settings

OURS = ("api", "worker", "demo", "deployments")
EXAMPLE = "solar-microgrids"
SETTLING = 5.0


def up(settings: Settings, *, reload: bool = False) -> int:
    """Run the stack until Ctrl-C, SIGTERM or SIGHUP. Gives the exit code: 0 after that, 1 when it could not start, 2
    when it must not, as it is set up."""
    screen = Screen(settings.data_dir / "logs")
    try:
        guard(settings)
        with only_one(settings.data_dir, screen.line):
            check(wanted_ports(settings))
            return asyncio.run(run(settings, screen, reload=reload))
    except (AlreadyUp, PortTaken) as refused:
        screen.line(str(refused), "red")
        return 1
    except BadSettings as refused:
        screen.line(str(refused), "red")
        return BAD_INPUT
    finally:
        screen.close()


def guard(settings: Settings) -> None:
    """Raises `BadSettings` for what a part would refuse later, so that nothing is started before."""
    settings.guard_api()
    settings.guard_metrics()
    config_of(settings)


async def run(settings: Settings, screen: Screen, *, reload: bool) -> int:
    """The life of a stack: start, stay, stop in order."""
    started = time.monotonic()
    asked = Asked()
    code = 0
    screen.busy = True
    screen.line(f"Starting Stepglass in {settings.data_dir}. Logs are in {settings.data_dir / 'logs'}.", "dim")
    async with Supervisor(STAGES, say=screen.say, output=screen.output) as supervisor:
        asked.listen(supervisor.kill)
        stack = Stack(settings, supervisor, screen.say, dev=reload)
        starting = asyncio.create_task(stack.start())
        await asked.or_done(starting)
        if starting.done() and (error := starting.exception()):
            if not isinstance(error, DoesNotStart):
                raise error
            explain(screen, settings, error)
            code = 1
        elif starting.done():
            # What the parts tell of finding each other is no news, and the URL is the last line.
            settling = asyncio.get_running_loop().call_later(SETTLING, screen.settled)
            welcome(screen, settings, time.monotonic() - started, stack.page_url)
            watching = asyncio.create_task(restart_on_change(supervisor, screen)) if reload else None
            await asked.event.wait()
            settling.cancel()
            if watching:
                watching.cancel()
        starting.cancel()
        screen.busy = True
        screen.line("Stopping. Ctrl-C again ends everything at once." if code == 0 else "Stopping.", "dim")
        await supervisor.stop()
        screen.line("Stopped.", "dim")
    return code


class Asked:
    """Were we asked to stop? By Ctrl-C, by `kill`, or by a terminal that was closed; the second time is final."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def listen(self, at_once: Callable[[], None]) -> None:
        def hear() -> None:
            if self.event.is_set():
                at_once()
            self.event.set()

        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(each, hear)

    async def or_done(self, task: "asyncio.Task[None]") -> None:
        """Returns when we are asked, or when `task` is done."""
        waiting = asyncio.create_task(self.event.wait())
        await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def restart_on_change(supervisor: Supervisor, screen: Screen) -> None:
    async for files in changes():
        names = ", ".join(path.name for path in files[:3]) + (" …" if len(files) > 3 else "")
        screen.line(f"{names} changed: starting our parts again.", "dim")
        await supervisor.restart(OURS)


def welcome(screen: Screen, settings: Settings, seconds: float, sources: str | None) -> None:
    """The last lines of the start; the very last is the URL to open."""
    screen.line()
    screen.line(f"Stepglass is up after {seconds:.1f} s. Ctrl-C stops it.", "bold green")
    screen.line(f"Try it in another terminal:  {command()} generate --example {EXAMPLE}{other_port(settings)}")
    if not (settings.page_dir / "index.html").exists():
        screen.line(
            "The page is not built, so / leads to the reference of the API. `make install` builds it.", "yellow"
        )
    if sources:
        screen.line(f"The page as it was built is at {settings.url}.")
    if settings.anonymous_api or settings.anonymous_metrics:
        screen.line("Anyone on the network gets in without a token: STEPGLASS_ALLOW_ANONYMOUS is set.", "bold red")
    screen.line(f"Open  {sources or settings.url}", "bold")


def command() -> str:
    """How to call us from where the person stands."""
    ours = Path(sys.argv[0]).resolve()
    found = shutil.which("stepglass")
    if found and Path(found).resolve() == ours:
        return "stepglass"
    try:
        return str(ours.relative_to(Path.cwd()))
    except ValueError:
        return str(ours)


def other_port(settings: Settings) -> str:
    return "" if settings.port == 8000 else f" --url {settings.url}"


def explain(screen: Screen, settings: Settings, error: DoesNotStart) -> None:
    """What a part said before it died for the third time, and where there is more."""
    screen.line()
    screen.line(f"stepglass {error.part.name} does not start. Its last words:", "bold red")
    for line in error.last_words:
        screen.line(f"  {line}")
    screen.line(f"All of them are in {settings.data_dir / 'logs' / error.part.name}.log", "dim")
