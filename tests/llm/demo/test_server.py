"""The demo model over the wire, with the client that everybody uses."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from llm.config import ModelConfig
from llm.demo.pace import count
from llm.demo.server import create_demo
from llm.openai import open_model
from tests.llm.demo.serving import Serving, serving

QUESTION: Any = [
    {"role": "system", "content": "You help."},
    {"role": "user", "content": "Bread rises because yeast makes gas. Why does a cake rise? Answer in JSON or not."},
]
SAYS_X = [{"role": "user", "content": "x"}]
HEAVY, LIGHT = "stepglass-demo-heavy", "stepglass-demo-light"


@pytest.fixture
async def demo() -> AsyncIterator[Serving]:
    async with serving() as running:
        yield running


async def streamed(demo: Serving, **more: Any) -> list[ChatCompletionChunk]:
    stream = await demo.client.chat.completions.create(model=HEAVY, messages=QUESTION, stream=True, **more)
    return [chunk async for chunk in stream]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_it_lists_its_models_and_says_by_their_names_that_they_are_a_demo(demo: Serving) -> None:
    listed = [model.id async for model in demo.client.models.list()]
    assert listed == [HEAVY, LIGHT]
    assert (await demo.client.models.retrieve(HEAVY)).owned_by == "stepglass-demo"


async def test_an_answer_comes_token_by_token_with_a_finish_and_its_usage(demo: Serving) -> None:
    chunks = await streamed(demo, stream_options={"include_usage": True})
    text = text_of(chunks)
    assert "yeast makes gas" in text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert {chunk.model for chunk in chunks} == {HEAVY}
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens == count(text) == len(chunks) - 3  # the role, the finish, the usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_the_same_answer_comes_in_one_piece_when_it_is_not_streamed(demo: Serving) -> None:
    whole = await demo.client.chat.completions.create(model=HEAVY, messages=QUESTION)
    assert whole.choices[0].message.content == text_of(await streamed(demo))
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert whole.usage.completion_tokens == count(whole.choices[0].message.content or "")


async def test_usage_is_sent_only_to_who_asks_for_it(demo: Serving) -> None:
    assert all(chunk.usage is None for chunk in await streamed(demo))


async def test_a_chunk_says_when_it_was_sent(demo: Serving) -> None:
    before = time.time() * 1000
    chunks = await streamed(demo)
    sent = [getattr(chunk, "stepglass_sent_ms", 0.0) for chunk in chunks]
    assert before <= sent[0]
    assert sent == sorted(sent)
    assert sent[-1] <= time.time() * 1000


async def test_an_answer_is_cut_at_the_limit_that_was_asked_for(demo: Serving) -> None:
    chunks = await streamed(demo, max_completion_tokens=5, stream_options={"include_usage": True})
    assert count(text_of(chunks)) == 5
    assert chunks[-2].choices[0].finish_reason == "length"
    assert demo.logged[-1]["outcome"] == "cut at the limit"


async def test_an_unknown_schema_gets_a_valid_answer(demo: Serving) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 7}}, "required": ["age"]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
    answer = json.loads(text_of(await streamed(demo, response_format=form)))
    assert answer["age"] >= 7
    form = {"type": "json_object"}
    assert isinstance(json.loads(text_of(await streamed(demo, response_format=form))), dict)


@pytest.mark.parametrize(
    ("wrong", "says", "param"),
    [
        ({"messages": []}, "at least one", "messages"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "boss", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "Expected a text", "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_object"}},
            "'json'",
            "messages",
        ),
        ({"response_format": {"type": "xml"}}, "xml", "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "schema", "response_format.json_schema.schema"),
        ({"n": 2}, "n must be 1", "n"),
        ({"tools": [{"type": "function"}]}, "no tools", "tools"),
        ({"max_tokens": 0}, "1 or more", "max_completion_tokens"),
    ],
)
async def test_a_bad_request_is_refused_in_openais_words(demo: Serving, wrong: Any, says: str, param: str) -> None:
    body = {"model": HEAVY, "messages": QUESTION, **wrong}
    with pytest.raises(openai.BadRequestError) as caught:
        await demo.client.post("/chat/completions", cast_to=object, body=body)
    assert says in str(caught.value)
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)


async def test_a_model_that_is_not_there_is_not_found(demo: Serving) -> None:
    with pytest.raises(openai.NotFoundError, match="'gpt-9' does not exist") as caught:
        await demo.client.chat.completions.create(model="gpt-9", messages=QUESTION)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b"[" * 100_000, 400), (b" " * 2_000_001, 413)]
)
async def test_a_body_that_is_no_request_gets_a_clear_error(demo: Serving, body: bytes, status: int) -> None:
    async with httpx2.AsyncClient(verify=False) as http:
        reply = await http.post(f"{demo.url}/chat/completions", content=body)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


async def test_every_call_is_logged_with_its_label_and_its_times(demo: Serving) -> None:
    await streamed(demo, extra_headers={"Stepglass-Call": "run=1; step=qa"})
    await demo.has_logged(1)
    call = demo.logged[0]
    assert (call["label"], call["model"], call["outcome"]) == ("run=1; step=qa", HEAVY, "finished")
    assert call["started"] <= call["first_token"] <= call["ended"]
    async with httpx2.AsyncClient(verify=False) as http:
        last = await http.get(f"{demo.url.removesuffix('/v1')}/demo/calls", params={"last": 5})
    assert last.json() == {"calls": [call]}


async def test_a_client_that_hangs_up_is_noticed_at_once() -> None:
    async with serving(speed=0.01) as slow:  # at this pace the answer would take minutes
        stream = await slow.client.chat.completions.create(model=HEAVY, messages=QUESTION, stream=True)
        assert (await anext(aiter(stream))).choices[0].delta.role == "assistant"
        await stream.close()
        await slow.has_logged(1)
        assert slow.logged[0]["outcome"] == "abandoned"


async def test_our_own_client_finds_the_models_and_the_price_of_nothing(demo: Serving) -> None:
    from llm.client import Call

    async with open_model(ModelConfig(demo.url, None, HEAVY, LIGHT)) as model:
        async with model.stream(Call("You help.", "Bread rises because yeast makes gas.", tier="light")) as deltas:
            last = [delta async for delta in deltas][-1]
    assert last.usage is not None
    assert (last.usage.model, last.usage.cost_usd, last.usage.estimated) == (LIGHT, 0.0, False)


async def test_c1_a_demo_with_a_key_answers_nobody_without_it():
    transport = httpx2.ASGITransport(create_demo(key="k" * 16))
    async with httpx2.AsyncClient(transport=transport, base_url="http://demo.test") as client:
        answers = [
            await client.get("/v1/models", headers=headers)
            for headers in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": f"Bearer {'k' * 16}"})
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert answers[0].json()["error"]["code"] == "invalid_api_key"
