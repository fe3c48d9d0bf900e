"""A Vision Framework done again, with what it asks of the model's server counted there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from events.contract import RunQueued, RunQueuedData
from events.log import Entry
from events.runs import NewRun
from events.store import Store
from flows._carry import Carry, Tools
from flows._closing import Outcome
from flows._fork import fork
from flows._opening import read_all
from flows.vision_framework import vision_framework
from llm.client import Model
from llm.openai import open_model
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import SECTION_NAMES
from tests import vision
from tests.check_history import ModelCall, check_history
from tests.scripted_model import ScriptedModelServer, scripted_model
from tests.scripted_replies import refused, said_json

ANSWERS = VisionBrief.model_validate(vision.BRIEF)
MODELS = "scripted scripted"


class Bench:
    """Carries runs of the pipeline one after the other."""

    def __init__(self, store: Store, model: Model, server: ScriptedModelServer) -> None:
        self.store, self.server = store, server
        self.tools = Tools(store.log, store.runs, model, models=MODELS)

    async def carry(self, first: list[Any]) -> tuple[UUID, Outcome]:
        self.server.calls.clear()
        run_id = (await self.store.runs.accept(NewRun("vision_framework", vision.BRIEF, first))).run_id
        claim = await self.store.runs.claim("a worker", run_id=run_id)
        assert claim is not None
        outcome = await Carry(claim, vision_framework, self.tools).go()
        await self.check(run_id)
        return run_id, outcome

    async def run(self) -> tuple[UUID, Outcome]:
        return await self.carry([RunQueued(data=RunQueuedData(pipeline="vision_framework"))])

    async def again(self, run_id: UUID, from_step: str | None = None) -> tuple[UUID, Outcome]:
        source = await self.store.runs.view(run_id, "default")
        forked = await fork(
            vision_framework, self.store.log, source, ANSWERS, same_input=True, from_step=from_step, models=MODELS
        )
        return await self.carry(forked.first)

    async def check(self, run_id: UUID) -> None:
        made = [ModelCall(run_id, call.step or "", call.attempt, call.lane) for call in self.server.calls]
        check_history({run_id: await self.log(run_id)}, made, max_attempts=3)

    async def log(self, run_id: UUID) -> list[Entry]:
        return await read_all(self.store.log, run_id)

    @property
    def asked(self) -> list[str]:
        return sorted(f"{call.step} {call.lane or ''}".strip() for call in self.server.calls)


@pytest.fixture
async def bench(store: Store) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(scripted_model())
        vision.script(server)
        yield Bench(store, await stack.enter_async_context(open_model(server.config)), server)


async def test_after_a_card_that_was_refused_only_that_card_is_asked_for(bench: Bench):
    good = list(SECTION_NAMES)
    bench.server.answers("scoring", refused("I would rather not."), lane=good.pop())
    failed, outcome = await bench.run()
    assert outcome.failed_step == "scoring"
    vision.script(bench.server)

    again, outcome = await bench.again(failed)

    assert outcome.kind == "complete"
    assert [call for call in bench.asked if call.startswith("scoring")] == [f"scoring {SECTION_NAMES[-1]}"]
    before, view = await bench.store.runs.view(failed, "default"), await bench.store.runs.view(again, "default")
    done = {step.step for step in before.steps if step.status == "complete"}
    assert done >= {"framework", "validation"}, "the others may have been stopped with it"
    assert {step.step for step in view.steps if step.reused_from == str(failed)} == done
    assert await bench.store.runs.forks(failed, "default") == [again]


async def test_a_run_done_again_counts_what_it_took_itself_and_says_who_wrote_all_of_it(bench: Bench):
    source, whole = await bench.run()
    assert isinstance(whole.result, dict)
    good = said_json(vision.QA)
    renamed = [move.replace(b'"scripted"', b'"another"') for move in good.moves if isinstance(move, bytes)]
    bench.server.answers("qa", replace(good, moves=renamed))

    again, outcome = await bench.again(source, "qa")

    assert bench.asked == ["qa"]
    result: Any = outcome.result
    assert result["metadata"]["cost"]["output_tokens"] == 34, "of one call"
    assert result["metadata"]["models_used"] == ["another", "scripted"], "who wrote the rest, too"
    assert {**result, "metadata": None} == {**whole.result, "metadata": None}
    view = await bench.store.runs.view(again, "default")
    assert (view.output_tokens, view.models) == (34, ["another"])
    history = await bench.store.runs.history("default", "vision_framework", "")
    assert (history["framework"].n, history["qa"].n) == (1, 2), "a duration is remembered once"


async def test_from_the_validation_on_everything_behind_it_is_written_anew(bench: Bench):
    source, _ = await bench.run()

    _, outcome = await bench.again(source, "validation")

    assert outcome.kind == "complete"
    assert bench.asked == sorted(["one_pager", "qa", *(f"scoring {name}" for name in SECTION_NAMES)])


async def test_a_prompt_that_has_changed_since_is_asked_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    source, _ = await bench.run()
    read: Any = __import__("steps._prompt", fromlist=["_known"])
    known = read._known["vision_framework/qa"]
    monkeypatch.setitem(read._known, "vision_framework/qa", type(known)("qa", "Another word.", known.user))

    await bench.again(source, "one_pager")

    assert bench.asked == ["one_pager", "qa"]
