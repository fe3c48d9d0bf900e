"""The deployments as a process: registers what `prefect.yaml` says, and runs what Prefect starts of it.

Every flow run of a deployment gets a process of its own. Which function it runs is looked up in our `prefect.yaml` by
the deployment's name; Prefect's own idea of it, which others can change over its API, is not followed.
"""

import asyncio
import hashlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import yaml

from flows import _prefect_env
from flows.catalogue import CATALOGUE
from settings import Settings

if TYPE_CHECKING:
    from prefect import Flow

log = logging.getLogger("stepglass.deployments")

POOL = "stepglass"
AT_ONCE = 4
ROOT = Path(__file__).parent.parent
VERSION = "STEPGLASS_DEPLOYMENTS"
"""The variable that `prefect.yaml` takes the deployments' version from."""


def run_serving(settings: Settings, command: Sequence[str], ready: Callable[[], object] = lambda: None) -> int:
    """Serve until SIGTERM or SIGINT. Gives the exit code: 1 where there is no Prefect, or it cannot be told.

    `command` and the id of a flow run start a process that calls `run_flow_run`. `ready` is called once, when the
    deployments are registered.
    """
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")  # ten by default: too long for a person who pressed Run
    if not _prefect_env.apply(settings.prefect_api_url):
        log.error("No PREFECT_API_URL: there is no Prefect to register deployments with.")
        return 1
    try:
        asyncio.run(_until_told(_serve(command, ready)))
    except asyncio.CancelledError:
        return 0
    return 0


def run_flow_run(settings: Settings, flow_run_id: UUID) -> int:
    """Run the flow of one flow run to its end, in this process. Gives the exit code, 1 where it is none of ours."""
    if not _prefect_env.apply(settings.prefect_api_url):
        log.error("No PREFECT_API_URL: there is no Prefect to ask for flow run %s.", flow_run_id)
        return 1
    from prefect.client.orchestration import get_client
    from prefect.engine import handle_engine_signals
    from prefect.flow_engine import run_flow_async

    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(flow_run_id)
        deployment = client.read_deployment(flow_run.deployment_id) if flow_run.deployment_id else None
    flow = flow_of(deployment.name) if deployment else None
    if flow is None:
        log.error("Flow run %s belongs to none of the deployments in prefect.yaml.", flow_run_id)
        return 1
    with handle_engine_signals(flow_run_id):
        # Its state and not its result: Prefect would load whatever the state on its server points to, and a result can
        # name code to run.
        asyncio.run(run_flow_async(flow, flow_run, parameters=flow_run.parameters, return_type="state"))
    return 0


def flow_of(deployment: str) -> "Flow[..., Any] | None":
    """The flow that `prefect.yaml` gives the deployment of this name."""
    from flows import deployments

    entrypoints = {each["name"]: each["entrypoint"] for each in _told()}
    if deployment not in entrypoints:
        return None
    flow: Flow[..., Any] = getattr(deployments, entrypoints[deployment].rpartition(".")[2])
    return flow


def version() -> str:
    """Changes with `prefect.yaml` and with the form of any pipeline's input, and with nothing else."""
    told = {name: pipeline.input_schema for name, pipeline in CATALOGUE.items()}
    text = (ROOT / "prefect.yaml").read_text() + json.dumps(told, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


async def _until_told(serving: Coroutine[Any, Any, None]) -> None:
    """`serving`, cancelled by SIGTERM or SIGINT."""
    task = asyncio.create_task(serving)
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    await task


async def _serve(command: Sequence[str], ready: Callable[[], object]) -> None:
    from flows._pool import PoolWorker

    await _answering()
    if not await _registered():
        await _register()
    log.info("the deployments are registered: %s", ", ".join(_names()))
    ready()
    await PoolWorker(POOL, command, limit=AT_ONCE).start(printer=log.info)


async def _answering() -> None:
    from flows._health import Health

    async with Health(_prefect_env.api_url(), _prefect_env.authorization(), every=0.25).watched() as health:
        await health.answers()


async def _registered() -> bool:
    """Whether Prefect has the pool and this version of every deployment already: registering takes seconds."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    from flows._pool import pool_is_closed

    async with get_client() as client:
        if not await pool_is_closed(client, POOL):
            return False
        try:
            there = [await client.read_deployment_by_name(name) for name in _names()]
        except ObjectNotFound:
            return False
    return all(deployment.version == version() and not deployment.job_variables for deployment in there)


async def _register() -> None:
    """By Prefect's own command, so that `prefect.yaml` means what its documentation says."""
    from prefect.client.orchestration import get_client

    from flows._pool import make_pool

    async with get_client() as client:
        await make_pool(client, POOL)
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
    return [f"{each['entrypoint'].rpartition('.')[2].replace('_', '-')}/{each['name']}" for each in _told()]


def _told() -> list[dict[str, Any]]:
    deployments: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return deployments
