"""The model's server does every wrong thing at each of the six steps: what is tried again, what ends the run, and how.

Once, at the first attempt: what can be helped is asked for again and the run completes; what cannot ends it. And
always: three attempts, no more. tests/llm/test_faults.py has what becomes of each fault in the client alone.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from llm.config import Deadlines
from tests import vision
from tests.faults.scripted import STEPS, Play, Played, good, new_play
from tests.scripted_model import closed_port
from tests.scripted_replies import (
    Reply,
    asked_for_a_tool,
    chunk,
    error,
    event,
    failed_midway,
    garbled,
    rate_limited,
    refused,
    said,
    said_json,
    silence,
    without_end,
)

SLOWER = "The model server asks us to slow down"
FAILED = "The model server failed"
BROKE_OFF = "The answer broke off"
STOPPED = "The model stopped writing"
TOO_LONG = "The model took too long"
UNREADABLE = "The model server sent something unreadable"
EMPTY = "The model gave an empty answer"
FORM = "The answer is not in the form that was asked for"
REFUSED = "The model refused to answer"
FILTERED = "The provider's content filter stopped the answer"
CUT_OFF = "The answer was longer than its limit"
REJECTED = "The model server rejected the request"
KEY = "The model server does not accept the key"
TEXTS = ("brief", "one_pager")
"""Steps that ask for text and not for JSON."""


@dataclass(frozen=True)
class Fault:
    """`reply` for a step; the title that a person reads; whether another attempt helps; what the client is given for
    the calls that go wrong; the steps where it can happen; seconds until the next attempt."""

    reply: Callable[[str], Reply]
    title: str
    again: bool = True
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    steps: tuple[str, ...] = tuple(STEPS)
    wait: tuple[float, float] = (0.5, 2.0)


def first_words(step: str) -> str:
    return "# The " if step in TEXTS else '{"'


def in_an_hour() -> Reply:
    return rate_limited(retry_after=format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))


def within(**deadlines: float) -> dict[str, Any]:
    """Deadlines that only the calls that go wrong have; they never could be kept by those."""
    return {"deadlines": Deadlines(**{"connect": 5, "first": 5, "idle": 5, "total": 9, **deadlines})}


JSON = tuple(step for step in STEPS if step not in TEXTS)
FAULTS: dict[str, Fault] = {
    "429": Fault(lambda step: rate_limited(), SLOWER),
    "429, seconds": Fault(lambda step: rate_limited(retry_after="7"), SLOWER, wait=(7, 7.7)),
    "429, a date": Fault(lambda step: in_an_hour(), SLOWER, wait=(30, 33)),
    "500": Fault(lambda step: error(500), FAILED),
    "503, seconds": Fault(lambda step: error(503, headers={"retry-after": "3"}), FAILED, wait=(3, 3.3)),
    "529": Fault(lambda step: error(529, "Overloaded"), FAILED),
    "connection refused": Fault(
        good, "The model server cannot be reached", config={"base_url": f"http://127.0.0.1:{closed_port()}/v1"}
    ),
    "reset before a word": Fault(lambda step: Reply(end="reset"), BROKE_OFF),
    "cut": Fault(lambda step: good(step).then("cut", after=3), BROKE_OFF),
    "closed": Fault(lambda step: good(step).then("closed", after=3), BROKE_OFF),
    "reset": Fault(lambda step: good(step).then("reset", after=3), BROKE_OFF),
    "no finish_reason": Fault(lambda step: said(first_words(step), finish=None), BROKE_OFF),
    "keep-alives only": Fault(lambda step: silence(), STOPPED, config=within(first=0.1)),
    "silence behind a word": Fault(
        lambda step: silence(before=[chunk({"content": first_words(step)})]), STOPPED, config=within(idle=0.1)
    ),
    "a trickle": Fault(
        lambda step: without_end("a", every=0.01, before=first_words(step)), TOO_LONG, config=within(total=0.2)
    ),
    "an error in mid-stream": Fault(lambda step: failed_midway(first_words(step)), FAILED),
    "429 in mid-stream": Fault(lambda step: failed_midway(first_words(step), code=429), SLOWER),
    "a bad chunk": Fault(lambda step: garbled(first_words(step)), UNREADABLE),
    "JSON of another kind": Fault(lambda step: garbled(first_words(step), then=event([1])), UNREADABLE),
    "an empty answer": Fault(lambda step: said(), EMPTY),
    "a tool": Fault(lambda step: asked_for_a_tool(), EMPTY),
    "invalid JSON": Fault(lambda step: said('{"vision": ', "nothing"), FORM, steps=JSON),
    "half of the JSON": Fault(lambda step: said('{"vision": "We'), FORM, steps=JSON),
    "no object": Fault(lambda step: said("[1, 2]"), FORM, steps=JSON),
    "against the schema": Fault(lambda step: said('{"overall_score": "good"}'), FORM, steps=("qa", "scoring")),
    "out of form": Fault(lambda step: said("Sorry."), "The one-pager is not in form", steps=("one_pager",)),
    "length": Fault(lambda step: said(first_words(step), finish="length"), CUT_OFF, again=False),
    "an answer without end": Fault(
        lambda step: without_end("a" * 5_000, before=first_words(step)),
        CUT_OFF,
        again=False,
        config={"max_chars": 20_000},
    ),
    "a refusal": Fault(lambda step: refused("I would rather not."), REFUSED, again=False),
    "a filtered answer": Fault(lambda step: said("W", finish="content_filter"), FILTERED, again=False),
    "a filtered prompt": Fault(lambda step: error(400, "No", code="content_filter"), FILTERED, again=False),
    "400": Fault(lambda step: error(400, "No such thing"), REJECTED, again=False),
    "401": Fault(lambda step: error(401), KEY, again=False),
}
PLACES = [(name, step) for name, fault in FAULTS.items() for step in fault.steps]
AGAIN = [(name, step) for name, step in PLACES if FAULTS[name].again]


def turns() -> list[ParameterSet]:
    """Every fault at every step; at one step each in `make test`, each fault at another one."""
    chosen = {(name, fault.steps[turn % len(fault.steps)]) for turn, (name, fault) in enumerate(FAULTS.items())}
    return [pytest.param(*place, marks=() if place in chosen else pytest.mark.faults) for place in AGAIN]


@pytest.fixture
async def play(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Play]:
    async with new_play(monkeypatch) as play:
        yield play


def asked_elsewhere(played: Played, step: str) -> set[int]:
    """How often anything else was asked for."""
    places = {(call.step, call.lane) for call in played.calls} - {(step, STEPS[step])}
    return {played.asked(str(each), lane) for each, lane in places}


@pytest.mark.parametrize(("name", "step"), AGAIN)
async def test_what_can_be_helped_is_asked_for_again_and_nothing_else_is(play: Play, name: str, step: str) -> None:
    fault = FAULTS[name]

    played = await play.run(step, fault.reply(step), good(step), attempts=bool(fault.config), **fault.config)

    assert played.outcome.kind == "complete", played.outcome.problem
    (retry,) = played.events("step_retry")
    assert (retry.step, retry.attempt, retry.data.problem.title) == (step, 1, fault.title)
    (wait,) = played.waits
    assert fault.wait[0] <= wait <= fault.wait[1]
    assert abs(retry.data.next_attempt_in_ms - wait * 1000) <= 1
    assert asked_elsewhere(played, step) == {1}
    assert played.asked(step, STEPS[step]) == (1 if name == "connection refused" else 2)
    played.check()


@pytest.mark.parametrize(("name", "step"), turns())
async def test_what_never_gets_better_ends_the_run_after_three_attempts(play: Play, name: str, step: str) -> None:
    fault = FAULTS[name]

    played = await play.run(step, fault.reply(step), attempts=3 * bool(fault.config), **fault.config)

    assert (played.outcome.kind, played.outcome.failed_step) == ("error", step)
    assert played.events("error")[0].data.problem.title == fault.title
    assert [retry.attempt for retry in played.events("step_retry") if retry.step == step] == [1, 2]
    assert asked_elsewhere(played, step) <= {1}
    assert played.asked(step, STEPS[step]) == (0 if name == "connection refused" else 3)
    played.check()


@pytest.mark.parametrize(("name", "step"), [place for place in PLACES if place not in AGAIN])
async def test_what_cannot_be_helped_ends_the_run_at_once(play: Play, name: str, step: str) -> None:
    fault = FAULTS[name]

    played = await play.run(step, fault.reply(step), attempts=bool(fault.config), **fault.config)

    assert (played.outcome.kind, played.outcome.failed_step) == ("error", step)
    assert played.events("error")[0].data.problem.title == fault.title
    assert not played.waits
    assert played.asked(step, STEPS[step]) == 1
    assert asked_elsewhere(played, step) <= {1}
    played.check()


@pytest.mark.parametrize("step", STEPS)
async def test_an_answer_in_single_bytes_is_as_good_as_any(play: Play, step: str) -> None:
    played = await play.run(step, good(step).bytewise())
    assert played.outcome.kind == "complete"
    assert not played.events("step_retry")
    played.check()


async def test_a_character_that_is_split_between_two_reads_is_whole_in_the_log(play: Play) -> None:
    text = "Größe in € und 漢字, mit 🜁."
    said_wide = said("?")
    moves = [bytes(move).replace(b'"?"', f'"{text}"'.encode()) for move in said_wide.moves if isinstance(move, bytes)]
    played = await play.run("brief", Reply(moves).bytewise())
    assert played.outcome.kind == "complete"
    assert played.text("brief", STEPS["brief"]) == text
    played.check()


async def test_a_draft_against_the_schema_is_repaired_by_the_validation(play: Play) -> None:
    """The framework step takes any JSON object: what is wrong with it is the validation's to say."""
    play.server.answers("validation", said_json(vision.FRAMEWORK))
    played = await play.run("framework", said('{"vision": 5, "strategy": "one"}'))
    assert (played.outcome.kind, played.asked("framework"), played.asked("validation")) == ("complete", 1, 1)
    played.check()


async def test_a_repair_that_repairs_nothing_is_made_twice_and_no_more(play: Play) -> None:
    played = await play.run("validation", said('{"vision": "Short."}'))
    assert (played.outcome.kind, played.outcome.failed_step) == ("error", "validation")
    assert played.events("error")[0].data.problem.title == "The framework breaks its bounds"
    assert played.asked("validation") == 2
    played.check()
