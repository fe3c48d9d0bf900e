"""How anyone finds out: from the start, late, or from wherever they were."""

import asyncio

from events.log import Entry, tail
from tests.fundamentals.conftest import Stage
from tests.fundamentals.test_a_pipeline import anthology, scripted
from tests.fundamentals.test_a_step import Topic


async def watch(stage: Stage, after: int = 0) -> list[Entry]:
    return [entry async for entry in tail(stage.store.log, stage.run_id, after)]


async def test_who_watches_from_the_start_sees_everything_as_it_comes(stage: Stage):
    scripted(stage.model)
    await stage.accept(anthology, Topic(name="frogs"))
    watching = asyncio.create_task(watch(stage))

    await (await stage.claimed(anthology)).go()

    assert await watching == await stage.entries()


async def test_who_comes_late_or_comes_back_sees_the_rest_from_any_position(stage: Stage):
    scripted(stage.model)
    await stage.run(anthology, Topic(name="frogs"))
    entries = await stage.entries()

    for position in range(len(entries)):
        assert await watch(stage, position) == entries[position:]


async def test_watching_ends_behind_the_last_word(stage: Stage):
    scripted(stage.model)
    await stage.run(anthology, Topic(name="frogs"))

    assert (await watch(stage))[-1].final
