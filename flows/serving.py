"""The deployments as a process: registers what `prefect.yaml` says, and runs what Prefect starts of it.

Every flow run that comes from a deployment gets a process of its own (a Prefect process worker's child).
"""

import asyncio
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from flows import _prefect_env
from flows.catalogue import CATALOGUE
from settings import Settings

log = logging.getLogger("stepglass.deployments")

POOL = "stepglass"
ROOT = Path(__file__).parent.parent
VERSION = "STEPGLASS_DEPLOYMENTS"
"""The variable that `prefect.yaml` takes the deployments' version from."""


def run_serving(settings: Settings, ready: Callable[[], object] = lambda: None) -> int:
    """Serve until SIGTERM or SIGINT. Gives the exit code: 1 where there is no Prefect, or it cannot be told.

    `ready` is called once, when the deployments are registered.
    """
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")  # ten by default: too long for a person who pressed Run
    if not _prefect_env.apply(settings.prefect_api_url):
        log.error("No PREFECT_API_URL: there is no Prefect to register deployments with.")
        return 1
    from prefect.utilities.processutils import setup_signal_handlers_worker  # reads its environment when imported

    setup_signal_handlers_worker(os.getpid(), "the deployments' worker", log.info)
    try:
        asyncio.run(_serve(ready))
    except KeyboardInterrupt:
        return 0
    return 0


def version() -> str:
    """Changes with `prefect.yaml` and with the form of any pipeline's input, and with nothing else."""
    told = {name: pipeline.input_schema for name, pipeline in CATALOGUE.items()}
    text = (ROOT / "prefect.yaml").read_text() + json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


async def _serve(ready: Callable[[], object]) -> None:
    from prefect.workers.process import ProcessWorker

    await _answering()
    if not await _registered():
        await _register()
    log.info("the deployments are registered: %s", ", ".join(_names()))
    ready()
    await ProcessWorker(work_pool_name=POOL, limit=4).start(printer=log.info)


async def _answering() -> None:
    from flows._health import Health

    async with Health(_prefect_env.api_url(), every=0.25).watched() as health:
        await health.answers()


async def _registered() -> bool:
    """Whether Prefect has this version of every deployment already: registering takes seconds."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        try:
            await client.read_work_pool(POOL)
            there = [await client.read_deployment_by_name(name) for name in _names()]
        except ObjectNotFound:
            return False
    return all(deployment.version == version() for deployment in there)


async def _register() -> None:
    """By Prefect's own command, so that `prefect.yaml` means what its documentation says."""
    await _prefect("work-pool", "create", POOL, "--type", "process", "--overwrite")
    await _prefect("--no-prompt", "deploy", "--all")


async def _prefect(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "prefect",
        *words,
        cwd=ROOT,
        env=os.environ | {VERSION: version()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        log.error("prefect %s: %s", " ".join(words), said.decode(errors="replace").strip()[-2000:])
        raise RuntimeError(f"prefect {words[0]} failed; its output is in the log")


def _names() -> list[str]:
    """`flow/deployment`, as Prefect calls them, of all in `prefect.yaml`."""
    import yaml

    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return [f"{each['entrypoint'].rpartition('.')[2].replace('_', '-')}/{each['name']}" for each in told]
