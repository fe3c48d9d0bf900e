"""`stepglass stats`: what it shows, to people and to programs."""

import json

import pytest

from cli._client import Api
from cli._errors import CommandFailed
from cli.stats import Alert, Failure, Usage, failures, show_stats, usage, warning
from events.alerts import StreamHour
from events.store import Store
from tests.api.writing import accept, told
from tests.cli.conftest import Paper
from tests.histories import PROBLEM, failed_story, simple_story


async def test_people_see_runs_steps_failures_and_days(api: Api, store: Store, paper: Paper) -> None:
    await told(store, simple_story())
    failed = await told(store, failed_story())
    await store.runs.note_prefect(failed, "degraded")
    live = await accept(store)
    await store.stats.left(live, "default", "somebody")

    await show_stats(api, paper.console, days=2, json=False)

    lines = [" ".join(line.split()) for line in paper.text.splitlines() if line.strip()]
    assert lines[0] == "3 runs in 2 days · 1 complete · 1 error · 1 queued · 1 left early · 1 owed to Prefect"
    assert lines[1] == "step runs half within 9 of 10 within failed"
    assert "vision_framework brief 1 0.1 s 0.1 s" in lines
    assert "vision_framework framework 0 1" in lines
    assert f"{PROBLEM.title} 1 framework" in lines
    assert lines[-2].endswith(" 0 0 0 $0"), "a day without runs"
    assert lines[-1].endswith(" 2 200 40 $0.0200")


async def test_before_the_first_run_there_is_one_line(api: Api, paper: Paper) -> None:
    await show_stats(api, paper.console, days=1, json=False)

    assert paper.text == "0 runs today\n"


async def test_programs_get_the_answer_as_it_is(api: Api, paper: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    await show_stats(api, paper.console, days=3, json=True)

    assert len(json.loads(capsys.readouterr().out)["usage"]) == 3
    assert paper.text == ""


async def test_days_that_the_api_refuses_are_an_error_in_words(api: Api, paper: Paper) -> None:
    with pytest.raises(CommandFailed, match="days"):
        await show_stats(api, paper.console, days=99, json=False)


def test_what_a_day_cost_is_not_said_to_be_known_where_it_is_not(paper: Paper) -> None:
    day = Usage(day="2026-03-01", runs=1, input_tokens=0, output_tokens=0, cost_usd=0.5, cost_complete=False)
    paper.console.print(usage([day, day.model_copy(update={"cost_usd": None})]))
    assert [line.split(" 0 ")[-1].strip() for line in paper.text.splitlines()[1:]] == ["at least $0.50", "unknown"]


def test_a_title_is_shown_as_it_is(paper: Paper) -> None:
    paper.console.print(failures([Failure(title="[red]not markup[/]", step=None, runs=1)]))
    assert "[red]not markup[/]" in paper.text


async def test_what_should_not_be_as_it_is_stands_first(api: Api, store: Store, paper: Paper) -> None:
    for _ in range(5):
        await told(store, failed_story())
    await store.alerts.count_streams({"default": StreamHour(100, 8)})
    await store.alerts.review()

    await show_stats(api, paper.console, days=1, json=False)

    assert paper.text.splitlines()[1:3] == [
        "! vision_framework framework: 100.0% failed; the limit is 1% (raised now)",
        "! streams: 8.0% failed; the limit is 5% (raised now)",
    ]


def test_a_slow_step_is_told_in_seconds() -> None:
    alert = Alert(kind="step_slow", pipeline="vision", step="brief", value=9_500, limit=2_000, since=0)
    assert warning(alert, 180_000).plain == "! vision brief took 9.5 s; 2.0 s would be slow (raised 3 min ago)"
