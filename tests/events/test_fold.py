"""A run's view is the fold of its log: the whole story told, and what is hard to tell."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from events.contract import Counts, Expected, Problem, Reused, StepError
from events.fold import closing, fold, fold_all, open_steps, opening
from events.log import Entry
from events.view import OpenPlace, RunView, StepView
from tests.histories import (
    FIRST_TS,
    PLAN,
    PROBLEM,
    RUN_ID,
    Story,
    cancelled_story,
    failed_story,
    lanes_story,
    random_story,
    rich_story,
    simple_story,
    stories,
)


def view_of(story: Story) -> RunView:
    return fold_all(str(RUN_ID), story.entries)


def step_of(story: Story, step: str) -> StepView:
    return next(each for each in view_of(story).steps if each.step == step)


def going() -> Story:
    """A run with one step at work."""
    return Story().queued().started().start("brief")


def test_a_simple_run_told_whole() -> None:
    assert view_of(simple_story()) == RunView(
        run_id=str(RUN_ID),
        pipeline="vision_framework",
        status="complete",
        progress=100,
        tail_seq=9,
        cost_usd=0.01,
        input_tokens=100,
        output_tokens=20,
        models=["demo-heavy"],
        created_at=FIRST_TS + 10,
        started_at=FIRST_TS + 20,
        ended_at=FIRST_TS + 90,
        duration=70,
        result_seq=9,
        steps=[
            StepView(
                step="brief",
                label="Generate brief",
                status="complete",
                attempt=1,
                duration=50,
                started_at=FIRST_TS + 30,
                result_seq=8,
                cost_usd=0.01,
                input_tokens=100,
                output_tokens=20,
                message="Generate brief",
            )
        ],
    )


def test_a_run_is_called_what_it_was_called_when_it_was_accepted() -> None:
    assert view_of(Story().queued(title="Acme").started()).title == "Acme"
    assert view_of(Story().queued()).title is None, "logs from before there were titles are read as ever"


def test_the_status_of_a_run_at_every_event() -> None:
    story = Story().queued().say("run_paused", outside=True).say("run_unpaused", outside=True).started()
    story.taken_over().say("input_required", {"input_id": "i", "schema": {}, "prompt": "?"})
    story.say("input_received", {"input_id": "i", "value": 1}, outside=True).say("run_paused").taken_over()
    story.say("run_unpaused").say("cancel_requested", outside=True).cancelled()
    statuses = [fold_all(str(RUN_ID), story.entries[:seq]).status for seq in range(1, len(story.events) + 1)]
    assert statuses == [
        *("queued", "paused", "queued", "running", "running", "waiting"),
        *("running", "paused", "paused", "running", "running", "cancelled"),
    ]


def test_a_run_that_was_paused_before_it_began_stays_paused() -> None:
    assert view_of(Story().queued().say("run_paused", outside=True).started()).status == "paused"


def test_an_answer_or_a_going_on_that_nobody_waits_for_changes_nothing() -> None:
    story = going().say("run_unpaused").say("input_received", {"input_id": "i", "value": 1})
    assert view_of(story).status == "running"


def test_a_run_that_was_taken_over_before_it_began_is_running() -> None:
    assert view_of(Story().queued().taken_over()).status == "running"


def test_the_status_of_a_step_at_every_event() -> None:
    story = going().writes("brief", "So").retry("brief").start("brief").completes("brief")
    views = [fold_all(str(RUN_ID), story.entries[:seq]).steps[0] for seq in range(2, len(story.events) + 1)]
    assert [(view.status, view.attempt, view.started_seq, view.first_seq) for view in views] == [
        ("pending", 0, None, None),
        ("in_progress", 1, 3, 3),
        ("in_progress", 1, 3, 3),
        ("retrying", 1, None, 3),
        ("in_progress", 2, 6, 3),
        ("complete", 2, None, None),
    ]
    assert [view.problem for view in views] == [None, None, None, PROBLEM, None, None]


def test_the_plan_gives_the_order_and_what_was_reused_keeps_its_result() -> None:
    view = view_of(Story().queued().reused("framework", {"a": 1}, "run-1").started())
    assert [step.step for step in view.steps] == [step.step for step in PLAN]
    assert view.steps[1] == StepView(
        step="framework",
        label="Generate framework",
        status="complete",
        attempt=1,
        result_seq=2,
        reused_from="run-1",
        reused=Reused(run_id="run-1"),
    )


def test_a_step_that_nobody_planned_comes_last() -> None:
    view = view_of(Story().queued().reused("other", 1).started(PLAN[:1]).start("extra"))
    assert [(step.step, step.label) for step in view.steps] == [
        ("brief", "Generate brief"),
        ("other", "other"),
        ("extra", "extra"),
    ]


def test_what_a_start_expects_wins_over_the_plan() -> None:
    plan = [PLAN[0].model_copy(update={"expected_ms": Expected(p50=1, p90=2, n=0)})]
    story = Story().queued().started(plan)
    assert step_of(story, "brief").expected_ms == Expected(p50=1, p90=2, n=0)
    assert step_of(story.start("brief"), "brief").expected_ms == Expected(p50=1, p90=2, n=0)
    story.retry("brief").start("brief", data={"expected_ms": {"p50": 5, "p90": 6, "n": 7}})
    assert step_of(story, "brief").expected_ms == Expected(p50=5, p90=6, n=7)


def test_costs_are_summed_and_what_is_unknown_is_never_zero() -> None:
    story = going()
    assert (view_of(story).cost_usd, view_of(story).cost_complete) == (None, True)
    story.spends("brief", cost=None)
    assert (view_of(story).cost_usd, view_of(story).cost_complete) == (None, False)
    story.spends("brief", cost=0.1).spends("brief", cost=0.2, model="other").start("framework").spends("framework", 1)
    view = view_of(story)
    assert (view.cost_usd, view.cost_complete, view.input_tokens, view.output_tokens) == (1.3, False, 400, 80)
    assert view.models == ["demo-heavy", "other"]
    assert [(step.cost_usd, step.input_tokens) for step in view.steps[:3]] == [(0.3, 300), (1, 100), (None, 0)]


def test_a_call_of_a_failed_attempt_was_paid_for_too() -> None:
    story = going().spends("brief").retry("brief").start("brief").spends("brief").fails("brief")
    assert step_of(story, "brief").cost_usd == 0.02


def test_progress_never_goes_down() -> None:
    story = going().percent("brief", 30).percent("brief", 20)
    assert view_of(story).progress == 30
    assert view_of(story.failed("brief")).progress == 30


def test_the_time_that_is_left_is_the_last_one_told_and_none_at_the_end() -> None:
    story = going().percent("brief", 10, 5000).percent("brief", 20)
    assert view_of(story).eta_ms == 5000
    assert view_of(story.completes("brief").done()).eta_ms is None


def test_a_batch_stands_as_was_counted_last() -> None:
    story = going().counts("brief", waiting=2, running=1).counts("brief", running=2, complete=1).percent("brief", 50)
    assert view_of(story).counts == Counts(total=3, waiting=0, running=2, complete=1, skipped=0, failed=0, cancelled=0)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_what_is_left_of_a_batch_that_was_ended_is_cancelled(end: str) -> None:
    story = going().counts("brief", waiting=4, running=2, complete=3, skipped=1, failed=1, cancelled=1)
    getattr(story, end)()
    assert view_of(story).counts == Counts(total=11, waiting=0, running=0, complete=3, skipped=1, failed=1, cancelled=7)


def test_the_message_of_a_step_is_the_last_that_had_one() -> None:
    story = Story().queued().started().start("brief", message="Starting").spends("brief")
    assert step_of(story, "brief").message == "Starting"
    assert step_of(story.completes("brief", message="Done"), "brief").message == "Done"


def test_a_failed_run_says_what_and_where() -> None:
    view = view_of(failed_story())
    assert (view.status, view.problem, view.failed_step, view.result_seq) == ("error", PROBLEM, "framework", None)
    assert [step.status for step in view.steps] == ["error", "error", "skipped"]
    assert view.steps[0].problem == Problem(title="cancelled", detail="It is over.")


def test_a_cancelled_run_leaves_no_spinner_turning() -> None:
    view = view_of(cancelled_story())
    assert (view.status, view.cancel_requested) == ("cancelled", True)
    assert [step.status for step in view.steps] == ["error", "error"]


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_nor_does_a_run_whose_steps_were_never_closed(end: str) -> None:
    story = going().start("framework").retry("framework")
    getattr(story, end)()
    view = view_of(story)
    assert [step.status for step in view.steps[:3]] == ["error", "error", "pending"]
    assert [step.open for step in view.steps[:2]] == [[], []]


def test_a_duration_is_never_negative() -> None:
    story = going()
    story.ts -= 3_600_000
    assert view_of(story.done()).duration == 0


def test_a_step_in_several_lanes_is_what_the_busiest_of_them_is() -> None:
    entries = lanes_story().entries
    steps = [fold_all(str(RUN_ID), entries[:seq]).steps[0] for seq in range(2, len(entries))]
    assert [step.status for step in steps] == [
        *("pending", *["in_progress"] * 6),
        "retrying",  # one lane is complete, the other waits to try again
        *(*["in_progress"] * 5, "complete"),
    ]
    after_retry = steps[6]
    assert after_retry.open == [
        OpenPlace(attempt=1, lane="anna", round=1, started_seq=3),
        OpenPlace(attempt=1, lane="bert", round=1),
    ]
    assert (after_retry.started_seq, after_retry.first_seq) == (3, 3)


def test_a_step_all_of_whose_lanes_wait_is_retrying() -> None:
    story = Story().queued().started(PLAN[:1])
    story.start("brief", lane="a").start("brief", lane="b").retry("brief", lane="a").retry("brief", lane="b")
    assert step_of(story, "brief").status == "retrying"


def test_what_must_be_closed_is_every_place_that_is_not_finished_and_skipped_what_never_began() -> None:
    story = going().start("framework").retry("framework").start("qa", lane="a", round=2).start("scoring")
    story.completes("scoring")
    said = closing(view_of(story), PROBLEM)
    assert [(event.type, event.step, event.attempt, event.lane, event.round) for event in said] == [
        ("step_error", "brief", 1, None, None),
        ("step_error", "framework", 1, None, None),
        ("step_error", "qa", 1, "a", 2),
        ("step_skipped", "validation", 1, None, None),
        ("step_skipped", "one_pager", 1, None, None),
    ]
    assert all(event.data.problem == PROBLEM for event in said if isinstance(event, StepError))
    assert [step.step for step in open_steps(view_of(story))] == ["brief", "qa"]


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("from_the_future", b'{"type":"from_the_future","ts":1,"progress":50,"data":{}}'),
        ("step_start", b'{"type":"step_start","ts":1}'),
        ("usage", b'{"type":"usage","ts":1,"step":"brief","data":{"model":7}}'),
        ("step_start", b"not even JSON"),
    ],
)
def test_what_is_unknown_moves_the_tail_and_nothing_else(type: str, body: bytes) -> None:
    view = view_of(rich_story())
    assert fold(view, Entry(RUN_ID, 1000, type, body)) == view.model_copy(update={"tail_seq": 1000})


def test_what_a_newer_version_adds_to_an_event_is_passed_over() -> None:
    story = going()
    plain = json.loads(story.entries[-1].body)
    newer = json.dumps({**plain, "mood": "good", "data": {"weather": "fine"}}).encode()
    before = fold_all(str(RUN_ID), story.entries[:-1])
    assert fold(before, Entry(RUN_ID, 3, "step_start", newer)) == view_of(story)


def test_a_result_that_is_null_is_a_result() -> None:
    story = going().say("step_complete", {"result": None}, step="brief", attempt=1)
    assert (step_of(story, "brief").status, step_of(story, "brief").result_seq) == ("complete", 4)


@given(seed=st.integers(0, 2**32))
def test_chunks_may_be_left_out_which_only_leaves_the_tail_behind(seed: int) -> None:
    story = random_story(seed)
    lean = fold_all(str(RUN_ID), [entry for entry in story.entries if entry.type != "model_chunk"])
    assert lean.model_copy(update={"tail_seq": len(story.events)}) == view_of(story)


@given(seed=st.integers(0, 2**32), data=st.data())
def test_a_view_that_was_stored_folds_on_like_one_that_was_not(seed: int, data: st.DataObject) -> None:
    entries = random_story(seed).entries
    cut = data.draw(st.integers(0, len(entries)))
    view = fold_all(str(RUN_ID), entries[:cut])
    stored = RunView.model_validate_json(view.model_dump_json(exclude_defaults=True))
    for entry in entries[cut:]:
        stored, view = fold(stored, entry), fold(view, entry)
    assert stored == view


@pytest.mark.parametrize("number", range(len(stories())))
def test_folding_changes_no_view_that_was_there_before(number: int) -> None:
    view = opening(str(RUN_ID))
    for entry in stories()[number].entries:
        before: dict[str, Any] = view.model_dump()
        after = fold(view, entry)
        assert view.model_dump() == before
        assert fold(view, entry) == after, "the same question has the same answer"
        assert after.progress >= view.progress
        view = after
