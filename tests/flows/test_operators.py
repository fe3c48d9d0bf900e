"""What operators see in Prefect when things go wrong there, told without a Prefect server."""

import asyncio
import contextvars
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import SettingsContext, get_settings_context
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED
from prefect.states import Crashed, Running

from events.contract import Problem
from flows import _owed, _projection
from flows._carry import Tools
from flows._closing import Outcome
from flows._health import Health
from flows._operators import Operators
from flows._pipeline import Shown
from flows._projection import Projection
from steps._once import Once
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Haiku, Topic, one_haiku

COMPLETE = Outcome("complete", result=Haiku(text="An old pond").model_dump())


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage


@pytest.fixture
def health() -> Health:
    health = Health("http://127.0.0.1:1/api")
    health.up = True
    return health


@pytest.fixture
def elsewhere() -> SettingsContext:
    """To be entered by a test: a Prefect server has an address, and does not answer there."""
    told = get_settings_context()
    # As `flows._prefect_env` sets it: nobody is asked for a version in order to make a client.
    ours: dict[Any, Any] = {
        PREFECT_API_URL: "http://127.0.0.1:1/api",
        PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
    }
    settings = told.settings.copy_with_update(updates=ours)
    return SettingsContext(profile=told.profile, settings=settings)


class Drawn:
    """Stands for Prefect's `Flow` and `Task`, which are only made here, and run by what a test puts in their place."""

    def __init__(self, **given: object) -> None: ...


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_projection, "Flow", Drawn)
    monkeypatch.setattr(_projection, "Task", Drawn)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    published: list[UUID] = []

    async def publish(pipeline: object, outcome: Outcome, url: str, run_id: UUID, *, documents: bool) -> None:
        published.append(run_id)

    monkeypatch.setattr("flows._artifacts.publish", publish)
    return published


def projected(health: Health) -> Projection:
    return Projection(one_haiku, uuid4(), "http://127.0.0.1", health, budget=5, documents=True)


async def made() -> str:
    return "done"


async def test_the_flow_run_is_known_by_the_time_that_others_hear_of_it(health: Health):
    projection = projected(health)
    known: list[UUID | None] = []
    projection.opened.add_done_callback(lambda opened: known.append(projection.flow_run_id))
    flow_run_id = uuid4()

    class FlowRun:
        id = flow_run_id

    class Context:
        flow_run = FlowRun

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_projection.FlowRunContext, "get", lambda: Context)
        projection.opened.set_result(contextvars.copy_context())
        await asyncio.sleep(0)

    assert known == [flow_run_id]


async def test_a_flow_run_is_opened_when_the_model_has_been_asked_and_at_the_latest_when_the_run_ends(
    health: Health, published: list[UUID], monkeypatch: pytest.MonkeyPatch
):
    begun: list[str] = []

    async def flow(flow: object, run_id: str) -> Any:
        begun.append(run_id)
        projections[run_id].opened.set_result(contextvars.copy_context())
        return await projections[run_id].closed

    async def task_run(task: object) -> Any:
        return await _projection._attempt() or "Completed"  # pyright: ignore[reportPrivateUsage] - as the engine does

    monkeypatch.setattr(_projection, "_run_flow", flow)
    monkeypatch.setattr(_projection, "_run_task", task_run)
    long, short = projected(health), projected(health)
    projections = {str(each.run_id): each for each in (long, short)}

    async def asked(projection: Projection) -> None:
        once = Once(made)
        await projection.attempt("haiku", "Write a haiku", 1, once)
        assert await once() == "done" and str(projection.run_id) not in begun

    monkeypatch.setattr(_projection, "OPEN_AFTER", 60)
    await asked(short)
    await short.close(COMPLETE, 5)
    assert begun == [str(short.run_id)]

    monkeypatch.setattr(_projection, "OPEN_AFTER", 0.01)
    await asked(long)
    async with asyncio.timeout(5):
        await asyncio.shield(long.opened)
    await long.close(COMPLETE, 5)

    assert begun == [str(short.run_id), str(long.run_id)]
    assert published == [short.run_id, long.run_id]


async def test_a_flow_run_that_prefect_could_not_end_is_told_of_again(
    health: Health, published: list[UUID], monkeypatch: pytest.MonkeyPatch
):
    projection = projected(health)

    async def broken(flow: object, run_id: str) -> Any:
        projection.opened.set_result(contextvars.copy_context())
        await projection.closed
        raise ConnectionError("gone")

    async def task_run(task: object) -> Any:
        return await _projection._attempt() or "Completed"  # pyright: ignore[reportPrivateUsage] - as the engine does

    monkeypatch.setattr(_projection, "_run_flow", broken)
    monkeypatch.setattr(_projection, "_run_task", task_run)
    once = Once(made)
    await projection.attempt("haiku", "Write a haiku", 1, once)
    assert await once() == "done"
    projection.flow_run_id = uuid4()
    await projection.close(COMPLETE, 5)

    assert not projection.complete
    assert published == [projection.run_id]


async def test_a_deployment_s_flow_run_gets_its_artifacts_too(health: Health, published: list[UUID]):
    projection = projected(health)
    projection.inside()
    await projection.close(COMPLETE)

    assert published == [projection.run_id]


async def test_a_step_that_is_stopped_while_it_waits_for_prefect_leaves_nothing_behind(
    health: Health, monkeypatch: pytest.MonkeyPatch
):
    async def never(task: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(_projection, "_run_task", never)
    projection = projected(health)
    projection.inside()
    before = asyncio.all_tasks()
    once = Once(made)
    attempt = asyncio.create_task(projection.attempt("haiku", "Write a haiku", 1, once))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    attempt.cancel()
    await asyncio.wait([attempt])
    await once.cancel()
    await projection.close(Outcome("cancelled"), grace=0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


async def test_a_prefect_that_cannot_even_be_begun_with_fails_no_step(health: Health, monkeypatch: pytest.MonkeyPatch):
    def refused(**given: object) -> Any:
        raise ValueError("a setting that Prefect does not like")

    monkeypatch.setattr(_projection, "Flow", refused)
    projection = projected(health)
    once = Once(made)
    await projection.attempt("haiku", "Write a haiku", 1, once)

    assert await once() == "done"
    assert not projection.complete


async def test_one_run_that_prefect_refuses_holds_up_no_other(
    stage: Stage, health: Health, monkeypatch: pytest.MonkeyPatch
):
    runs: list[UUID] = []
    for _ in range(2):
        stage.model.answers("haiku", ["An old pond"])
        await stage.run(one_haiku, Topic(name="frogs"))
        await stage.store.runs.note_prefect(stage.run_id, "degraded")
        runs.append(stage.run_id)
    told = asyncio.Event()

    async def register(client: object, tools: Tools, pipelines: object, run_id: UUID) -> None:
        if run_id == runs[0]:
            raise ValueError("409: not this one")
        told.set()

    monkeypatch.setattr(_owed, "register", register)
    monkeypatch.setattr(_owed, "get_client", Client)
    paying = asyncio.create_task(_owed.pay(stage.tools, {}, health, every=0))
    async with asyncio.timeout(5):
        await told.wait()
    paying.cancel()
    await asyncio.wait([paying])

    assert health.up, "it answers: it is only this run that it does not take"


async def test_runs_that_prefect_refuses_for_ever_fill_no_page_and_are_given_up_with_the_reason(
    stage: Stage, health: Health, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    runs: list[UUID] = []
    for _ in range(21):
        stage.model.answers("haiku", ["An old pond"])
        await stage.run(one_haiku, Topic(name="frogs"))
        await stage.store.runs.note_prefect(stage.run_id, "degraded")
        runs.append(stage.run_id)
    asked: Counter[UUID] = Counter()
    told = asyncio.Event()

    async def register(client: object, tools: Tools, pipelines: object, run_id: UUID) -> None:
        asked[run_id] += 1
        if run_id == runs[-1]:
            return told.set()
        raise ValueError("409: not this one")

    monkeypatch.setattr(_owed, "register", register)
    monkeypatch.setattr(_owed, "get_client", Client)
    paying = asyncio.create_task(_owed.pay(stage.tools, {}, health, every=0))
    async with asyncio.timeout(5):
        await told.wait()
    paying.cancel()
    await asyncio.wait([paying])

    assert {asked[run_id] for run_id in runs[:-1]} == {_owed.TIMES}
    assert caplog.text.count("given up after") == 20
    assert "not this one" in caplog.text


async def test_of_several_flow_runs_of_a_run_the_last_one_is_told_how_it_ended(stage: Stage):
    stage.model.answers("haiku", ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    client = Registry()

    await _owed.register(client, stage.tools, {one_haiku.name: one_haiku}, stage.run_id)  # pyright: ignore[reportArgumentType]

    assert client.sort == "EXPECTED_START_TIME_DESC"
    assert client.ended == [(client.lost, "Crashed"), (client.last, "Completed")]


def test_a_run_whose_headline_cannot_be_made_is_complete_all_the_same():
    state = _projection.state_of(one_haiku, Outcome("complete", result={"no": "haiku"}))

    assert (state.name, state.message) == ("Completed", "Complete")


def test_l8_a_state_s_message_is_safe_to_show():
    def shown(result: Haiku) -> Shown:
        return Shown(headline=result.text)

    headlined = replace(one_haiku, shown=shown)
    problem = Problem(type="about:blank", title="It\x1b broke", detail="")

    complete = _projection.state_of(headlined, Outcome("complete", result={"text": "a\x1b[2J\u202eb\nc"}))
    failed = _projection.state_of(one_haiku, Outcome("error", problem=problem, failed_step="haiku"))

    assert (complete.message, failed.message) == ("a\ufffd[2J\ufffdb c", "haiku: It\ufffd broke")


class Registry:
    """Prefect's flow runs; behind the last one are those of a worker that was lost and of one that drained."""

    def __init__(self) -> None:
        self.last, self.lost, self.drained = uuid4(), uuid4(), uuid4()
        self.sort = ""
        self.ended: list[tuple[UUID, str | None]] = []

    async def read_flow_runs(self, *, flow_run_filter: object, sort: FlowRunSort, limit: int) -> list[Any]:
        self.sort = sort.value
        there = {self.last: Running(), self.lost: Running(), self.drained: Crashed()}
        return [SimpleNamespace(id=flow_run_id, state=state) for flow_run_id, state in there.items()]

    async def create_artifact(self, artifact: object) -> None: ...

    async def set_flow_run_state(self, flow_run_id: UUID, state: State[Any], *, force: bool) -> None:
        self.ended.append((flow_run_id, state.name))


class Client:
    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


async def test_a_predecessor_is_marked_also_when_prefect_is_heard_of_only_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    health = Health("http://127.0.0.1:1/api")
    marked: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

    async def mark(client: object, flow_run_id: UUID) -> None:
        marked.set_result(flow_run_id)

    monkeypatch.setattr("flows._owed.mark_predecessor", mark)
    monkeypatch.setattr("flows._operators.get_client", Client)
    before = uuid4()
    await stage.accept(one_haiku, Topic(name="frogs"))
    await stage.store.runs.claim("a worker that dies", run_id=stage.run_id)
    await stage.store.runs.note_prefect(stage.run_id, "live", before)
    stage.clock.now += 60
    claim = await stage.store.runs.claim("another worker", run_id=stage.run_id)
    assert claim is not None
    operators = Operators(stage.tools, health, url="", most=1, budget=0, documents=lambda tenant: True)
    operators.show(claim, one_haiku)
    for _ in range(5):
        await asyncio.sleep(0)
    await stage.store.runs.note_prefect(stage.run_id, "live", uuid4())
    health.up = True
    health._answered.set()  # pyright: ignore[reportPrivateUsage] - as the probe does

    async with asyncio.timeout(5):
        assert await marked == before


async def test_all_that_a_worker_asks_prefect_goes_through_one_client(
    stage: Stage, health: Health, elsewhere: SettingsContext
):
    async def used() -> tuple[object, object]:
        return get_client(), get_client(sync_client=True)

    with elsewhere:
        async with Operators(stage.tools, health, url="", most=1, budget=0, documents=lambda tenant: True).at_work({}):
            one, other = await asyncio.gather(asyncio.create_task(used()), asyncio.create_task(used()))

    assert one[0] is other[0]
    assert one[1] is other[1]


async def test_a_flow_run_is_opened_without_asking_prefect_s_server_where_results_are_kept(
    health: Health, monkeypatch: pytest.MonkeyPatch
):
    """Prefect would ask in the loop that carries all runs, and wait for the answer there."""
    given: list[dict[str, object]] = []

    class Told(Drawn):
        def __init__(self, **options: object) -> None:
            given.append(options)

    async def opened(flow: object, run_id: str) -> None: ...

    monkeypatch.setattr(_projection, "Flow", Told)
    monkeypatch.setattr(_projection, "_run_flow", opened)
    projection = projected(health)

    await projection.attempt("haiku", "Write a haiku", 1, Once(made))
    await projection.close(COMPLETE, grace=0.1)

    assert isinstance(given[0]["result_storage"], Path)
