"""The checker is checked: one kind of violation after the other, at every place of every story where it fits.

A fault is planted in two ways. *Stored*: the log lost, doubled or changed something that a reader had seen; each must
be found. *Written*: the log and its readers agree, but a writer did what it may not. Here a few changes make another
good history (one `progress` less, say), and which those are is said by rules of their own, `harmless_…`.
"""

import json
import os
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from events.contract import LAST_WORDS, Event, InputReceived, InputRequired, ModelChunk, Partial, StepEvent, Usage
from events.log import Entry, encode
from tests.check_history import ModelCall
from tests.drawn_histories import histories
from tests.histories import Story, cancelled_story, failed_story, lanes_story, replace_event, rich_story, simple_story
from tests.planting import Evidence

OTHER_RUN = UUID("01938f3a-0000-7000-8000-000000000001")
TOLD = [simple_story, rich_story, lanes_story, failed_story, cancelled_story]
MANY = int(os.environ.get("STEPGLASS_HISTORIES", "100"))
"""Histories by chance in each test of them."""
BOUNDS = ("step_start", "step_retry", "step_complete", "step_error")


@pytest.fixture(params=TOLD, ids=lambda told: told.__name__)
def story(request: pytest.FixtureRequest) -> Story:
    return request.param()


def escaped(found: dict[Any, Evidence]) -> list[Any]:
    """Those of these that the checker takes for good."""
    assert found
    return [name for name, evidence in found.items() if not evidence.caught()]


def step_of(event: Event) -> str | None:
    return event.step if isinstance(event, StepEvent) else None


def ends_well(story: Story, index: int) -> bool:
    """The attempt of this event completes: its text is told by a digest."""
    for event in story.events[index:]:
        if step_of(event) == step_of(story.events[index]) and event.type in BOUNDS[1:]:
            return event.type == "step_complete"
    return False


# --- what a reader had seen is not what the log has -----------------------------------------------------------------


def orders(story: Story) -> dict[str, list[int]]:
    """Every event left out, every one doubled, every two neighbours swapped."""
    every = list(range(len(story.events)))
    changed = {f"without {i}": [*every[:i], *every[i + 1 :]] for i in every}
    changed |= {f"{i} twice": [*every[: i + 1], i, *every[i + 1 :]] for i in every}
    return changed | {f"{i} behind {i + 1}": [*every[:i], i + 1, i, *every[i + 2 :]] for i in every[:-1]}


def test_a_log_that_is_not_what_was_seen_is_found_wherever_it_differs(story: Story) -> None:
    found = {name: Evidence(story) for name in orders(story)}
    for name, order in orders(story).items():
        found[name].stored(order)
    # Two neighbours may be equal but for their time: then they are told apart by that.
    assert not escaped(found)


def test_a_hole_a_double_and_a_swap_are_found_without_any_reader(story: Story) -> None:
    found = {name: Evidence(story) for name in orders(story)}
    for name, order in orders(story).items():
        evidence = found[name]
        evidence.entries = [evidence.entries[index] for index in order]
        evidence.epochs = [evidence.epochs[index] for index in order]
        evidence.reader = replace(evidence.reader, seen=[], ended=False)
    assert not escaped(found)


def test_a_text_that_was_changed_in_the_log_is_found_in_every_chunk(story: Story) -> None:
    found: dict[int, Evidence] = {}
    for index, event in enumerate(story.events):
        if isinstance(event, ModelChunk):
            evidence = found[index] = Evidence(story)
            changed = encode(replace_event(event, data={"text": event.data.text + "?"}))
            evidence.entries[index] = evidence.entries[index]._replace(body=changed)
    assert not escaped(found)


def test_an_entry_of_another_run_is_found_everywhere(story: Story) -> None:
    found = {index: Evidence(story) for index in range(len(story.events))}
    for index, evidence in found.items():
        evidence.entries[index] = evidence.entries[index]._replace(run_id=OTHER_RUN)
        evidence.reader = replace(evidence.reader, seen=[], ended=False)
    assert not escaped(found)


def test_an_entry_that_is_no_event_is_found_everywhere(story: Story) -> None:
    found = {index: Evidence(story) for index in range(len(story.events))}
    for index, evidence in found.items():
        evidence.entries[index] = evidence.entries[index]._replace(body=b'{"type":"model_chunk"}')
        evidence.reader = replace(evidence.reader, seen=[], ended=False)
    assert not escaped(found)


# --- the log agrees with its readers, but a writer did what it may not ----------------------------------------------


def harmless_without(story: Story, index: int) -> bool:
    """One less of these is a history as good as the other."""
    event = story.events[index]
    if isinstance(event, ModelChunk):
        return not ends_well(story, index)  # nobody knows what the model wrote in an attempt that came to nothing
    if isinstance(event, Usage):
        return not event.data.cost_usd or not any(isinstance(later, Usage) for later in story.events[index + 1 :])
    if event.type == "step_retry":  # it was open and not waiting when the run ended
        later = [e for e in story.events[index + 1 :] if step_of(e) == step_of(event)]
        return bool(later) and later[0].type == "step_error"
    later = [each.type for each in story.events[index + 1 :]]
    if event.type in ("run_paused", "run_unpaused"):
        return not {"run_paused", "run_unpaused"} & set(later)
    if isinstance(event, InputRequired):  # nobody answered it, and it did not matter any more
        answers = [each.data.input_id for each in story.events if isinstance(each, InputReceived)]
        return later[-1] != "complete" and event.data.input_id not in answers
    if event.type == "input_received":
        return later[-1] != "complete"
    if event.type == "run_resumed":  # the worker died before it said another word
        return story.epochs.count(story.epochs[index]) == 1
    return event.type in ("progress", "partial", "partial_withdrawn")


def harmless_twice(story: Story, index: int) -> bool:
    event = story.events[index]
    if isinstance(event, ModelChunk):
        return not event.data.text or not ends_well(story, index)
    if isinstance(event, Partial):
        return event.data.input_hash is None
    if isinstance(event, Usage):
        return not event.data.cost_usd
    return event.type in ("progress", "partial_withdrawn")


def must_stay(story: Story, index: int) -> bool:
    """May this and the next one not change places? Only what is certain is asked of the checker."""
    one, two = story.events[index], story.events[index + 1]
    if index == 0 or two.type in LAST_WORDS:
        return True
    if {one.type, two.type} == {"run_paused", "run_unpaused"}:
        return True
    if isinstance(one, InputReceived | InputRequired) and isinstance(two, InputReceived | InputRequired):
        # The next question may come before the answer to another one.
        return one.data.input_id == two.data.input_id
    if "run_start" in (one.type, two.type):
        return step_of(one) is not None or step_of(two) is not None
    if step_of(one) is None or step_of(one) != step_of(two):
        return False
    if isinstance(one, ModelChunk) and isinstance(two, ModelChunk):
        return ends_well(story, index) and one.data.text + two.data.text != two.data.text + one.data.text
    assert isinstance(one, StepEvent) and isinstance(two, StepEvent)
    alike = (one.lane, one.round) == (two.lane, two.round)
    return alike and (one.type in BOUNDS or two.type in BOUNDS)


@pytest.mark.parametrize("harm", ["without", "twice", "swapped"])
def test_what_a_faulty_writer_leaves_is_found_unless_it_is_as_good(story: Story, harm: str) -> None:
    every = list(range(len(story.events)))
    found: dict[str, Evidence] = {}
    for i in every:
        name = f"{i} {story.events[i].type}"
        if harm == "without" and not harmless_without(story, i):
            order = [*every[:i], *every[i + 1 :]]
        elif harm == "twice" and not harmless_twice(story, i):
            order = [*every[: i + 1], *every[i:]]
        elif harm == "swapped" and i + 1 < len(every) and must_stay(story, i):
            order = [*every[:i], i + 1, i, *every[i + 2 :]]
        else:
            continue
        found[name] = Evidence(story)
        found[name].rewritten(order)
    assert not escaped(found)


def test_whatever_stands_behind_the_last_word_is_found(story: Story) -> None:
    found: dict[int, Evidence] = {}
    for index in range(len(story.events)):
        found[index] = Evidence(story)
        found[index].rewritten([*range(len(story.events)), index])
    assert not escaped(found)


def test_a_last_word_anywhere_else_is_found(story: Story) -> None:
    last = len(story.events) - 1
    found: dict[int, Evidence] = {}
    for index in range(last):
        found[index] = Evidence(story)
        found[index].rewritten([*range(index), last, *range(index, last)])
    assert not escaped(found)


def test_every_beginning_of_a_log_lacks_its_last_word(story: Story) -> None:
    found: dict[int, Evidence] = {}
    for length in range(len(story.events)):
        found[length] = Evidence(story)
        found[length].rewritten(range(length))
    assert not escaped(found)


def test_progress_that_falls_anywhere_is_found() -> None:
    story = rich_story()
    told = [index for index, event in enumerate(story.events) if (event.progress or 0) > 0]
    found = {index: Evidence(story) for index in told[1:]}
    for index, evidence in found.items():
        evidence.change(index, progress=1)
    assert not escaped(found)


def test_an_epoch_that_is_not_the_writers_is_found_everywhere() -> None:
    story = rich_story()
    found: dict[str, Evidence] = {}
    for index, epoch in enumerate(story.epochs):
        if epoch is None:
            continue
        for wrong in (None, epoch - 1, epoch + 1):
            evidence = found[f"{index} {story.events[index].type} under {wrong}"] = Evidence(story)
            evidence.epochs[index] = wrong
    # A first worker that is the second to have claimed the run is none the worse for it.
    del found["2 run_start under 2"]
    assert not escaped(found)


def test_an_attempt_with_another_number_is_found_everywhere() -> None:
    story = rich_story()
    starts = [index for index, event in enumerate(story.events) if event.type == "step_start"]
    found: dict[str, Evidence] = {}
    for index in starts:
        for number in range(1, 6):
            event = story.events[index]
            assert isinstance(event, StepEvent)
            if number != event.attempt:
                evidence = found[f"{index} as {number}"] = Evidence(story)
                evidence.change(index, attempt=number)
    assert not escaped(found)


# --- calls ----------------------------------------------------------------------------------------------------------


def with_call(story: Story, call: ModelCall, **changes: Any) -> Evidence:
    evidence = Evidence(story)
    evidence.calls.append(replace(call, **changes))
    return evidence


def test_every_call_that_should_not_have_been_made_is_found(story: Story) -> None:
    found: dict[str, Evidence] = {}
    for number, call in enumerate(story.calls):
        found[f"{number} again"] = with_call(story, call)
        found[f"{number} again, untimed"] = with_call(story, call, at_ms=None)
        found[f"{number} of another run"] = with_call(story, call, run_id=OTHER_RUN)
        found[f"{number} of an attempt that never was"] = with_call(story, call, attempt=9)
        found[f"{number} of a step that never was"] = with_call(story, call, step="other")
        assert call.at_ms is not None
        early = found[f"{number} before its attempt"] = Evidence(story)
        early.calls[number] = replace(call, at_ms=story.events[0].ts)
    if story.calls:
        assert not escaped(found)


def test_a_call_for_what_is_there_is_found_whether_or_not_it_is_timed() -> None:
    story = rich_story()
    kept = next(call for call in story.calls if call.path == "/vision")
    late = story.ts
    found = {
        "behind the end of its step": with_call(story, story.calls[0], lane="again", at_ms=late),
        "of a reused result": with_call(story, story.calls[0], step="brief", attempt=1, at_ms=None),
        "of a checkpoint, in time": with_call(story, kept, attempt=2, at_ms=None),
        "of a checkpoint, by time": with_call(story, kept, lane="again", at_ms=late - 100),
    }
    assert not escaped(found)


# --- readers --------------------------------------------------------------------------------------------------------


def with_reader(story: Story, seen: list[dict[str, Any]], **changes: Any) -> Evidence:
    evidence = Evidence(story)
    evidence.reader = replace(evidence.reader, seen=seen, **changes)
    return evidence


def test_a_reader_who_did_not_see_the_log_as_it_is_is_found_wherever_that_was(story: Story) -> None:
    log = [json.loads(entry.line) for entry in story.entries]
    other = json.loads(Entry(OTHER_RUN, 1, "run_queued", story.entries[0].body).line)
    found: dict[str, Evidence] = {}
    for at in range(len(log)):
        found[f"missed {at}"] = with_reader(story, [*log[:at], *log[at + 1 :]])
        found[f"missed {at}, and left"] = with_reader(story, [*log[:at], *log[at + 1 :]], ended=at == len(log) - 1)
        found[f"saw {at} twice"] = with_reader(story, [*log[: at + 1], *log[at:]])
        found[f"was told at {at} that it is over"] = with_reader(story, log[:at])
        found[f"saw another run at {at}"] = with_reader(story, [*log[:at], other | {"seq": at + 1}, *log[at + 1 :]])
        found[f"saw more at {at}"] = with_reader(story, [*log[:at], {**log[at], "extra": 1}, *log[at + 1 :]])
        found[f"came back at {at} and saw it again"] = with_reader(story, log[at:], after=at + 1, ended=False)
        if at:
            found[f"came back at {at} and missed one"] = with_reader(story, log[at:], after=at - 1, ended=False)
            found[f"saw {at} before its time"] = with_reader(
                story, [*log[: at - 1], log[at], log[at - 1], *log[at + 1 :]]
            )
    found["of no run"] = with_reader(story, [], run_id=OTHER_RUN)
    assert not escaped(found)


def merged(log: list[dict[str, Any]], first: int, last: int) -> dict[str, Any]:
    """The events from `first` to `last` (indexes) put together as chunks are."""
    texts = [str(event.get("data", {}).get("text", "")) for event in log[first : last + 1]]
    tokens = [event.get("data", {}).get("tokens", 0) for event in log[first : last + 1]]
    data = {"text": "".join(texts), "tokens": sum(tokens), "covers": [first + 1, last + 1]}
    return {**log[last], "data": data}


def same_place(one: Event, two: Event) -> bool:
    if not isinstance(one, ModelChunk) or not isinstance(two, ModelChunk):
        return False
    return (one.step, one.attempt, one.lane, one.round) == (two.step, two.attempt, two.lane, two.round)


def test_only_neighbouring_chunks_of_one_place_may_be_merged(story: Story) -> None:
    log = [json.loads(entry.line) for entry in story.entries]
    wrong: dict[str, Evidence] = {}
    for at in range(len(log) - 1):
        pair = merged(log, at, at + 1)
        if not same_place(story.events[at], story.events[at + 1]):
            wrong[f"merged {at}"] = with_reader(story, [*log[:at], pair, *log[at + 2 :]])
            continue
        assert not with_reader(story, [*log[:at], pair, *log[at + 2 :]]).caught()
        data = pair["data"]
        for name, change in {
            "text": {"text": data["text"] + "?"},
            "tokens": {"tokens": data["tokens"] + 1},
            "too early": {"covers": [at, at + 2]},
            "too late": {"covers": [at + 1, at + 3]},
            "not itself": {"covers": [at + 1, at + 1]},
            "none": {"covers": None},
            "half": {"covers": [at + 1]},
        }.items():
            spoilt = {**pair, "data": {**data, **change}}
            wrong[f"merged {at}, {name}"] = with_reader(story, [*log[:at], spoilt, *log[at + 2 :]])
        wrong[f"merged {at} and again"] = with_reader(story, [*log[:at], pair, *log[at + 1 :]])
    assert not escaped(wrong)


# --- by chance ------------------------------------------------------------------------------------------------------


@settings(max_examples=MANY)
@given(histories())
def test_no_good_history_is_refused(story: Story) -> None:
    Evidence(story).check()


@settings(max_examples=MANY)
@given(histories(), st.data())
def test_in_no_history_does_a_planted_violation_escape(story: Story, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(orders(story))))
    stored, written = Evidence(story), Evidence(story)
    stored.stored(orders(story)[name])
    assert stored.caught(), name

    kind, _, rest = name.partition(" ")
    index = int(rest if kind == "without" else kind)
    written.rewritten(orders(story)[name])
    if kind == "without":
        harmless = harmless_without(story, index)
    else:
        harmless = harmless_twice(story, index) if rest == "twice" else not must_stay(story, index)
    assert harmless or written.caught(), name
