"""Our processes die by SIGKILL before and after whatever they commit or ask for, and nothing comes of it."""

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clusters import TEMPLATE
from tests.faults import points
from tests.faults.crash_points import Point, Table, crash, enumerated, open_lanes, told, told_with
from tests.faults.lanes import open_prefect
from tests.faults.stories import STORIES
from tests.faults.viewers import sight

SEED = int(os.environ.get("STEPGLASS_SEED") or random.randrange(10**6))


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone: our processes have loops of their own."""
    yield


def judge(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{table}\n")
    assert not table.broken, str(table)
    died = sum(each.died for each in table.verdicts)
    assert died >= 0.6 * len(table.verdicts), f"of {len(table.verdicts)} processes, {died} came by their point"


@pytest.mark.timeout(900)
async def test_forty_deaths_anywhere_lose_nothing_and_pay_for_nothing_twice(
    postgres: str, capsys: pytest.CaptureFixture[str]
):
    async with open_lanes(postgres, TEMPLATE, 2) as lanes:
        judge(await crash(lanes, told_with(prefect=False), SEED, count=40), capsys)


@pytest.mark.faults
@pytest.mark.timeout(3000)
async def test_a_death_at_every_point_loses_nothing_and_pays_for_nothing_twice(
    postgres: str, capsys: pytest.CaptureFixture[str]
):
    async with open_lanes(postgres, TEMPLATE, 3) as lanes:
        judge(await crash(lanes, told_with(prefect=False), SEED), capsys)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_a_death_around_every_word_to_prefect_leaves_no_run_that_operators_see_going_on(
    postgres: str, capsys: pytest.CaptureFixture[str]
):
    async with open_prefect(postgres) as prefect, open_lanes(postgres, TEMPLATE, 2, prefect) as lanes:
        judge(await crash(lanes, told_with(prefect=True), SEED), capsys)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("story", "plant", "at"),
    [
        ("plain", "parts_are_forgotten", "append.step_complete.before"),
        ("plain", "text_stays", "chunk.letter"),
        ("api-plain", "viewers_skip", "frame.runs.*.events.before"),
    ],
)
async def test_a_fault_that_is_planted_is_found(postgres: str, story: str, plant: str, at: str):
    planted = replace(STORIES[story], plant=f"tests.faults.plants:{plant}")
    async with open_lanes(postgres, TEMPLATE, 1) as lanes:
        clean = await told(lanes[0], STORIES[story], None, SEED)
        assert not clean.wrong
        for number in range(1, clean.visits[at] + 1):
            verdict = await told(lanes[0], planted, Point(story, at, number), SEED, clean)
            if verdict.wrong or verdict.lost:
                return
    raise AssertionError(f"nothing is wrong with {plant}")


def test_a_point_is_counted_and_written_down(tmp_path: Path):
    here = points.Points(None, tmp_path / "diary")
    for _ in range(3):
        here.visit("append.complete.before")
    here.visit("append.complete.after")
    assert points.read(tmp_path / "diary") == {"append.complete.before": 3, "append.complete.after": 1}
    assert points.read(tmp_path / "nobody's") == {}


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT * FROM stepglass.accept($1)", "accept"),
        ("SELECT seq, first FROM stepglass.events WHERE run_id = $1", "select.events"),
        ("UPDATE stepglass.alerts SET sent_at = clock_timestamp()", "alert.sent"),
        ("LISTEN stepglass_queued", "listen.stepglass_queued"),
        ("\n  SET statement_timeout = 8000;", "set"),
    ],
)
def test_a_statement_is_named_after_what_it_does(statement: str, name: str):
    assert points.named_statement(statement) == name


def test_of_events_that_share_a_commit_the_weightiest_gives_the_name():
    args = [None] * points.KINDS + [["model_chunk", "step_complete", "usage"]]
    assert points.named_statement("SELECT outcome FROM stepglass.append($1)", args) == "append.step_complete"


def test_of_each_name_the_first_the_middle_and_the_last_visit_are_deaths_and_of_one_step_s_chunks_all():
    clean = {"claim.before": 9, "renew.after": 1, "chunk.letter": 4}
    found = [(point.name, point.number) for point in enumerated("plain", points.Counter(clean))]
    assert found == [
        *(("chunk.letter", number) for number in (1, 2, 3, 4)),
        *(("claim.before", number) for number in (1, 5, 9)),
        ("renew.after", 1),
    ]


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ([3, 4, 5], (0, 0, 0)),
        ([3, 5], (1, 0, 0)),
        ([3, 4, 4, 5], (0, 1, 0)),
        ([3, 5, 4], (0, 0, 1)),
    ],
)
def test_what_a_viewer_missed_saw_twice_or_in_another_order_is_counted(seen: list[int], found: tuple[int, int, int]):
    there = sight([{"seq": number} for number in seen], after=2, tail=5)
    assert (there.lost, there.doubled, there.reordered) == found
