"""What a step is and what it tells. Read this first."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pydantic import BaseModel, TypeAdapter, field_serializer

from flows._pipeline import pipeline
from llm.client import Call, Delta
from llm.errors import ContentFiltered, StreamCut
from steps._checkpoint import checkpoint
from steps._place import lane
from steps._step import step
from steps._write import write_json, write_text
from steps.errors import StepFailed
from tests.fundamentals.conftest import Stage
from tests.scripted_replies import Gate


class Topic(BaseModel):
    name: str


class Haiku(BaseModel):
    text: str


class Card(BaseModel):
    title: str
    lines: list[str]


@dataclass
class Ask:
    user: str
    system: str = "You write haiku."


@step("Write a haiku", retries=2, backoff=0)
async def haiku(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("One haiku", plan={haiku: ()})
async def one_haiku(topic: Topic) -> Haiku:
    return await haiku(topic)


async def test_a_step_tells_that_it_began_what_is_written_what_it_took_and_what_came_of_it(stage: Stage):
    stage.model.answers("haiku", ["An old ", "pond"])

    outcome = await stage.run(one_haiku, Topic(name="frogs"))

    assert outcome.result == {"text": "An old pond"}
    assert await stage.story() == [
        "run_queued",
        "run_start",
        "step_start haiku",
        "model_chunk haiku",
        "model_chunk haiku",
        "usage haiku",
        "step_complete haiku",
        "complete",
    ]
    complete = await stage.last("step_complete")
    assert complete.data.result == {"text": "An old pond"}
    assert complete.data.text.chunks == 2
    await stage.check()


async def test_an_answer_that_breaks_off_is_withdrawn_and_asked_for_again(stage: Stage):
    stage.model.answers("haiku", ["An old ", StreamCut("It ended in mid-sentence.")], ["A frog"])

    outcome = await stage.run(one_haiku, Topic(name="frogs"))

    assert outcome.result == {"text": "A frog"}
    retry = await stage.last("step_retry")
    assert retry.attempt == 1
    assert retry.data.problem.title == "The answer broke off"
    assert retry.data.supersedes == (4, 4)
    await stage.check()


async def test_a_step_that_never_succeeds_says_so_after_its_last_attempt_and_ends_the_run(stage: Stage):
    cut = StreamCut("It ended in mid-sentence.")
    stage.model.answers("haiku", [cut], [cut], [cut], ["too late"])

    outcome = await stage.run(one_haiku, Topic(name="frogs"))

    assert outcome.kind == "error"
    assert outcome.failed_step == "haiku"
    story = await stage.story()
    assert story.count("step_retry haiku") == 2
    assert story[-2:] == ["step_error haiku", "error"]
    await stage.check()


async def test_an_error_that_another_attempt_cannot_help_is_not_tried_again(stage: Stage):
    stage.model.answers("haiku", [ContentFiltered("The provider stopped it.")], ["too late"])

    outcome = await stage.run(one_haiku, Topic(name="frogs"))

    assert outcome.problem is not None
    assert outcome.problem.title == "The provider's content filter stopped the answer"
    assert "step_retry haiku" not in await stage.story()
    await stage.check()


@step("Write two haiku", retries=1, backoff=0)
async def pair(topic: Topic) -> Haiku:
    async def one(season: str) -> str:
        with lane(season):
            ask = Ask(f"{topic.name} in {season}")
            return await checkpoint(f"/{season}", [ask.user], lambda: write_text(ask), str)

    return Haiku(text="\n".join(await asyncio.gather(one("spring"), one("autumn"))))


@pipeline("Two haiku", plan={pair: ()})
async def two_haiku(topic: Topic) -> Haiku:
    return await pair(topic)


async def test_of_several_calls_the_one_that_was_finished_is_not_asked_for_again(stage: Stage):
    gate = Gate()
    stage.model.answers("pair", ["Blossoms"], lane="spring")
    stage.model.answers("pair", [gate, StreamCut("It ended.")], ["Leaves"], lane="autumn")
    await stage.accept(two_haiku, Topic(name="trees"))
    going = asyncio.create_task((await stage.claimed(two_haiku)).go())
    await stage.heard("partial")
    gate.open()

    outcome = await going

    assert outcome.result == {"text": "Blossoms\nLeaves"}
    assert [call.labels["lane"] for call in stage.model.calls] == ["spring", "autumn", "autumn"]


@step("Write a card")
async def card(topic: Topic) -> Card:
    return await write_json(Card, Ask(topic.name), sections={"title": TypeAdapter(str)})


@pipeline("One card", plan={card: ()})
async def one_card(topic: Topic) -> Card:
    return await card(topic)


async def test_a_part_of_a_json_answer_is_shown_as_soon_as_it_is_there_and_valid(stage: Stage):
    stage.model.answers("card", ['{"title": "Frogs", ', '"lines": ["An old', ' pond"]}'])

    outcome = await stage.run(one_card, Topic(name="frogs"))

    assert outcome.result == {"title": "Frogs", "lines": ["An old pond"]}
    story = await stage.story()
    assert story.index("partial card") < len(story) - 1 - story[::-1].index("model_chunk card")
    part = await stage.last("partial")
    assert (part.data.path, part.data.value, part.data.input_hash) == ("/title", "Frogs", None)
    await stage.check()


@step("Fail", retries=0)
async def fails(topic: Topic) -> Haiku:
    raise KeyError("sk-a-secret-that-nobody-may-see")


@pipeline("Failing", plan={fails: ()})
async def failing(topic: Topic) -> Haiku:
    return await fails(topic)


async def test_of_an_error_that_nobody_foresaw_the_viewer_learns_its_kind_and_nothing_else(
    stage: Stage, caplog: pytest.LogCaptureFixture
):
    await stage.run(failing, Topic(name="frogs"))

    assert "secret" not in b"".join(entry.body for entry in await stage.entries()).decode()
    assert "KeyError" in (await stage.last("error")).data.problem.detail
    assert "secret" in caplog.text, "the operator needs the rest"


@step("Hang", retries=1, timeout=0.01, backoff=0)
async def hangs(topic: Topic) -> Haiku:
    await asyncio.Event().wait()
    return Haiku(text="never")


@pipeline("Hanging", plan={hangs: ()})
async def hanging(topic: Topic) -> Haiku:
    return await hangs(topic)


async def test_every_attempt_has_a_time_limit(stage: Stage):
    outcome = await stage.run(hanging, Topic(name="frogs"))

    assert outcome.problem is not None
    assert outcome.problem.title == "The step took too long"
    assert (await stage.story()).count("step_start hangs") == 2
    await stage.check()


@step("Dawdle", retries=0, timeout=0.05)
async def dawdles(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("Dawdling", plan={dawdles: ()})
async def dawdling(topic: Topic) -> Haiku:
    return await dawdles(topic)


async def test_a_call_that_we_broke_off_is_on_the_bill_too(stage: Stage):
    stage.model.answers("dawdles", ["An old pond", Gate()])

    await stage.run(dawdling, Topic(name="frogs"))

    usage = await stage.last("usage")
    assert usage.data.output_tokens == 3
    await stage.check()


@step("Refuse", retries=3, backoff=0)
async def refuses(topic: Topic) -> Haiku:
    raise StepFailed("Not a topic", "It has no season.", retryable=False)


@pipeline("Refusing", plan={refuses: ()})
async def refusing(topic: Topic) -> Haiku:
    return await refuses(topic)


async def test_a_step_may_say_itself_that_it_failed_and_why(stage: Stage):
    await stage.run(refusing, Topic(name="nothing"))

    problem = (await stage.last("step_error")).data.problem
    assert (problem.title, problem.detail) == ("Not a topic", "It has no season.")
    assert "step_retry refuses" not in await stage.story()


async def test_a_step_outside_of_a_run_says_what_is_missing():
    with pytest.raises(RuntimeError, match="inside a pipeline"):
        await haiku(Topic(name="frogs"))


class Rounded(BaseModel):
    """Says another thing in JSON than it takes."""

    share: float

    @field_serializer("share")
    def _percent(self, share: float) -> str:
        return f"{share:.0%}"


@step("Round", retries=2, backoff=0)
async def rounds(topic: Topic) -> Rounded:
    return Rounded(share=0.25)


@pipeline("Rounding", plan={rounds: ()})
async def rounding(topic: Topic) -> Rounded:
    return await rounds(topic)


async def test_a_result_that_its_own_json_does_not_give_back_fails_at_once_and_not_after_a_crash(stage: Stage):
    outcome = await stage.run(rounding, Topic(name="frogs"))

    assert outcome.problem is not None
    assert outcome.problem.title == "The step's result cannot be kept"
    assert "Rounded" in outcome.problem.detail
    assert await stage.story() == ["run_queued", "run_start", "step_start rounds", "step_error rounds", "error"]
    await stage.check()


class Stamped(BaseModel):
    at: float

    @field_serializer("at")
    def _seconds(self, at: float) -> int:
        return int(at)


@step("Stamp")
async def stamps(topic: Topic) -> Stamped:
    return Stamped(at=1.5)


@pipeline("Stamping", plan={stamps: ()})
async def stamping(topic: Topic) -> Stamped:
    found = await stamps(topic)
    assert found.at == 1, "as whoever goes on after a crash finds it"
    return found


async def test_what_a_step_gives_is_what_stands_in_the_log(stage: Stage):
    assert (await stage.run(stamping, Topic(name="frogs"))).result == {"at": 1}


async def test_a_step_that_the_deadline_of_the_run_cut_off_says_so(stage: Stage):
    stage.model.answers("haiku", ["An old ", Gate()])
    await stage.accept(one_haiku, Topic(name="frogs"))
    carry = await stage.claimed(one_haiku)
    object.__setattr__(carry.claim, "seconds_left", 0.05)

    await carry.go()

    problem = (await stage.last("error")).data.problem
    assert problem.type == "/problems/deadline"
    assert "120 s" not in problem.detail


async def test_a_call_that_was_over_when_it_was_cancelled_is_on_the_bill_once(stage: Stage):
    """Its connection may take a while to close, behind the last word of the answer."""
    closing = asyncio.Event()
    open_stream = stage.model.stream

    @asynccontextmanager
    async def slow_to_close(call: Call) -> AsyncGenerator[AsyncIterator[Delta]]:
        async with open_stream(call) as deltas:
            yield deltas
        closing.set()
        await asyncio.Event().wait()

    stage.model.stream = slow_to_close
    stage.model.answers("haiku", ["An old pond"])
    await stage.accept(one_haiku, Topic(name="frogs"))
    carry = await stage.claimed(one_haiku)
    going = asyncio.create_task(carry.go())
    await closing.wait()
    await stage.store.runs.request_cancel(stage.run_id, "default")
    carry.end("cancelled")
    await going

    assert (await stage.story()).count("usage haiku") == 1
    await stage.check()
