"""The work pool of our deployments: it takes a flow run's parameters and nothing else.

A process pool would run the command, with the environment and in the directory, that a flow run or its deployment
names: any client of Prefect's API could run anything as us. A worker of this pool starts one command of ours with the
id of the flow run, and our `prefect.yaml` says which function that is.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import anyio
from anyio.abc import TaskStatus
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import FlowRun, WorkPool
from prefect.exceptions import InfrastructureNotFound, ObjectNotFound
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

TYPE = "stepglass"
NOTHING: dict[str, Any] = {
    # Not empty: Prefect 3.8.8 takes an empty one for one that is missing.
    "job_configuration": {"labels": {}},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
"""The pool's template: with it the server refuses job variables, and its forms offer none."""
GRACE = 8.0
"""Seconds that a flow run has to give its run to another worker before it is killed."""


class Fixed(BaseJobConfiguration):
    """The configuration of a job: always empty, whatever the pool, the deployment or the flow run says."""

    @classmethod
    async def from_template_and_values(
        cls, base_job_template: dict[str, Any], values: dict[str, Any], client: PrefectClient | None = None
    ) -> Self:
        return cls()


class PoolWorker(BaseWorker[Fixed, BaseVariables, BaseWorkerResult]):
    """Starts a process of `command` and the flow run's id for each flow run, at most `limit` at once."""

    type = TYPE
    job_configuration = Fixed

    def __init__(self, pool: str, command: Sequence[str], *, limit: int) -> None:
        name = f"{socket.gethostname()}:{os.getpid()}"
        super().__init__(pool, name=name, limit=limit, create_pool_if_not_found=False)
        self._command = command
        self._processes: dict[str, asyncio.subprocess.Process] = {}

    async def run(
        self, flow_run: FlowRun, configuration: Fixed, task_status: TaskStatus[int] | None = None
    ) -> BaseWorkerResult:
        process = await asyncio.create_subprocess_exec(*self._command, str(flow_run.id))
        pid = str(process.pid)
        self._processes[pid] = process
        if task_status is not None:
            task_status.started(process.pid)
        try:
            code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await stopped(process)
            del self._processes[pid]
        return BaseWorkerResult(identifier=pid, status_code=code)

    async def kill_infrastructure(self, infrastructure_pid: str, configuration: Fixed, grace_seconds: int = 30) -> None:
        """End a flow run that was cancelled before it began."""
        process = self._processes.get(infrastructure_pid)
        if process is None:
            raise InfrastructureNotFound(f"No flow run of this worker has the process {infrastructure_pid}.")
        await stopped(process)


async def stopped(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end; kill it after `GRACE`."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def pool_is_closed(client: PrefectClient, name: str) -> bool:
    """Whether the pool is there, of our type, and offers nothing to be told."""
    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound:
        return False
    return is_closed(pool)


def is_closed(pool: WorkPool) -> bool:
    return pool.type == TYPE and pool.base_job_template == NOTHING


async def make_pool(client: PrefectClient, name: str) -> None:
    """Make the pool as it must be. One of another type, as of an earlier version, is replaced: a type is for good."""
    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound:
        pool = None
    if pool is not None and pool.type != TYPE:
        await client.delete_work_pool(name)
        pool = None
    if pool is None:
        await client.create_work_pool(WorkPoolCreate(name=name, type=TYPE, base_job_template=NOTHING))
    elif not is_closed(pool):
        await client.update_work_pool(name, WorkPoolUpdate(base_job_template=NOTHING))
