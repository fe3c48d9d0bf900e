"""What every `Model` promises, on the real client and on its twin without a socket: tests may use either."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from llm.client import Call, Model
from llm.errors import EmptyAnswer, ModelError, RateLimited, StreamCut
from llm.openai import open_model
from tests.llm.asking import CALL, JSON_CALL, deltas_of, text_of
from tests.scripted_llm import ScriptedModel
from tests.scripted_model import scripted_model
from tests.scripted_replies import Gate, chunk, rate_limited, said, said_json


@dataclass
class Scene:
    """A model that will: say a text; say JSON; be busy, then cut off, then answer; be held by a gate."""

    model: Model
    gate: Gate


def asking(step: str, attempt: int = 1, lane: str | None = None) -> Call:
    labels = {"run": "0190", "step": step, "attempt": str(attempt)}
    return replace(JSON_CALL if step == "json" else CALL, labels=labels | ({"lane": lane} if lane else {}))


@pytest.fixture(params=["over a socket", "in process"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    gate = Gate()
    if request.param == "in process":
        twin = ScriptedModel()
        twin.answers("text", "Water meters that read themselves")
        twin.answers("text", "for the lane", lane="metrics")
        twin.answers("json", {"vision": "Every drop is counted."})
        cut = ["Water ", StreamCut("cut")]
        twin.answers("flaky", RateLimited("busy", retry_after=0.5), cut, "Good")
        twin.answers("held", ["Water ", gate, "meters"])
        yield Scene(twin, gate)
        return
    async with scripted_model() as server, open_model(server.config) as model:
        server.answers("text", said("Water meters ", "that read ", "themselves"))
        server.answers("text", said("for ", "the lane"), lane="metrics")
        server.answers("json", said_json({"vision": "Every drop is counted."}))
        server.answers("flaky", rate_limited(retry_after="0.5"), said("Water ", finish=None), said("Good"))
        server.answers("held", said("Water ", "meters").holding(gate, after=2))
        yield Scene(model, gate)


async def test_text_comes_in_pieces_and_the_last_delta_has_the_usage_and_no_text(scene: Scene) -> None:
    *pieces, last = await deltas_of(scene.model, asking("text"))
    assert "".join(delta.text for delta in pieces) == "Water meters that read themselves"
    assert len(pieces) > 1 and all(delta.text and delta.usage is None for delta in pieces)
    assert last.text == "" and last.usage is not None and last.usage.output_tokens > 0


async def test_json_comes_as_text(scene: Scene) -> None:
    assert await text_of(scene.model, asking("json")) == '{"vision": "Every drop is counted."}'


async def test_a_lane_may_have_an_answer_of_its_own(scene: Scene) -> None:
    assert await text_of(scene.model, asking("text", lane="metrics")) == "for the lane"
    assert await text_of(scene.model, asking("text", lane="bets")) == "Water meters that read themselves"


async def test_each_attempt_has_its_answer_and_a_failed_one_its_usage(scene: Scene) -> None:
    with pytest.raises(RateLimited) as limited:
        await text_of(scene.model, asking("flaky", 1))
    with pytest.raises(StreamCut) as cut:
        await text_of(scene.model, asking("flaky", 2))
    assert limited.value.retry_after == 0.5
    assert limited.value.usage is not None
    assert cut.value.usage is not None and cut.value.usage.output_tokens > 0
    assert await text_of(scene.model, asking("flaky", 3)) == "Good"
    assert await text_of(scene.model, asking("flaky", 4)) == "Good"


async def test_a_piece_is_there_before_the_next_is_written(scene: Scene) -> None:
    async with scene.model.stream(asking("held")) as deltas:
        assert (await anext(deltas)).text == "Water "
        rest = asyncio.ensure_future(anext(deltas))
        await scene.gate.reached.wait()
        assert not rest.done()
        scene.gate.open()
        assert (await rest).text == "meters"


async def test_a_call_can_be_cancelled_while_it_waits(scene: Scene) -> None:
    task = asyncio.create_task(text_of(scene.model, asking("held")))
    await scene.gate.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_can_be_left_in_the_middle(scene: Scene) -> None:
    async with scene.model.stream(asking("text")) as deltas:
        await anext(deltas)
    assert await text_of(scene.model, asking("text")) == "Water meters that read themselves"


async def test_the_twin_knows_who_called_and_who_still_listens() -> None:
    twin = ScriptedModel()
    gate = Gate()
    twin.answers("qa", [gate, "ok"])
    task = asyncio.create_task(text_of(twin, asking("qa", 2)))
    call = await twin.called("qa", attempt=2)
    await gate.reached.wait()
    assert (call.labels["attempt"], twin.open, len(twin.calls)) == ("2", 1, 1)
    gate.open()
    assert await task == "ok"
    assert twin.open == 0


async def test_the_twin_says_what_it_was_told_nothing_about() -> None:
    with pytest.raises(AssertionError, match="Nothing is scripted for step 'qa'"):
        await text_of(ScriptedModel(), asking("qa"))


async def test_the_server_says_so_too_and_notes_when_calls_came_and_went() -> None:
    async with scripted_model() as server, open_model(server.config) as model:
        with pytest.raises(ModelError, match="418: Nothing is scripted for step 'qa'"):
            await text_of(model, asking("qa"))
        server.answers(None, said("one"), said("two"))
        assert [await text_of(model, asking("any")) for _ in range(3)] == ["one", "two", "two"]
        call = await server.called("any", attempt=1, count=2)
        assert call.ended is not None and call.started <= call.ended and call.disconnected is None
        with pytest.raises(AssertionError, match="listened to the end"):
            await call.gone()


async def test_an_error_of_the_script_is_not_mended_by_the_twin() -> None:
    twin = ScriptedModel()
    twin.answers("qa", EmptyAnswer("nothing"))
    with pytest.raises(EmptyAnswer, match="nothing"):
        await text_of(twin, asking("qa"))


def test_a_chunk_is_what_openai_calls_one() -> None:
    assert chunk({"content": "x"}).startswith(b'data: {"id": "chatcmpl-1", "object": "chat.completion.chunk"')
