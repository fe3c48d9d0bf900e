"""The checker is checked: it passes every good history, and fails on each violation planted in one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from events.contract import Event
from tests.check_history import check_history
from tests.histories import Story, cancelled_story, failed_story, random_story, replace_event, rich_story, stories
from tests.planting import Evidence

OTHER_RUN = UUID("01938f3a-0000-7000-8000-000000000001")


Plant = Callable[[Evidence], object]


def _seen(evidence: Evidence, spoil: Callable[[list[dict[str, Any]]], object]) -> None:
    seen = [dict(event) for event in evidence.reader.seen]
    spoil(seen)
    evidence.reader = replace(evidence.reader, seen=seen)


def _call(evidence: Evidence, **changes: object) -> None:
    """The first call once more, with something wrong about it."""
    evidence.calls.append(replace(evidence.calls[0], **changes))  # pyright: ignore[reportArgumentType] # any field


def _swap(evidence: Evidence) -> None:
    evidence.entries[7], evidence.entries[8] = evidence.entries[8], evidence.entries[7]


def _reused_late(evidence: Evidence) -> None:
    reused = evidence.story.events[evidence.find("step_complete", "brief")]
    evidence.insert(5, replace_event(reused, step="other"))


def _lost_chunk(evidence: Evidence) -> None:
    evidence.drop(evidence.find("model_chunk", "one_pager", 2))


def _merge_across_steps(evidence: Evidence) -> None:
    first = evidence.find("model_chunk", "one_pager")
    pair = [dict(event) for event in evidence.reader.seen[first : first + 2]]
    texts = [event["data"]["text"] for event in pair]
    merged = {**pair[1], "data": {"text": "".join(texts), "tokens": 2, "covers": [first + 1, first + 2]}}
    _seen(evidence, lambda seen: seen.__setitem__(slice(first, first + 2), [merged]))


PLANTED: list[tuple[str, Plant, str]] = [
    ("a hole", lambda e: e.entries.pop(9), "expected seq 10, found 11"),
    ("a double", lambda e: e.entries.insert(5, e.entries[5]), "expected seq 7, found 6"),
    ("a swap", _swap, "expected seq 8, found 9"),
    (
        "an event of another run",
        lambda e: e.entries.append(e.entries.pop()._replace(run_id=OTHER_RUN)),
        "belongs to run",
    ),
    ("no last word", lambda e: e.put(e.story.events[:-1]), "no last word"),
    ("two last words", lambda e: e.put([*e.story.events, e.story.events[-1]]), "2 last words"),
    ("an event behind the last word", lambda e: e.again("usage", "framework", len(e.entries)), "behind the last word"),
    (
        "an unknown shape",
        lambda e: e.entries.__setitem__(4, e.entries[4]._replace(body=b'{"type":"step_start"}')),
        "follow the contract",
    ),
    ("no run_queued", lambda e: e.drop(0), "begins with run_queued"),
    ("a step before run_start", lambda e: e.again("step_start", "validation", 2), "stands before run_start"),
    ("a second run_start", lambda e: e.insert(10, e.story.events[2]), "had started already"),
    ("a result reused late", _reused_late, "reused before run_start"),
    ("a result made early", lambda e: e.change(1, data={"reused": None}), "made after it"),
    ("an attempt without a start", lambda e: e.drop(e.find("step_start", "qa")), "attempt 1 of 'qa' was never started"),
    ("an attempt left out", lambda e: e.change(e.find("step_start", "framework", 1), attempt=3), "where 2 was next"),
    ("an attempt begun twice", lambda e: e.again("step_start", "qa", e.find("usage", "qa")), "the one before is open"),
    ("no retry between attempts", lambda e: e.drop(e.find("step_retry", "framework")), "the one before is open"),
    ("a step left open", lambda e: e.drop(e.find("step_complete", "scoring")), "'scoring' is still open"),
    ("a step left waiting", lambda e: e.put([*e.story.events[:-5], e.story.events[-1]]), "is still open"),
    ("two completions", lambda e: e.again("step_complete", "qa", e.find("run_resumed")), "'qa' after it was complete"),
    (
        "text after completion",
        lambda e: e.again("model_chunk", "qa", e.find("run_resumed")),
        "'qa' after it was complete",
    ),
    ("text after the retry", lambda e: e.again("usage", "framework", e.find("step_retry") + 1), "had ended before"),
    ("text of another attempt", lambda e: e.change(e.find("model_chunk", "one_pager"), attempt=2), "was never started"),
    ("skipped after it began", lambda e: e.insert(30, _skip(e)), "skipped after it had begun"),
    ("too many attempts", lambda e: setattr(e, "max_attempts", 0), "at most 1 are allowed"),
    ("a lost chunk", _lost_chunk, "text of 2 chunks"),
    (
        "a changed chunk",
        lambda e: e.change(e.find("model_chunk", "framework", 3), data={"text": "?"}),
        "text of 9 chunks",
    ),
    (
        "tokens miscounted",
        lambda e: e.change(e.find("model_chunk", "framework", 3), data={"tokens": 9}),
        "text of 9 chunks",
    ),
    (
        "too little withdrawn",
        lambda e: e.change(e.find("step_retry"), data={"supersedes": (5, 5)}),
        r"the attempt is \(5, 6\)",
    ),
    ("nothing withdrawn", lambda e: e.change(e.find("step_retry"), data={"supersedes": None}), "supersedes None"),
    (
        "too much withdrawn",
        lambda e: e.change(e.find("step_retry"), data={"supersedes": (4, 6)}),
        r"supersedes \(4, 6\)",
    ),
    (
        "progress going down",
        lambda e: e.change(e.find("step_complete", "qa"), progress=1),
        "progress fell from 50 to 1",
    ),
    ("an epoch going down", lambda e: e.epochs.__setitem__(-1, 1), "epoch 1 wrote after epoch 2"),
    ("epochs missing", lambda e: e.epochs.pop(), "entries, but"),
    ("a call without an attempt", lambda e: _call(e, attempt=7), "no step_start was committed for it"),
    ("a call before its step_start", lambda e: _call(e, at_ms=1), "made before its step_start"),
    ("a call after the end of its step", lambda e: _call(e, at_ms=2**45), "the step was complete at"),
    (
        "a call for a reused result",
        lambda e: _call(e, step="brief", attempt=1, at_ms=None),
        "taken over from another run",
    ),
    (
        "a call for a checkpoint",
        lambda e: e.calls.append(replace(e.calls[5], at_ms=e.story.ts - 99, path="/vision")),
        "checkpoint",
    ),
    (
        "too many calls",
        lambda e: e.calls.extend([e.calls[0]] * 5),
        "6 model calls for attempt 1 of 'framework', at most 1",
    ),
    ("a call for no run", lambda e: _call(e, run_id=OTHER_RUN), "no such run was accepted"),
    ("a reader who missed one", lambda e: _seen(e, lambda seen: seen.pop(12)), "its 13. event is"),
    ("a reader who saw one twice", lambda e: _seen(e, lambda seen: seen.insert(3, seen[3])), "its 5. event is"),
    ("a reader who saw two swapped", lambda e: _seen(e, lambda seen: seen.insert(3, seen.pop(4))), "its 4. event is"),
    ("a reader who saw more", lambda e: _seen(e, lambda seen: seen.append({"seq": 99})), "the log says None"),
    ("a reader who saw another text", lambda e: _seen(e, lambda seen: seen[4].update(data={})), "its 5. event is"),
    ("a stream that ended early", lambda e: _seen(e, lambda seen: seen.pop()), "its stream ended behind"),
    ("merged across steps", _merge_across_steps, "the log says None"),
    ("a reader of no run", lambda e: setattr(e, "reader", replace(e.reader, run_id=OTHER_RUN)), "was accepted"),
    ("an empty log", lambda e: e.put([]), "its log is empty"),
    (
        "another pipeline",
        lambda e: e.change(2, data={"pipeline": "council"}),
        "queued as 'vision_framework' and started as 'council'",
    ),
    (
        "a result reused of no run",
        lambda e: e.change(0, data={"forked_from": None}),
        "does no other one again",
    ),
    (
        "a text without a digest",
        lambda e: e.change(e.find("step_complete", "qa"), data={"text": None}),
        "no digest of its text",
    ),
    (
        "a call not on the bill",
        lambda e: e.drop(e.find("usage", "framework")),
        "is said to have cost 0.02 so far, its calls cost 0.01",
    ),
    (
        "a checkpoint made twice",
        lambda e: e.again("partial", "scoring", e.find("step_complete", "scoring"), attempt=2),
        "'/vision' was there already, a checkpoint of attempt 1",
    ),
    (
        "paused twice",
        lambda e: e.insert(e.find("run_paused"), e.story.events[e.find("run_paused")]),
        "the run was paused already",
    ),
    ("going on twice", lambda e: e.insert(40, e.story.events[e.find("run_unpaused")]), "the run was not paused"),
    ("asked twice", lambda e: e.insert(60, e.story.events[e.find("input_required")]), "'i1' was asked already"),
    ("answered before it was asked", lambda e: e.insert(40, _answer(e)), "'i1', which nobody waits for"),
    ("answered twice", lambda e: e.insert(len(e.story.events) - 1, _answer(e)), "'i1', which nobody waits for"),
    ("never answered", lambda e: e.drop(e.find("input_received")), r"nobody has answered \['i1'\]"),
    ("a worker that says nothing of itself", lambda e: e.epochs.__setitem__(30, 2), "an epoch begins with run_start"),
    (
        "an outsider who ends a step",
        lambda e: e.epochs.__setitem__(e.find("step_complete", "qa"), None),
        "only the holder of the run may say this",
    ),
]
OTHERWISE: list[tuple[str, Callable[[], Story], Plant, str]] = [
    ("cancelled by nobody", cancelled_story, lambda e: e.drop(e.find("cancel_requested")), "nobody asked for it"),
    (
        "asked to end twice",
        cancelled_story,
        lambda e: e.insert(8, e.story.events[e.find("cancel_requested")]),
        "asked to end already",
    ),
    (
        "a step forgotten",
        failed_story,
        lambda e: e.drop(e.find("step_skipped")),
        "'validation' was planned, and neither begun nor skipped",
    ),
    (
        "another step blamed",
        failed_story,
        lambda e: e.change(-1 % len(e.story.events), data={"failed_step": "validation"}),
        "'validation' is said to have failed, and did not",
    ),
]


def _answer(evidence: Evidence) -> Event:
    return evidence.story.events[evidence.find("input_received")]


def _skip(evidence: Evidence) -> Event:
    return Story().say("step_skipped", {"reason": "?"}, step="scoring").events[0]


@pytest.mark.parametrize("number", range(len(stories())))
def test_a_good_history_passes(number: int) -> None:
    Evidence(stories()[number]).check()


def test_so_do_fifty_random_ones() -> None:
    for seed in range(100, 150):
        Evidence(random_story(seed)).check()


@pytest.mark.parametrize(
    ("plant", "says"), [(plant, says) for _, plant, says in PLANTED], ids=[name for name, *_ in PLANTED]
)
def test_a_planted_violation_is_found(plant: Plant, says: str) -> None:
    evidence = Evidence(rich_story())
    plant(evidence)
    with pytest.raises(AssertionError, match=says):
        evidence.check()


@pytest.mark.parametrize(
    ("story", "plant", "says"), [case[1:] for case in OTHERWISE], ids=[name for name, *_ in OTHERWISE]
)
def test_so_is_one_in_a_run_that_ends_otherwise(story: Callable[[], Story], plant: Plant, says: str) -> None:
    evidence = Evidence(story())
    plant(evidence)
    with pytest.raises(AssertionError, match=says):
        evidence.check()


def test_all_violations_are_told_at_once_each_with_its_place() -> None:
    evidence = Evidence(rich_story())
    evidence.change(evidence.find("step_complete", "qa"), progress=1)
    evidence.epochs[-1] = 0
    with pytest.raises(AssertionError) as failure:
        evidence.check()
    lines = str(failure.value).splitlines()
    assert lines[0] == "2 violations:"
    assert f"run {evidence.story.run_id} seq {evidence.find('step_complete', 'qa') + 1} (step_complete)" in lines[1]


def test_a_reader_who_broke_off_has_seen_a_beginning() -> None:
    evidence = Evidence(rich_story())
    evidence.reader = replace(evidence.reader, seen=evidence.reader.seen[7:20], after=7, ended=False)
    evidence.check()


def test_a_reader_may_get_adjacent_chunks_merged() -> None:
    evidence = Evidence(rich_story())
    first = evidence.find("model_chunk", "framework")
    pair = [dict(event) for event in evidence.reader.seen[first : first + 2]]
    merged = {**pair[1], "data": {"text": '{"vision":"', "tokens": 4, "covers": [first + 1, first + 2]}}
    evidence.reader = replace(
        evidence.reader, seen=[*evidence.reader.seen[:first], merged, *evidence.reader.seen[first + 2 :]]
    )
    evidence.check()


def test_a_run_that_is_still_going_needs_no_last_word() -> None:
    story = rich_story()
    for length in range(1, len(story.events) + 1):
        check_history({story.run_id: story.entries[:length]}, max_attempts=3, ended=False)
