"""The worker as a process: what it does before it takes runs."""

import gc
import signal
from contextlib import AsyncExitStack

import pytest
from pydantic import SecretStr

from flows import process
from flows.process import run_worker
from settings import Settings


class Idle:
    """A worker with nothing to do."""

    name = "idle"

    def drain(self) -> None: ...

    async def work(self) -> None: ...


def leave_alone(number: int, handler: object) -> None:
    """This process is the test's."""


def test_what_is_there_when_a_worker_is_ready_is_never_looked_through_for_garbage(monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []

    async def open_idle(settings: Settings, stack: AsyncExitStack) -> Idle:
        told.append("opened")
        return Idle()

    monkeypatch.setattr(process, "open_worker", open_idle)
    monkeypatch.setattr(gc, "freeze", lambda: told.append("frozen"))
    monkeypatch.setattr(signal, "signal", leave_alone)
    assert run_worker(Settings(), lambda: told.append("ready")) == 0
    assert told == ["opened", "frozen", "ready"]


@pytest.mark.parametrize(("most", "watched"), [(5.0, True), (None, False)])
async def test_m7_a_process_that_carries_runs_watches_what_a_day_may_cost_where_that_is_limited(
    most: float | None, watched: bool
):
    nowhere = {"database_url": SecretStr("memory://"), "openai_base_url": "http://127.0.0.1:9/v1"}
    settings = Settings(spend_per_day_usd=most).model_copy(update=nowhere)
    async with AsyncExitStack() as stack:
        assert ((await process.open_tools(settings, stack)).spending is not None) is watched
