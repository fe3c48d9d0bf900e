"""Batches out of files, and what operators see of one."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from events.contract import Counts, Problem
from events.store import Store
from flows import _deployed, deployments
from flows._batch_file import order_from
from flows._children import beginners
from flows._deployed import CannotStart, NothingToDo
from flows._orphans import ending_orphans
from flows._upkeep import upkeep
from flows.batch import batch, shown
from flows.catalogue import CATALOGUE
from settings import Settings
from steps.batch.order import key_of
from steps.batch.report import BatchReport, Failure
from tests import vision
from tests.events.words import held, new
from tests.steps.batch.yard import new_yard, order

BRIEF = dict(vision.BRIEF)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "batches").mkdir()
    (tmp_path / "elsewhere.jsonl").write_text(json.dumps(BRIEF))
    return tmp_path / "batches"


def written(folder: Path, *lines: Any, name: str = "week.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_a_line_is_an_input_or_an_input_under_a_key(folder: Path):
    written(folder, BRIEF, "", {"key": "two", "input": {**BRIEF, "company_name": "Two"}}, {"key": "odd", "input": {}})

    asked = order_from(folder, "week.jsonl", "vision_framework", 3)

    assert (asked.name, asked.pipeline, asked.concurrency) == ("week", "vision_framework", 3)
    first, two, odd = asked.items
    model = CATALOGUE["vision_framework"].input_model
    assert first.input == model.model_validate(BRIEF).model_dump(mode="json"), "as it comes from elsewhere"
    assert first.key == key_of(first.input)
    assert (two.key, two.input["company_name"]) == ("two", "Two")
    assert (odd.key, odd.input) == ("odd", {}), "it fails alone, and says why"


@pytest.mark.parametrize("name", ["../elsewhere.jsonl", "/etc/passwd", "", ".", "..", "a/../../elsewhere.jsonl"])
def test_no_file_outside_of_the_folder_is_read(folder: Path, name: str):
    with pytest.raises(CannotStart, match="no name of a file") as error:
        order_from(folder, name, "vision_framework", 1)
    assert not isinstance(error.value, NothingToDo)


def test_nor_one_that_a_link_leads_to(folder: Path):
    (folder / "week.jsonl").symlink_to(folder.parent / "elsewhere.jsonl")
    with pytest.raises(CannotStart, match="no name of a file"):
        order_from(folder, "week.jsonl", "vision_framework", 1)


def test_without_a_file_there_is_nothing_to_do_and_it_says_what_to_put_where(folder: Path):
    with pytest.raises(NothingToDo, match=f"put one into {folder}"):
        order_from(folder, "nightly.jsonl", "vision_framework", 1)
    written(folder, "", name="empty.jsonl")
    with pytest.raises(NothingToDo, match=r"nothing in empty\.jsonl"):
        order_from(folder, "empty.jsonl", "vision_framework", 1)


@pytest.mark.parametrize(
    "line", ["{", "[]", '"words"', '{"a": NaN}', '{"key": 1, "input": {}}', '{"a": "\\ud800"}', "[" * 100_000]
)
def test_lines_that_are_no_input_are_named(folder: Path, line: str):
    written(folder, BRIEF, line)
    with pytest.raises(CannotStart, match=r"week\.jsonl, line 2: neither"):
        order_from(folder, "week.jsonl", "vision_framework", 1)


def test_l8_a_line_with_an_unsafe_character_is_named_with_its_field(folder: Path):
    written(folder, BRIEF, json.dumps({"key": "b", "input": {**BRIEF, "company_name": "A\u202e"}}))
    with pytest.raises(CannotStart, match=r"^week\.jsonl, line 2, input\.company_name: It holds U\+202E \("):
        order_from(folder, "week.jsonl", "vision_framework", 1)


@pytest.mark.parametrize("name", ["no\x1b[2Jthing", "nightly\u202e.jsonl", "night\nly.jsonl", "a\x00.jsonl"])
def test_l8_the_name_of_a_file_holds_no_unsafe_character(folder: Path, name: str):
    with pytest.raises(CannotStart, match=r"^The name of the file holds U\+[0-9A-F]{4} \(") as error:
        order_from(folder, name, "vision_framework", 1)
    assert not isinstance(error.value, NothingToDo)
    assert str(error.value).isprintable()


def test_l8_what_a_deployment_is_started_with_is_looked_at_too():
    pipeline = CATALOGUE["vision_framework"]
    given = pipeline.input_model.model_validate({**BRIEF, "company_name": "A\x1b"})
    with pytest.raises(CannotStart, match=r"^company_name: It holds U\+001B "):
        deployments.started(pipeline, given, Settings(), "key")


def test_of_many_such_lines_the_first_are_named(folder: Path):
    written(folder, *["no"] * 9)
    with pytest.raises(CannotStart, match="lines 1, 2, 3 and 6 more"):
        order_from(folder, "week.jsonl", "vision_framework", 1)


@pytest.mark.parametrize(
    ("pipeline", "concurrency", "words"),
    [("nothing", 1, "No pipeline 'nothing'"), ("vision_framework", 0, "greater than or equal to 1")],
)
def test_what_else_is_wrong_is_said(folder: Path, pipeline: str, concurrency: int, words: str):
    written(folder, BRIEF)
    with pytest.raises(CannotStart, match=words):
        order_from(folder, "week.jsonl", pipeline, concurrency)


def test_the_same_line_twice_is_one_item_too_many(folder: Path):
    written(folder, BRIEF, BRIEF)
    with pytest.raises(CannotStart, match="same key"):
        order_from(folder, "week.jsonl", "vision_framework", 1)


@pytest.fixture
def in_a_flow_run(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Runtime:
        id = "nobody's"

    monkeypatch.setattr(_deployed, "flow_run", Runtime)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("STEPGLASS_BATCHES", str(folder))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")


@pytest.mark.usefixtures("in_a_flow_run")
async def test_where_there_is_nothing_to_do_the_flow_run_is_completed():
    state = await deployments.batch.fn()
    assert state.is_completed() and "There is no file nightly.jsonl" in str(state.message)

    state = await deployments.batch.fn(file="../elsewhere.jsonl")
    assert state.is_failed()


@pytest.mark.usefixtures("in_a_flow_run")
@pytest.mark.parametrize("refusal", [CannotStart, NothingToDo])
async def test_l8_why_a_flow_run_does_nothing_is_safe_to_show(
    monkeypatch: pytest.MonkeyPatch, refusal: type[CannotStart]
):
    def refuse(*args: Any) -> None:
        raise refusal("a\x1b[2J\u202eb\nc")

    monkeypatch.setattr(deployments, "order_from", refuse)

    state = await deployments.batch.fn()

    assert (state.is_completed(), state.message) == (refusal is NothingToDo, "a\ufffd[2J\ufffdb c")


def test_operators_see_how_many_and_which_failed():
    counts = Counts(total=1000, waiting=0, running=0, complete=997, skipped=12, failed=3, cancelled=0)
    problem = Problem(title="It broke", detail="In two.")
    seen = shown(BatchReport(counts=counts, failed=[Failure(key="ann", run_id="r1", problem=problem)]))

    assert seen.headline == "997 of 1,000 complete, 12 skipped, 3 failed"
    assert seen.tables == {"failures": [{"item": "ann", "run": "r1", "problem": "It broke", "detail": "In two."}]}
    assert shown(BatchReport(counts=counts)).tables == {}


def test_a_batch_is_called_by_its_name():
    assert batch.titled(order("ann", name="monday")) == "monday"


async def test_a_batch_that_failed_as_a_whole_is_done_again_with_its_own_time():
    async with new_yard() as yard:
        run_id = await yard.done(order("ann", pipeline="nothing"))

        again = await deployments.again(yard.settings, yard.tools, "a key", run_id, None)

    assert (again.pipeline, again.forked_from, again.deadline) == ("batch", run_id, 86_400)


async def test_only_a_batch_can_begin_runs(store: Store):
    settings = Settings()
    children = beginners(store.log, store.runs, store.batches, CATALOGUE, settings)
    of_batch, of_other = await held(store, pipeline="batch"), await held(store, pipeline="vision_framework")
    assert children(of_batch) is not None
    assert children(of_other) is None


@pytest.mark.parametrize(("wanted", "given"), [(5.0, 2.0), (0.5, 0.5), (None, 2.0)])
async def test_m7_the_runs_of_a_batch_keep_within_the_limit_of_the_settings(wanted: float | None, given: float):
    async with new_yard() as yard:
        yard.settings = Settings(max_cost_usd=2.0)
        run_id = await yard.done(order("ann", max_cost_usd=wanted))
        [child] = (await yard.store.runs.page("default", about=run_id)).runs

    assert child.max_cost_usd == given


@pytest.fixture
async def orphans_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr("flows._orphans.EVERY", 0.01)
    async with upkeep(ending_orphans(store.batches, store.runs)):
        yield


@pytest.mark.usefixtures("orphans_end")
async def test_a_worker_ends_what_is_left_of_a_batch_whoever_cancelled_it(store: Store):
    run_id = (await store.runs.accept(new("batch"))).run_id
    left = [(await store.runs.accept(new(about=run_id))).run_id for _ in range(3)]
    other = (await store.runs.accept(new())).run_id

    await store.runs.request_cancel(run_id, "default")

    async with asyncio.timeout(20):
        for each in left:
            await store.batches.ended(run_id, [each], wait=20)
    assert [(await store.runs.view(each, "default")).status for each in left] == ["cancelled"] * 3
    assert (await store.runs.view(other, "default")).status == "queued"
