"""`stepglass retry`: what it asks for, what it shows, and how it ends."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from cli._client import Api
from cli._errors import BadInput, CommandFailed
from cli.retry import Wish, retry
from cli.runs import show_run
from events.contract import RunQueued
from events.runs import DEFAULT_TENANT
from events.store import Store
from tests.api.test_retry import BRIEF, complete, ended, failed
from tests.api.writing import hold
from tests.cli.conftest import Paper
from tests.histories import Story


async def again(api: Api, paper: Paper, run_id: UUID, *, json: bool = False, **wish: Any) -> int:
    return await retry(api, paper.console, run_id, Wish(**wish), json=json)


async def carried(store: Store, source: UUID) -> UUID:
    """A worker for the run that somebody is about to start: it gets to a good end at once."""
    async with asyncio.timeout(5):
        while not (forks := await store.runs.forks(source, DEFAULT_TENANT)):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await (await hold(store, forks[0])).write(Story().started().done("the end").events)
    return forks[0]


async def test_a_failed_run_is_done_again_and_watched_to_its_end(api: Api, store: Store, paper: Paper):
    source = await ended(store, failed())
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carried(store, source))
        assert await again(api, paper, source) == 0

    lines = paper.text.splitlines()
    assert lines[0].endswith(f"run {carrying.result()}")
    assert f"brief: taken from run {source}" in paper.text


async def test_the_step_and_the_input_are_those_that_were_named(api: Api, store: Store, paper: Paper, tmp_path: Path):
    source = await ended(store, complete())
    file = anyio.Path(tmp_path / "brief.json")
    await file.write_text(json.dumps({**BRIEF, "company_name": "Another"}))
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carried(store, source))
        await again(api, paper, source, from_step="qa", source=str(file), max_cost=1.5)

    given: Any = await store.runs.input(carrying.result(), DEFAULT_TENANT)
    assert given["company_name"] == "Another"
    queued = (await store.log.read(carrying.result()))[0].event
    assert isinstance(queued, RunQueued) and (queued.data.from_step, queued.data.max_cost_usd) == ("qa", 1.5)


async def test_a_run_that_failed_may_be_done_again_to_ask(api: Api, store: Store, paper: Paper):
    source = await ended(store, failed())
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carried(store, source))
        await again(api, paper, source, on_invalid="ask")

    assert await store.runs.input(carrying.result(), DEFAULT_TENANT) == {**BRIEF, "on_invalid": "ask"}


async def test_a_complete_run_wants_a_step_and_a_live_one_an_end(api: Api, store: Store, paper: Paper):
    with pytest.raises(BadInput, match="from_step: The run is complete"):
        await again(api, paper, await ended(store, complete()))
    with pytest.raises(CommandFailed, match="has not finished"):
        await again(api, paper, await ended(store, Story().queued().started()))


async def test_a_run_shows_the_way_to_those_that_do_it_again_and_back(api: Api, store: Store, paper: Paper):
    source = await ended(store, failed())
    fork = await api.retry(source, {})

    await show_run(api, paper.console, source, json=False)
    await show_run(api, paper.console, fork, json=False)

    assert f"It was done again as run {fork}." in paper.text
    assert f"It does run {source} again." in paper.text
    assert "from an earlier run ($0.0100 there)" in paper.text
