"""What a worker's runs leave as spans."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flows._carry import Tools
from flows._pipeline import pipeline
from llm.client import Call, Model
from llm.errors import StreamCut
from observe.calls import Traced
from observe.hearing import Heard
from observe.spans import Spans
from observe.worker import Wanted, Watched, observed
from steps._place import lane, turn
from steps._step import step
from steps._write import write_text
from tests.fundamentals.conftest import Stage, new_stage
from tests.fundamentals.test_a_step import Ask, Haiku, Topic, one_haiku


@dataclass
class TracedStage(Stage):
    """A stage whose runs leave spans."""

    sent: InMemorySpanExporter = field(kw_only=True)
    spans: Spans = field(kw_only=True)

    @property
    def tools(self) -> Tools:
        plain = super().tools
        model: Model = Traced(plain.model, self.spans.tracer)
        return replace(plain, log=Heard(plain.log, [self.spans]), model=model)

    @property
    def made(self) -> dict[str, ReadableSpan]:
        """The last of each name."""
        return {span.name: span for span in self.sent.get_finished_spans()}


@pytest.fixture
async def stage() -> AsyncIterator[TracedStage]:
    async with new_stage() as plain:
        sent = InMemorySpanExporter()
        # It reads its environment, and has threads for that.
        spans = await asyncio.to_thread(Spans, SimpleSpanProcessor(sent))
        yield TracedStage(plain.store, plain.model, plain.clock, sent=sent, spans=spans)


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_call_is_inside_an_attempt_inside_its_run_and_the_trace_is_the_run_s_id(stage: TracedStage) -> None:
    stage.model.answers("haiku", ["An old ", "pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    run, attempt = stage.made[f"run {one_haiku.name}"], stage.made["step haiku"]
    [call] = [span for name, span in stage.made.items() if name.startswith("chat ")]
    assert {span.context.trace_id for span in (run, attempt, call) if span.context} == {stage.run_id.int}
    assert run.parent is None
    assert [span.parent and span.parent.span_id for span in (attempt, call)] == [
        span.context and span.context.span_id for span in (run, attempt)
    ]
    assert (run.start_time or 0) <= (attempt.start_time or 0) <= (attempt.end_time or 0) <= (run.end_time or 0)
    assert told(run)["stepglass.run.status"] == "complete"


@step("Debate", retries=0)
async def debate(topic: Topic) -> str:
    said: list[str] = []
    for number in (1, 2):
        with turn(number), lane("critic"):
            said.append((await verse(topic)).text)
    return " ".join(said)


@step("Say a verse", retries=0)
async def verse(topic: Topic) -> Haiku:
    return Haiku(text=await write_text(Ask(topic.name)))


@pipeline("A debate", plan={verse: (), debate: ()})
async def a_debate(topic: Topic) -> str:
    return await debate(topic)


async def test_a_call_of_one_turn_in_one_lane_is_inside_the_attempt_of_that_turn(stage: TracedStage) -> None:
    stage.model.answers("verse", "An old pond", lane="critic")
    await stage.run(a_debate, Topic(name="frogs"))
    spans = stage.sent.get_finished_spans()
    attempts = {told(span)["stepglass.round"]: span for span in spans if span.name == "step verse"}
    calls = [span for span in spans if span.name.startswith("chat ")]
    assert [call.parent and call.parent.span_id for call in calls] == [
        (context := attempts[number].context) and context.span_id for number in (1, 2)
    ]


@step("Two verses side by side", retries=0)
async def two_verses(topic: Topic) -> str:
    async def one(name: str) -> str:
        with lane(name):
            return await write_text(Ask(topic.name))

    return " ".join(await asyncio.gather(one("left"), one("right")))


@pipeline("Two verses", plan={two_verses: ()})
async def side_by_side(topic: Topic) -> str:
    return await two_verses(topic)


async def test_calls_side_by_side_in_a_step_are_all_inside_its_attempt(stage: TracedStage) -> None:
    stage.model.answers("two_verses", "An old pond")
    await stage.run(side_by_side, Topic(name="frogs"))
    attempt = stage.made["step two_verses"].context
    calls = [span for span in stage.sent.get_finished_spans() if span.name.startswith("chat ")]
    assert [call.parent and call.parent.span_id for call in calls] == [attempt and attempt.span_id] * 2
    assert {told(call)["stepglass.lane"] for call in calls} == {"left", "right"}


async def test_a_call_says_what_the_conventions_for_generative_ai_ask_for(stage: TracedStage) -> None:
    stage.model.cost = 0.25
    stage.model.answers("haiku", ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    [call] = [span for name, span in stage.made.items() if name.startswith("chat ")]
    tells = told(call)
    assert (tells["gen_ai.operation.name"], tells["gen_ai.provider.name"]) == ("chat", "openai")
    assert call.name == f"chat {tells['gen_ai.request.model']}"
    assert tells["gen_ai.usage.input_tokens"] > 0 and tells["gen_ai.usage.output_tokens"] > 0
    assert tells["gen_ai.request.stream"] is True
    assert tells["stepglass.cost_usd"] == 0.25
    assert tells["gen_ai.response.time_to_first_chunk"] >= 0


async def test_what_fails_is_an_error_with_its_kind_and_no_words_of_the_server(stage: TracedStage) -> None:
    stage.model.answers("haiku", ["An old ", StreamCut("Your prompt was: a secret")], ["An old pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    spans = stage.sent.get_finished_spans()
    calls = [span for span in spans if span.name.startswith("chat")]
    assert [told(span).get("error.type") for span in calls] == ["StreamCut", None]
    assert [told(span)["stepglass.outcome"] for span in spans if span.name == "step haiku"] == ["retry", "complete"]
    assert len({span.context.span_id for span in spans if span.context}) == 5


async def test_no_text_no_input_and_no_key_is_in_any_of_them(stage: TracedStage) -> None:
    stage.model.answers("haiku", ["An old ", StreamCut("sk-secret")], ["An old silent pond"])
    await stage.run(one_haiku, Topic(name="frogs"))
    for span in stage.sent.get_finished_spans():
        words = span.to_json()
        assert not [each for each in ("frogs", "pond", "An old", "sk-secret") if each in words]


async def test_a_call_that_belongs_to_no_run_leaves_none(stage: TracedStage) -> None:
    stage.model.answers("haiku", "An old pond")
    async with stage.tools.model.stream(Call("", "", labels={"step": "haiku"})) as deltas:
        assert [delta.text async for delta in deltas][0]
    assert stage.sent.get_finished_spans() == ()


async def test_nothing_is_wrapped_where_nothing_is_wanted(stage: TracedStage) -> None:
    plain = Watched(stage.store.log, stage.model)
    async with observed(plain, Wanted()) as seen:
        assert seen is plain
    async with observed(plain, Wanted(metrics=True, port=0)) as seen:
        assert seen is plain


async def test_spans_go_where_the_environment_says_and_who_does_not_take_them_holds_up_nothing(
    stage: TracedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    async def collector(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(collector, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        async with observed(Watched(stage.store.log, stage.model), Wanted(traces=True)) as seen:
            call = Call("", "", labels={"run": str(stage.run_id), "step": "haiku", "attempt": "1"})
            stage.model.answers("haiku", "An old pond")
            async with seen.model.stream(call) as deltas:
                assert [delta async for delta in deltas]
    assert asked == [b"POST /v1/traces HTTP/1.1\r\n"]
