"""The work pool of our deployments: one command of ours for every flow run, whatever Prefect is told."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import anyio
import psutil
import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotFound, ObjectNotFound

from flows import deployments, serving
from flows._deployed import CannotStart
from flows._pool import NOTHING, Fixed, PoolWorker, is_closed, make_pool, pool_is_closed
from flows._projection import NOWHERE
from flows.catalogue import CATALOGUE
from settings import Settings


class PoolServer:
    """Prefect's client, as far as it is asked about one pool; `done` are the changes."""

    def __init__(self, pool: Any) -> None:
        self.pool: Any = pool
        self.done: list[str] = []

    async def read_work_pool(self, name: str) -> Any:
        if self.pool is None:
            raise ObjectNotFound(Exception())
        return self.pool

    async def delete_work_pool(self, name: str) -> None:
        self.pool = None
        self.done.append("deleted")

    async def create_work_pool(self, pool: Any) -> None:
        self.pool = pool
        self.done.append("created")

    async def update_work_pool(self, name: str, change: Any) -> None:
        self.pool.base_job_template = change.base_job_template
        self.done.append("updated")


WRITES = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"


def flow_run(**more: Any) -> FlowRun:
    return cast(FlowRun, SimpleNamespace(id=uuid4(), **more))


async def test_c1_a_job_is_told_nothing_whatever_pool_deployment_and_flow_run_say(tmp_path: Path):
    told: dict[str, Any] = {"command": f"touch {tmp_path / 'made'}", "env": {"A": "B"}, "working_dir": str(tmp_path)}
    template: dict[str, Any] = {"job_configuration": told, "variables": {"type": "object", "properties": {}}}

    configuration = await Fixed.from_template_and_values(template, told)

    assert (configuration.command, configuration.env, configuration.labels) == (None, {}, {})


async def test_c1_a_flow_run_is_a_process_of_our_command_and_its_id(tmp_path: Path):
    worker = PoolWorker("pool", (sys.executable, "-c", WRITES, str(tmp_path / "id")), limit=1)
    wanted = flow_run(job_variables={"command": f"touch {tmp_path / 'made'}"})

    result = await worker.run(wanted, Fixed(command=f"touch {tmp_path / 'made'}"))

    assert result.status_code == 0
    assert [path.name async for path in anyio.Path(tmp_path).iterdir()] == ["id"]
    assert await anyio.Path(tmp_path / "id").read_text() == str(wanted.id)


async def test_a_flow_run_that_is_cancelled_before_it_began_loses_its_process(tmp_path: Path):
    worker = PoolWorker("pool", (sys.executable, "-c", "import signal; signal.pause()"), limit=1)
    pids: asyncio.Queue[int] = asyncio.Queue()

    class Status:
        def started(self, pid: int) -> None:
            pids.put_nowait(pid)

    running = asyncio.create_task(worker.run(flow_run(), Fixed(), cast(Any, Status())))
    pid = str(await pids.get())
    await worker.kill_infrastructure(pid, Fixed())

    assert (await running).status_code == -15
    with pytest.raises(InfrastructureNotFound):
        await worker.kill_infrastructure(pid, Fixed())


async def test_a_worker_that_stops_takes_its_flow_runs_processes_with_it(tmp_path: Path):
    worker = PoolWorker("pool", (sys.executable, "-c", "import signal; signal.pause()"), limit=1)
    pids: asyncio.Queue[int] = asyncio.Queue()

    class Status:
        def started(self, pid: int) -> None:
            pids.put_nowait(pid)

    running = asyncio.create_task(worker.run(flow_run(), Fixed(), cast(Any, Status())))
    pid = await pids.get()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert not psutil.pid_exists(pid)


def test_c1_a_pool_that_offers_anything_is_not_ours():
    template = {**NOTHING, "variables": {"type": "object", "properties": {"command": {"type": "string"}}}}

    assert is_closed(cast(Any, SimpleNamespace(type="stepglass", base_job_template=NOTHING)))
    assert not is_closed(cast(Any, SimpleNamespace(type="stepglass", base_job_template=template)))
    assert not is_closed(cast(Any, SimpleNamespace(type="process", base_job_template=NOTHING)))


@pytest.mark.parametrize(
    ("there", "done"),
    [
        (None, ["created"]),
        (SimpleNamespace(type="process", base_job_template={}), ["deleted", "created"]),
        (SimpleNamespace(type="stepglass", base_job_template={"variables": {"command": {}}}), ["updated"]),
        (SimpleNamespace(type="stepglass", base_job_template=NOTHING), []),
    ],
)
async def test_c1_a_pool_that_could_be_told_anything_is_closed_or_replaced(there: Any, done: list[str]):
    server = PoolServer(there)
    assert await pool_is_closed(cast(Any, server), "pool") is (done == [])

    await make_pool(cast(Any, server), "pool")

    assert server.done == done
    assert await pool_is_closed(cast(Any, server), "pool")


def test_c1_the_flow_of_a_deployment_is_the_one_in_prefect_yaml():
    assert serving.flow_of("retry-step") is deployments.retry_step
    assert serving.flow_of("somebody-else-s") is None


async def test_c1_the_result_that_a_state_on_the_server_points_to_is_never_loaded(monkeypatch: pytest.MonkeyPatch):
    """Prefect would load it with the serializer that the state names."""
    asked: dict[str, Any] = {}

    class Client:
        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *error: object) -> None: ...

        def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
            return flow_run(deployment_id=uuid4(), parameters={"run_id": "x"})

        def read_deployment(self, deployment_id: UUID) -> SimpleNamespace:
            return SimpleNamespace(name="retry-step")

    async def run(flow: Any, flow_run: FlowRun, **more: Any) -> None:
        asked.update(more, flow=flow)

    def get_client(sync_client: bool) -> Client:
        return Client()

    monkeypatch.setattr("prefect.client.orchestration.get_client", get_client)
    monkeypatch.setattr("prefect.flow_engine.run_flow_async", run)
    # It would say for the rest of these tests where Prefect is.
    monkeypatch.setattr("flows._prefect_env.apply", bool)
    settings = Settings.model_validate({"PREFECT_API_URL": "http://127.0.0.1:1/api"})

    assert await asyncio.to_thread(serving.run_flow_run, settings, uuid4()) == 0
    assert asked == {"flow": deployments.retry_step, "parameters": {"run_id": "x"}, "return_type": "state"}


@pytest.mark.parametrize("deployment", ["generate", "refine-section", "retry-step", "batch"])
def test_c1_prefect_is_not_asked_where_errors_are_kept_and_writes_nothing_of_a_form(deployment: str):
    flow = serving.flow_of(deployment)

    assert flow is not None and flow.result_storage == NOWHERE and not flow.should_validate_parameters


def test_c1_a_form_that_is_filled_in_wrongly_is_refused_without_a_word_of_it():
    model = CATALOGUE["vision_framework"].input_model
    answers = {"company_name": "A secret name", "company_id": 5}

    with pytest.raises(CannotStart) as refused:
        deployments.checked(model, answers, "answers")

    assert "answers.company_id: " in str(refused.value) and "secret" not in str(refused.value)
    with pytest.raises(CannotStart, match="run_id: "):
        deployments.checked(UUID, "no id", "run_id")
