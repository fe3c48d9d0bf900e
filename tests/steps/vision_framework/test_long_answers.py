"""A model that repeats itself without end: its answer is broken off, and no other run of the worker waits for it."""

import ast
import asyncio
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from pydantic import ValidationError

from llm.config import ModelConfig
from llm.errors import TooLong
from llm.parts import Parts
from steps._write import SLICE
from steps.vision_framework._lengths import LONGEST_JSON, LONGEST_TEXT
from steps.vision_framework._sentences import count_sentences
from steps.vision_framework.one_pager import faults, tidied
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.violations import MOST, violations
from tests.fundamentals.conftest import Stage
from tests.steps.vision_framework import playing
from tests.steps.vision_framework.documents import ANSWERS, framework, page, sections
from tests.steps.vision_framework.test_steps import REPORT

WRITERS = ("write_text", "write_json")
STEPS = Path(__file__).parents[3] / "steps"
LONGEST = ModelConfig().max_chars
"""Characters. The longest answer that the client of the model lets through."""


@pytest.mark.parametrize("mark", [" ", "#", "*", ".", "# ", "word "])
async def test_m3_a_one_pager_that_does_not_end_is_broken_off_and_asked_for_again(stage: Stage, mark: str) -> None:
    endless = f"## Vision {mark * LONGEST}"[:LONGEST] + "x"
    stage.model.answers("one_pager", [endless], [page()])
    began = process_time()

    outcome = await stage.run(playing.one_pager_alone, playing.Framed())

    assert process_time() - began < 1  # 0.05 s for both attempts; a search for headings took minutes
    assert outcome.kind == "complete"
    retry = await stage.last("step_retry")
    assert retry.data.problem.title == TooLong.title
    assert retry.data.problem.detail.startswith("The answer is longer than 20,000 characters")
    assert [entry.type for entry in await stage.entries()].count("usage") == 2, "what was broken off is paid for"
    await stage.check()


async def test_m3_an_answer_that_is_too_long_is_stopped_and_not_waited_for(stage: Stage) -> None:
    stage.model.answers("one_pager", ["x" * LONGEST_TEXT, "y", "never asked for"], [page()])

    await stage.run(playing.one_pager_alone, playing.Framed())

    chunks: list[Any] = [entry.event for entry in await stage.entries() if entry.type == "model_chunk"]
    assert [chunk.data.text for chunk in chunks if chunk.attempt == 1] == ["x" * LONGEST_TEXT]


@pytest.mark.parametrize("shape", ["brief", "framework", "qa"])
async def test_m3_no_step_reads_an_answer_to_an_end_that_does_not_come(stage: Stage, shape: str) -> None:
    endless = '{"strategy": [' + '"again", ' * LONGEST_JSON
    good: Any = {"brief": ["A company"], "framework": sections(), "qa": REPORT}[shape]
    stage.model.answers(shape, [endless], good)
    played: Any = {
        "brief": (playing.brief_alone, ANSWERS),
        "framework": (playing.framework_alone, ANSWERS),
        "qa": (playing.qa_alone, playing.Framed()),
    }[shape]

    outcome = await stage.run(*played)

    assert outcome.kind == "complete"
    assert (await stage.last("step_retry")).data.problem.title == TooLong.title


def test_m3_every_call_of_a_model_says_how_long_its_answer_may_be() -> None:
    called = {
        f"{path.name}:{node.lineno}": {keyword.arg for keyword in node.keywords}
        for path in STEPS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("write_text", "write_json")
    }
    assert len(called) >= 7
    assert [place for place, given in called.items() if "longest" not in given] == []


async def test_m3_an_answer_in_one_piece_is_read_in_slices_between_which_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    turns = 0
    feed = Parts.feed

    def counted(self: Parts, text: str) -> Any:
        read.append(len(text))
        asyncio.get_running_loop().call_soon(turn)
        return feed(self, text)

    def turn() -> None:
        nonlocal turns
        turns += 1
        assert turns >= len(read) - 1, "two slices were read in one turn of the loop"

    monkeypatch.setattr(Parts, "feed", counted)
    long = {**REPORT, "recommendations": ["Date the second bet."] * 1_000}
    stage.model.answers("qa", [str(long).replace("'", '"').replace("True", "true").replace("False", "false")])

    outcome = await stage.run(playing.qa_alone, playing.Framed())

    assert outcome.kind == "complete"
    assert len(read) > 5
    assert max(read) == SLICE
    assert turns == len(read)


@pytest.mark.parametrize("mark", [" ", "#", "*", ".", "# ", ". "])
def test_m3_what_looks_at_a_text_needs_no_time_for_the_longest_there_may_be(mark: str) -> None:
    endless = f"## Vision {mark * LONGEST_TEXT}"[:LONGEST_TEXT] + "x"
    began = process_time()

    assert faults(tidied(endless)) != []
    assert count_sentences(endless)[1] > 0

    assert process_time() - began < 0.5  # about 10 ms at most


def test_m3_of_a_list_that_does_not_end_only_so_much_is_told_and_how_long_it_is() -> None:
    bets: list[Any] = [{"bet": ""}] * 30_000
    began = process_time()

    found = violations({**sections(), "near_term_bets": bets, "metrics": []})

    assert process_time() - began < 0.5  # 10 ms; one violation after the other took seconds
    details = [one.detail for one in found]
    assert "Near term bets has 30000 items; at most 8 are asked for." in details
    assert f"More is wrong; only the first {MOST} places are listed." in details
    assert len([one for one in found if one.pointer.startswith("/near_term_bets")]) == MOST + 1
    assert details[-1].startswith("Metrics has 0 items"), "what is wrong with other sections is told as well"


def test_m3_a_draft_with_members_without_end_is_told_of_so_many() -> None:
    found = violations({**sections(), **{f"part {number}": "x" for number in range(5_000)}})
    assert len(found) == MOST + 1
    assert found[0].pointer == ""


def test_m3_one_wrong_item_of_a_list_is_enough_to_refuse_it() -> None:
    with pytest.raises(ValidationError) as refused:
        QualityReport.model_validate({**REPORT, "recommendations": [1] * 30_000})
    assert refused.value.error_count() == 1


def test_a_framework_at_its_bounds_is_far_from_too_long() -> None:
    assert len(framework().model_dump_json()) < LONGEST_JSON / 4
    assert len(page()) < LONGEST_TEXT / 4
