"""What a worker's runs leave in its figures."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from events.contract import Event, Progress, ProgressData, Usage, UsageData
from events.store import Store
from flows._carry import Tools
from llm.errors import StreamCut
from observe.hearing import Ear, Facts, Heard
from observe.meters import MOST_NAMES, Figures, Meters
from steps._run import Run
from tests.e2e.stack import until
from tests.events.words import complete, held
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Topic, one_haiku
from tests.observe.test_spans import side_by_side


@dataclass
class HeardStage(Stage):
    """A stage whose log somebody listens to."""

    ears: list[Ear] = field(default_factory=list[Ear])

    @property
    def tools(self) -> Tools:
        return replace(super().tools, log=Heard(self.store.log, self.ears))


@pytest.fixture
def meters() -> Meters:
    return Meters()


@pytest.fixture
async def stage(meters: Meters) -> AsyncIterator[HeardStage]:
    async with new_stage() as plain:
        yield HeardStage(plain.store, plain.model, plain.clock, ears=[meters])


def figures(of: Figures) -> dict[str, float]:
    """By name and labels, as in the text."""
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(of.text().decode())
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


async def test_a_run_is_counted_with_its_attempts_calls_and_times(stage: HeardStage, meters: Meters) -> None:
    stage.model.cost = 0.25
    stage.model.answers("haiku", ["An old ", StreamCut("It ended.")], ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    found = figures(meters)
    name = one_haiku.name
    assert found[f"stepglass_runs_total{sorted([name, 'complete'])}"] == 1
    assert found[f"stepglass_run_seconds_count{sorted([name, 'complete'])}"] == 1
    attempts = {
        what: found[f"stepglass_attempts_total{sorted([name, 'haiku', what])}"] for what in ("complete", "retry")
    }
    assert attempts == {"complete": 1, "retry": 1}
    assert found[f"stepglass_step_seconds_count{sorted([name, 'haiku'])}"] == 1
    # Each attempt wrote, and the first piece of each is what counts.
    assert found[f"stepglass_first_chunk_seconds_count{sorted([name, 'haiku'])}"] == 2
    calls = {key: value for key, value in found.items() if key.startswith("stepglass_model_calls")}
    assert list(calls.values()) == [2], "and not also when that was first counted"
    assert sum(value for key, value in found.items() if key.startswith("stepglass_cost_usd_total")) == 0.5


async def test_the_first_text_of_an_attempt_counts_once_whichever_lane_it_is_in(
    stage: HeardStage, meters: Meters
) -> None:
    stage.model.answers("two_verses", ["An old ", "pond"])
    await stage.run(side_by_side, Topic(name="frogs"))
    assert figures(meters)[f"stepglass_first_chunk_seconds_count{sorted([side_by_side.name, 'two_verses'])}"] == 1


async def test_nothing_of_what_was_asked_or_written_is_in_the_text(stage: HeardStage, meters: Meters) -> None:
    stage.model.answers("haiku", ["An old silent pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    text = meters.text().decode()
    assert "frogs" not in text and "pond" not in text and str(stage.run_id) not in text


def said(model: str, cost: float | None = None) -> Usage:
    return Usage(step="s", data=UsageData(model=model, input_tokens=3, output_tokens=5, cost_usd=cost))


def test_a_price_that_nobody_knows_is_not_nothing(meters: Meters) -> None:
    run = Facts(run_id=uuid4())
    for cost in (None, 0.5):
        meters.hear(run, said("m", cost))
    found = figures(meters)
    assert found["stepglass_cost_usd_total['m']"] == 0.5
    assert found["stepglass_unpriced_calls_total['m']"] == 1
    assert (found["stepglass_tokens_total['input', 'm']"], found["stepglass_tokens_total['m', 'output']"]) == (6, 10)


def test_however_many_names_a_server_has_for_its_model_there_are_so_many_labels(meters: Meters) -> None:
    run = Facts(run_id=uuid4())
    for number in range(MOST_NAMES + 50):
        meters.hear(run, said(f"model-{number}"))
    calls = {key: value for key, value in figures(meters).items() if key.startswith("stepglass_model_calls_total")}
    assert len(calls) == MOST_NAMES + 1
    assert calls["stepglass_model_calls_total['other']"] == 50


async def test_what_is_refused_is_not_counted(stage: HeardStage, meters: Meters) -> None:
    stage.model.answers("haiku", ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    before = figures(meters)
    refused = stage.tools.log.submit(stage.run_id, [said("late")], epoch=1)
    with pytest.raises(Exception, match="last word"):
        await refused
    assert figures(meters) == before


async def test_what_is_stored_counts_also_when_its_step_was_stopped_meanwhile(
    postgres_store: Store, stage: HeardStage, meters: Meters
) -> None:
    claim = await held(postgres_store)
    run = Run(claim.run_id, claim.epoch, Heard(postgres_store.log, [meters]), stage.model)
    saying = asyncio.create_task(run.commit(complete("brief")))
    await asyncio.sleep(0)  # it is on its way to the database
    saying.cancel()
    await until(
        lambda: figures(meters).get("stepglass_attempts_total['brief', 'complete', 'unknown']") == 1, "it is counted"
    )
    assert saying.cancelled()


async def test_an_ear_that_fails_costs_no_run_anything(stage: HeardStage, caplog: pytest.LogCaptureFixture) -> None:
    class Deaf:
        def hear(self, run: Facts, event: Event) -> None:
            raise KeyError("a bug")

    stage.ears = [Deaf()]
    stage.model.answers("haiku", ["An old pond"])
    assert (await stage.run(one_haiku, Topic(name="frogs"))).kind == "complete"
    assert {record.levelno for record in caplog.records if record.name == "stepglass.observe"} == {logging.ERROR}


def test_what_is_no_figure_is_passed_over(meters: Meters) -> None:
    before = figures(meters)
    meters.hear(Facts(run_id=uuid4()), Progress(step="s", data=ProgressData(basis="history")))
    assert figures(meters) == before
