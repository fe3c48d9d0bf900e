"""What a benchmark says: the same numbers for the eye, for a program and for the documentation."""

import argparse
import io
import json
import math
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from bench.__main__ import DOCUMENT, NAMES, RESULTS, measured, names
from bench._lab import Lab
from bench._measure import Measure
from bench._report import BEGIN, END, as_json, markdown, number, pictured, table, written_into

WHOLE = Measure("whole run", 0.58, "", "the sequential original", most=0.6)
LATE = Measure("first event", 21.4, "ms", most=15)
TOLD = Measure("cost of a run", 12345.6, "ms", "LangGraph")
FEW = Measure("events a second", 0.5, "", "raw ASGI", least=0.7)


def test_a_measure_holds_when_it_is_on_the_right_side_of_its_aim():
    assert [each.holds for each in (WHOLE, LATE, TOLD, FEW)] == [True, False, None, False]
    assert [each.aim for each in (WHOLE, LATE, TOLD, FEW)] == ["at most 0.6", "at most 15", None, "at least 0.7"]
    assert Measure("flat", 1.05, "", most=1.1, least=0.9).aim == "at most 1.1 and at least 0.9"
    assert Measure("flat", 0.85, "", most=1.1, least=0.9).holds is False


def test_a_value_that_could_not_be_measured_holds_nothing():
    assert Measure("first event", math.nan, "ms", most=15).holds is False


def test_the_results_have_the_six_members_that_others_read():
    said = json.loads(as_json([WHOLE, TOLD]))
    whole = {"name": "whole run", "value": 0.58, "unit": "", "against": "the sequential original"}
    assert said["measures"][0] == {**whole, "aim": "at most 0.6", "holds": True}
    assert said["measures"][1]["aim"] is None and said["measures"][1]["holds"] is None


def test_numbers_have_three_figures():
    assert [number(each) for each in (0.5789, 1.0301, 21.44, 366_123.4)] == ["0.58", "1.03", "21.4", "366,123"]


def test_the_terminal_and_the_documentation_show_the_same_rows():
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(table("Stepglass", [WHOLE, LATE]))
    shown = console.export_text()
    for words in ("whole run", "0.58", "the sequential original", "at most 0.6", "21.4 ms", "no"):
        assert words in shown
    assert markdown([WHOLE, LATE]).splitlines()[2:] == [
        "| whole run | 0.58 | the sequential original | at most 0.6 | yes |",
        "| first event | 21.4 ms |  | at most 15 | no |",
    ]


def test_only_what_stands_between_the_marks_is_written_anew():
    before = f"# How fast\n\n{BEGIN}\n\nold\n\n{END}\n\n## The page\n"
    after = written_into(before, "new")
    assert after == before.replace("old", "new") and written_into(after, "new") == after
    with pytest.raises(ValueError, match="once"):
        written_into("# How fast\n", "new")


def test_the_documentation_has_its_place_for_the_results():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert written_into(text, "x").count(BEGIN) == 1


def test_pictures_are_linked_from_where_the_document_is():
    linked = pictured([("Latency", Path("/x/docs/images/bench/tokens.svg"))], Path("/x/docs/performance.md"))
    assert linked == "![Latency](images/bench/tokens.svg)"


def test_measures_are_asked_for_by_name_and_come_in_the_order_of_the_table():
    assert names("start, whole") == ["whole", "start"]
    with pytest.raises(argparse.ArgumentTypeError, match="flight"):
        names("flight")


def test_every_measure_that_is_listed_has_its_module():
    assert [name for name in NAMES if find_spec(f"bench.{name}") is None] == []


def test_the_results_that_are_kept_are_of_that_shape():
    if RESULTS.exists():
        for each in json.loads(RESULTS.read_text(encoding="utf-8"))["measures"]:
            assert list(each) == ["name", "value", "unit", "against", "aim", "holds"]


async def test_a_measure_that_fails_takes_nothing_from_the_others_and_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
):
    async def good(lab: Lab) -> list[Measure]:
        return [WHOLE]

    async def at_once() -> None: ...

    async def bad(lab: Lab) -> list[Measure]:
        raise RuntimeError("no free port")

    def module_of(name: str) -> object:
        return SimpleNamespace(measure={"bench.whole": bad, "bench.start": good}[name])

    monkeypatch.setattr("bench.__main__.import_module", module_of)
    console = Console(file=io.StringIO(), width=120)
    lab = Lab(console=console)
    monkeypatch.setattr(lab, "calm", at_once)

    assert await measured(lab, ["whole", "start"], console) == ([WHOLE], False)
