"""One of several steps side by side fails: by what the pipeline says the others are cancelled, or finish; none is lost.

The model is a server on a socket: an orphan call would be one that is still listened to when the run is over.
"""

import asyncio
from asyncio import TaskGroup
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from events.contract import RunQueued, RunQueuedData
from events.log import Entry
from events.memory import open_memory
from events.runs import NewRun
from flows._carry import Carry, Tools
from flows._pipeline import Pipeline, pipeline
from llm.openai import open_model
from steps._step import step
from steps._write import write_text
from tests.check_history import ModelCall, check_history
from tests.fundamentals.test_a_step import Ask, Topic
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.scripted_replies import Gate, refused, said, without_end


class Both(BaseModel):
    left: str | None = None
    right: str | None = None


@step("Left", retries=1, backoff=0, expected=1)
async def left(topic: Topic) -> str:
    return await write_text(Ask(topic.name))


@step("Right", retries=1, backoff=0, expected=1)
async def right(topic: Topic) -> str:
    return await write_text(Ask(topic.name))


@step("Behind", retries=1, backoff=0, expected=1)
async def behind(both: Both) -> str:
    return await write_text(Ask(str(both.right)))


@pipeline("All or nothing", plan={left: (), right: (), behind: (left, right)})
async def all_or_nothing(topic: Topic) -> str:
    async with TaskGroup() as group:
        one, two = group.create_task(left(topic)), group.create_task(right(topic))
    return await behind(Both(left=one.result(), right=two.result()))


@pipeline("What there is", plan={left: (), right: (), behind: (left, right)})
async def what_there_is(topic: Topic) -> str:
    done = await asyncio.gather(left(topic), right(topic), return_exceptions=True)
    texts = [None if isinstance(each, BaseException) else each for each in done]
    return await behind(Both(left=texts[0], right=texts[1]))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModelServer]:
    async with scripted_model() as server:
        yield server


async def carried(server: ScriptedModelServer, pipeline: Pipeline, ready: Gate, fault: Gate) -> list[Entry]:
    """A run of the pipeline; the fault comes when the other step is in the middle of its answer."""
    async with open_memory() as store, open_model(server.config) as model:
        queued = RunQueued(data=RunQueuedData(pipeline=pipeline.name))
        run_id = (await store.runs.accept(NewRun(pipeline.name, {"name": "frogs"}, [queued]))).run_id
        claim = await store.runs.claim("a worker", run_id=run_id)
        assert claim is not None
        going = asyncio.create_task(Carry(claim, pipeline, Tools(store.log, store.runs, model)).go())
        async with asyncio.timeout(20):
            await ready.reached.wait()
            fault.open()
            await going
        entries = await store.log.read(run_id)
        calls = [ModelCall(run_id, call.step or "", call.attempt, call.lane) for call in server.calls]
        check_history({run_id: entries}, calls, max_attempts=2)
        return entries


def story(entries: list[Entry]) -> list[str]:
    events = [entry.event for entry in entries]
    return [f"{event.type} {getattr(event, 'step', '')}".strip() for event in events if event]


async def test_where_all_is_wanted_the_others_are_hung_up_on(server: ScriptedModelServer):
    fault, going = Gate(), Gate()
    server.answers("left", refused("No.").holding(fault, after=0))
    server.answers("right", said(*["word "] * 50).holding(going, after=5))

    told = story(await carried(server, all_or_nothing, going, fault))

    await (await server.called("right")).gone()
    assert {"step_error left", "step_error right", "step_skipped behind", "error"} <= set(told)
    assert not [call for call in server.calls if not call.over.is_set()], "no orphan call"


async def test_where_what_there_is_will_do_the_others_finish(server: ScriptedModelServer):
    fault, going = Gate(), Gate()
    server.answers("left", refused("No.").holding(fault, after=0))
    server.answers("right", said(*["word "] * 50).holding(going, after=5))
    server.answers("behind", said("done"))
    finish = asyncio.create_task(_open_after(server, going))

    told = story(await carried(server, what_there_is, going, fault))

    await finish
    call = await server.called("right")
    assert (call.disconnected, call.ended is not None) == (None, True)
    assert {"step_error left", "step_complete right", "step_complete behind"} <= set(told)
    assert told[-1] == "complete"
    assert all(call.over.is_set() for call in server.calls)


async def _open_after(server: ScriptedModelServer, gate: Gate) -> None:
    """Let the other step go on when the first has had its answer."""
    await (await server.called("left")).over.wait()
    gate.open()


async def test_an_answer_without_end_beside_a_failure_is_hung_up_on(server: ScriptedModelServer):
    fault, going = Gate(), Gate()
    server.answers("left", refused("No.").holding(fault, after=0))
    server.answers("right", without_end("and so on ", every=0.001))
    going.reached.set()

    told = story(await carried(server, all_or_nothing, going, fault))

    await (await server.called("right")).gone()
    assert told[-1] == "error"
