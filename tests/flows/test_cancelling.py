"""Who presses cancel in Prefect's page cancels our run."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from events.runs import Claim
from flows import _cancelling
from flows._health import Health
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Topic, one_haiku


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage


class Page:
    """Prefect, which says what is being cancelled there; at first it does not answer."""

    def __init__(self, cancelling: UUID) -> None:
        self.cancelling, self.asked = cancelling, 0
        self.opened = self.closed = 0

    @asynccontextmanager
    async def client(self) -> AsyncGenerator["Page"]:
        self.opened += 1
        try:
            yield self
        finally:
            self.closed += 1

    async def read_flow_runs(self, *, flow_run_filter: Any) -> list[Any]:
        self.asked += 1
        if self.asked == 1:
            raise ConnectionError("not yet")
        assert flow_run_filter.state.type.any_ == ["CANCELLING"]
        return [SimpleNamespace(id=each) for each in flow_run_filter.id.any_ if each == self.cancelling]


async def test_a_run_whose_flow_run_is_being_cancelled_is_asked_to_end_and_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    claims: dict[UUID, Claim] = {}
    for _ in range(2):
        await stage.accept(one_haiku, Topic(name="frogs"))
        claims[uuid4()] = (await stage.claimed(one_haiku)).claim
    cancelled, other = claims
    page = Page(cancelled)
    monkeypatch.setattr(_cancelling, "get_client", page.client)
    health = Health("http://127.0.0.1:1/api")
    health.up = True
    heeding = asyncio.create_task(_cancelling.heed(stage.tools, lambda: claims, health, every=0))
    stage.run_id = claims[cancelled].run_id
    async with asyncio.timeout(5):
        await stage.heard("cancel_requested")
        seen = page.asked
        while page.asked < seen + 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (page.opened, page.closed) == (2, 1), "another one behind the failure, and none for each time"
        both = dict(claims)
        claims.clear()
        while page.closed < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        claims |= both
        while page.opened < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
    heeding.cancel()
    await asyncio.wait([heeding])
    assert page.closed == page.opened

    asked = await stage.last("cancel_requested")
    assert asked.data.by == "prefect"
    assert (await stage.story()).count("cancel_requested") == 1, "although it was seen more than once"
    stage.run_id = claims[other].run_id
    assert await stage.story() == ["run_queued"]
