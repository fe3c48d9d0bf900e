"""What each process of the stack runs. `stepglass up` starts one as `python -m cli._children api`.

Imports stay inside the functions: a process pays for what it does, not for what the others do.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from uuid import UUID

import psutil

from cli._lifeline import hold, tell_ready
from settings import Settings

# Seconds between two looks at whether PostgreSQL still lives.
LOOK = 0.5
# Seconds that libraries have for their own at the exit of a worker that has done all of its own.
LEAVE = 2.0


def become(name: str, settings: Settings) -> None:
    """Take the name that `ps` shows, close what we make to other users, and set up the log: JSON for the supervisor,
    readable for a terminal."""
    from setproctitle import setproctitle

    from logs import configure, secrets_in

    setproctitle(f"stepglass {name}")
    os.umask(0o077)
    configure(settings.log_level, json=not sys.stderr.isatty(), secrets=secrets_in(settings))


def api(settings: Settings) -> int:
    from api.serve import serve

    serve(settings)
    return 0


def worker(settings: Settings) -> int:
    from flows.process import run_worker

    code = run_worker(settings, tell_ready)
    leave(code)
    return code


def demo(settings: Settings) -> int:
    from llm.demo.server import serve

    key = settings.openai_api_key
    serve(port=settings.demo_port, speed=settings.demo_speed, key=key.get_secret_value() if key else None)
    return 0


def prefect(settings: Settings) -> int:
    from cli._prefect import serve

    serve(settings)
    return 0


def deployments(settings: Settings) -> int:
    from flows.serving import run_serving

    return run_serving(settings, (sys.executable, "-P", "-m", "cli._children", "flow-run"), tell_ready)


def flow_run(settings: Settings) -> int:
    """One flow run of a deployment, named by its id in the second argument."""
    from flows.serving import run_flow_run

    return run_flow_run(settings, UUID(sys.argv[2]))


def postgres(settings: Settings) -> int:
    """The embedded server for as long as we live; gives up when the server does, so that both are started again."""
    from events.embedded import embedded_postgres

    stopping = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda number, frame: stopping.set())
    with embedded_postgres(settings.data_dir, databases=("stepglass", "prefect")) as url:
        server = int((settings.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        tell_ready(url)
        while not stopping.wait(LOOK):
            if not lives(server):
                logging.getLogger("stepglass.postgres").error("the database server has died")
                return 1
    return 0


def leave(code: int, within: float = LEAVE) -> None:
    """End this process soon, also when a library holds its exit up: Prefect's waits for a server that hangs."""
    ending = threading.Timer(within, os._exit, [code])
    ending.daemon = True
    ending.start()


def lives(pid: int) -> bool:
    """Whether the process is there and not merely dead without anybody having taken notice, as in some containers."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


CHILDREN: dict[str, Callable[[Settings], int]] = {
    "api": api,
    "worker": worker,
    "demo": demo,
    "prefect": prefect,
    "deployments": deployments,
    "flow-run": flow_run,
    "postgres": postgres,
}


def run(name: str, settings: Settings) -> int:
    """Be the process `name` until it ends; gives the exit code."""
    become(name, settings)
    return CHILDREN[name](settings)


if __name__ == "__main__":
    hold()
    sys.exit(run(sys.argv[1], Settings()))
