"""Real processes are killed while runs go on and are watched: nothing is lost, doubled, reordered or paid for twice.

The table of what was measured last is in docs/reliability.md; `python -m tests.faults.kills` makes it.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from events.store import Store, open_store
from tests.events.words import LAST, checkpoint, complete, held, opened, start
from tests.faults.kills import Plan, Progress, kill, parsed
from tests.faults.kills_killer import SHARE, planned
from tests.faults.kills_load import Record
from tests.faults.kills_report import Report
from tests.faults.kills_verdict import Calls, Verdict
from tests.faults.kills_viewers import Viewing

GIVEN_UP = "error: The run was given up"
"""Three workers in a row were lost: with this many kills in so short a time that is bad luck, and well explained."""


@pytest.fixture
def blockbuster() -> Iterator[None]:
    """The loop in the tests that kill is theirs alone: our processes have loops of their own."""
    yield


@pytest.fixture
def quiet() -> Iterator[None]:
    """The store of the test loses its server as often as the others; what it says of that is no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def stands(report: Report) -> None:
    assert not any(report.zeros.values()), report.table


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("blockbuster", "quiet")
async def test_twenty_kills_lose_double_and_reorder_nothing_and_nothing_finished_is_paid_for_twice(tmp_path: Path):
    plan = Plan(kills=20, runs=6, viewers=8, seed=Random().randrange(10**6), gap=1.0, length=0.5)

    report = await kill(plan, Progress(), tmp_path / "logs")

    stands(report)
    assert len(report.deaths) == 20
    assert set(report.reasons) <= {GIVEN_UP}, report.table


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("blockbuster", "quiet")
async def test_two_hundred_kills_under_twenty_runs_and_forty_viewers(tmp_path: Path):
    report = await kill(Plan(seed=Random().randrange(10**6)), Progress(), tmp_path / "logs")

    stands(report)
    assert report.good, report.table
    assert set(report.reasons) <= {GIVEN_UP}, report.table


def test_a_seed_gives_the_same_kills_again():
    def plan() -> list[object]:
        return [*planned(40, 3.0, Random(7))]

    assert plan() == plan()
    assert {kill.kind for kill in planned(40, 3.0, Random(7))} == set(SHARE)


def test_what_is_asked_for_by_name_is_what_is_done():
    plan, file, logs = parsed(["--kills", "5", "--runs", "2", "--viewers", "3", "--seed", "9", "--json", "k.json"])

    assert (plan, file, logs) == (Plan(kills=5, runs=2, viewers=3, seed=9), Path("k.json"), None)


RUN = UUID("01900000-0000-7000-8000-000000000001")


def line(seq: int, **more: object) -> bytes:
    """An event as it arrives."""
    event = {"v": 1, "run_id": str(RUN), "seq": seq, "type": "model_chunk", "data": {"text": f"{seq}"}, **more}
    return json.dumps(event, separators=(",", ":")).encode()


def seen(*lines: bytes) -> Viewing:
    viewing = Viewing("a viewer", str(RUN))
    viewing.hear(list(lines))
    return viewing


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(1), line(2), line(3)], (0, 0, 0)),
        ([line(1), line(3)], (1, 0, 0)),
        ([line(1), line(2), line(2)], (0, 1, 0)),
        ([line(1), line(2), line(1, ts=5)], (0, 0, 1)),
        ([line(1), line(4, data={"covers": [2, 4], "text": "234"}), line(5)], (0, 0, 0)),
        ([line(1), b'{"type":"ping","tail_seq":9}', line(2)], (0, 0, 0)),
    ],
)
def test_what_a_viewer_missed_or_saw_twice_is_counted(lines: list[bytes], expected: tuple[int, int, int]):
    viewing = seen(*lines)

    assert (viewing.lost, viewing.doubled, viewing.reordered) == expected


def test_a_last_word_ends_the_watching_and_a_text_that_looks_like_one_does_not():
    assert not seen(line(1, data={"text": '"type":"complete"', "more": {"type": "complete"}})).ended
    assert seen(line(1), line(2, type="complete")).ended


BEGINNING = 1_795_000_000_000


@dataclass
class Court:
    """A good run in the store, the calls that were made for it, and the verdict on both."""

    verdict: Verdict
    record: Record
    account: Path

    def called(self, step: str, at_ms: int) -> None:
        """The model has a call so many milliseconds after the beginning; the log has its n-th event at 100 n."""
        told = {"run": self.record.run_id, "step": step, "attempt": 1, "lane": None, "path": None}
        with self.account.open("a") as file:
            file.write(json.dumps({"call": 1, "at_ms": BEGINNING + at_ms, **told}) + "\n")

    async def log(self) -> list[bytes]:
        return [entry.line for entry in await self.verdict.entries(self.record.run_id)]

    async def saw(self, *lines: bytes) -> None:
        viewing = Viewing("a viewer", self.record.run_id)
        viewing.hear(list(lines))
        await self.verdict.viewing(viewing)


@pytest.fixture
async def memory_store() -> AsyncIterator[Store]:
    async with open_store("memory://") as store:
        yield store


@pytest.fixture
async def court(memory_store: Store, tmp_path: Path) -> Court:
    run = await held(memory_store)
    account = tmp_path / "calls.jsonl"
    court = Court(
        Verdict(memory_store.log, Calls(account)), Record(str(run.run_id), "plain", status="complete"), account
    )
    court.called("brief", 350)
    said = [opened(), start(), checkpoint("/a"), checkpoint("/b"), complete(), start("qa"), complete("qa"), LAST]
    for seq, event in enumerate(said, 2):
        event = event.model_copy(update={"ts": BEGINNING + 100 * seq})
        await memory_store.log.append(run.run_id, [event], epoch=run.epoch)
    return court


@pytest.mark.usefixtures("blockbuster")
async def test_a_good_run_that_was_seen_whole_is_nothing_to_complain_of(court: Court):
    await court.verdict.run(court.record)
    await court.saw(*await court.log())
    court.verdict.close({court.record.run_id: court.record})

    assert court.verdict.wrong == []
    assert (court.verdict.events, court.verdict.seen, court.verdict.calls.made) == (9, 9, 1)


@pytest.mark.usefixtures("blockbuster")
async def test_a_finished_step_that_is_asked_for_again_is_paid_twice(court: Court):
    court.called("brief", 750)

    await court.verdict.run(court.record)

    assert court.verdict.paid_twice
    assert any("the step was complete at" in words for words in court.verdict.wrong)


@pytest.mark.usefixtures("blockbuster")
@pytest.mark.parametrize(("after", "expected"), [(12_000, (1, 0)), (5_000, (0, 1))])
async def test_a_call_long_behind_the_last_word_is_paid_twice_also_when_it_comes_to_light_later(
    court: Court, after: int, expected: tuple[int, int]
):
    await court.verdict.run(court.record)
    court.called("qa", after)

    court.verdict.close({court.record.run_id: court.record})

    assert (court.verdict.paid_twice, court.verdict.late) == expected


@pytest.mark.usefixtures("blockbuster")
async def test_a_run_that_does_not_end_is_told(court: Court):
    going = Record(str(UUID(int=5)), "plain", status="running")

    court.verdict.close({going.run_id: going, court.record.run_id: court.record})

    assert court.verdict.no_last_word == 1


@pytest.mark.usefixtures("blockbuster")
async def test_an_event_that_a_viewer_missed_and_one_that_is_another_now_are_told(court: Court):
    log = await court.log()

    await court.saw(*log[:3], *log[4:])
    assert (court.verdict.lost, court.verdict.altered) == (1, 0)

    await court.saw(*log[:3], log[3].replace(b'"/a"', b'"/x"'), *log[4:])
    assert (court.verdict.lost, court.verdict.altered) == (1, 1)
