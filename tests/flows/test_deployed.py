"""A run inside a flow run that Prefect started: its end there, doing one again, and a store that goes away."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.contract import RunQueued
from events.errors import StoreUnavailable
from events.runs import NewRun
from flows import _deployed, _patience, deployments
from flows._deployed import CannotStart
from flows._patience import patiently
from settings import Settings
from tests.api.test_retry import complete, ended, failed
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Topic, one_haiku
from tests.histories import Story


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_patience, "PAUSE", 0.0)


class Away:
    """Raises what a store does that is not there, so many times, and then gives what it is asked for."""

    def __init__(self, times: int, ask: Callable[..., Any]) -> None:
        self.times, self.ask = times, ask

    async def __call__(self, *args: Any, **named: Any) -> Any:
        if self.times:
            self.times -= 1
            raise StoreUnavailable("away")
        return await self.ask(*args, **named)


async def test_a_store_that_comes_back_in_time_costs_nothing_but_the_time():
    async def here() -> str:
        return "here"

    assert await patiently(Away(3, here)) == "here"


async def test_a_store_that_stays_away_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch):
    async def here() -> str:
        return "here"

    monkeypatch.setattr(_patience, "PATIENCE", 0.01)
    with pytest.raises(StoreUnavailable):
        await patiently(Away(100_000, here))


async def test_a_run_that_is_followed_is_followed_through_a_store_that_goes_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    stage.model.answers("haiku", ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    log = stage.tools.log
    monkeypatch.setattr(log, "read", Away(2, log.read))

    state = await _deployed.followed(stage.tools, one_haiku, stage.run_id)

    assert state.name == "Completed"


async def test_what_prefect_saw_of_a_run_fails_it_not_even_for_a_store_that_stays_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def away(*args: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(stage.store.runs, "note_prefect", away)
    monkeypatch.setattr(_patience, "PATIENCE", 0.0)
    monkeypatch.setattr(_patience, "PAUSE", 0.1)

    await _deployed.noted(stage.tools, uuid4(), None, told=True)

    assert "could not be stored" in caplog.text


async def started(stage: Stage, run_id: UUID, from_step: str | None = None, **settings: Any) -> NewRun:
    return await deployments.again(Settings(**settings), stage.tools, "prefect:1", run_id, from_step)


async def test_an_operator_s_retry_is_the_owner_s_run_with_the_flow_run_as_its_key(stage: Stage):
    store: Any = stage.store
    run_id = await ended(store, failed(), tenant="acme")

    new = await started(stage, run_id)

    assert (new.tenant, new.idempotency_key, new.forked_from) == ("acme", "prefect:1", run_id)
    assert [getattr(event, "step", "") for event in new.first] == ["", "brief", "framework", "validation", "qa"]


@pytest.mark.parametrize(("before", "after"), [(5.0, 2.0), (0.5, 0.5), (None, 2.0)])
async def test_m7_an_operator_s_retry_keeps_within_the_limit_of_the_settings(
    stage: Stage, before: float | None, after: float
):
    store: Any = stage.store
    run_id = await ended(store, failed(), max_cost_usd=before)

    queued = (await started(stage, run_id, max_cost_usd=2.0)).first[0]

    assert isinstance(queued, RunQueued) and queued.data.max_cost_usd == after


async def test_what_cannot_be_done_again_is_said_to_the_operator(stage: Stage):
    store: Any = stage.store
    live = await ended(store, Story().queued().started())

    for run_id, step, words in (
        (uuid4(), None, "There is no run"),
        (live, None, "is running"),
        (await ended(store, complete()), None, "Say which step"),
        (await ended(store, failed()), "dessert", "no step 'dessert'"),
        (await ended(store, failed(), {"an": "old input"}), None, "takes now"),
    ):
        with pytest.raises(CannotStart, match=words):
            await started(stage, run_id, step)
