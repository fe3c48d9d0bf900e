"""Asking a model that behaves."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import SecretStr

from llm.client import Delta, Model, Usage
from llm.config import ModelConfig
from llm.openai import open_model
from llm.prices import Price, Prices
from tests.llm.asking import CALL, JSON_CALL, deltas_of, text_of, usage_of
from tests.scripted_model import KEY, ScriptedModelServer
from tests.scripted_replies import Gate, Reply, chunk, error, said, said_json, thought, usage


async def test_an_answer_comes_piece_by_piece_and_ends_with_its_usage(
    server: ScriptedModelServer, model: Model
) -> None:
    server.answers("framework", said("Water ", "meters", tokens=(17, 2)))
    assert await deltas_of(model) == [Delta("Water "), Delta("meters"), Delta(usage=Usage("scripted", 17, 2))]


async def test_a_piece_arrives_before_the_next_one_is_written(server: ScriptedModelServer, model: Model) -> None:
    gate = Gate()
    server.answers("framework", said("Water ", "meters").holding(gate, after=2))
    async with model.stream(CALL) as deltas:
        assert (await anext(deltas)).text == "Water "
        gate.open()
        assert (await anext(deltas)).text == "meters"


async def test_the_labels_travel_in_one_header(server: ScriptedModelServer, model: Model) -> None:
    server.answers("scoring", said("8"))
    labels = {"run": "0190", "step": "scoring", "attempt": "2", "lane": "bets; größte\r\nX: y"}
    await text_of(model, replace(CALL, labels=labels))
    [call] = server.calls
    expected = "run=0190; step=scoring; attempt=2; lane=bets%3B%20gr%C3%B6%C3%9Fte%0D%0AX:%20y"
    assert call.headers["stepglass-call"] == expected
    assert (call.run, call.step, call.attempt, call.lane) == ("0190", "scoring", 2, labels["lane"])


async def test_a_call_without_labels_has_no_such_header(server: ScriptedModelServer, model: Model) -> None:
    server.answers(None, said("ok"))
    await text_of(model, replace(CALL, labels={}))
    assert "stepglass-call" not in server.calls[0].headers


async def test_the_tier_chooses_the_model_and_the_call_may_name_another(
    server: ScriptedModelServer, model: Model
) -> None:
    server.answers("framework", said("ok"))
    for call in (CALL, replace(CALL, tier="light"), replace(CALL, model="gpt-9")):
        await text_of(model, call)
    assert [call.body["model"] for call in server.calls] == ["heavy", "light", "gpt-9"]


async def test_only_what_was_asked_for_is_in_the_request(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", said("ok"))
    await text_of(model)
    await text_of(model, replace(CALL, temperature=0.0, max_output_tokens=50, system=""))
    plain, adorned = (call.body for call in server.calls)
    assert plain == {
        "model": "heavy",
        "messages": [{"role": "system", "content": CALL.system}, {"role": "user", "content": CALL.user}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert (adorned["temperature"], adorned["max_tokens"]) == (0.0, 50)
    assert [message["role"] for message in adorned["messages"]] == ["user"]


async def test_the_key_goes_along_and_without_a_key_nothing_that_looks_like_one(server: ScriptedModelServer) -> None:
    server.answers("framework", said("ok"))
    for key in (SecretStr(KEY), None, SecretStr("")):
        async with open_model(replace(server.config, api_key=key)) as model:
            await text_of(model)
    assert [call.headers.get("authorization") for call in server.calls] == [f"Bearer {KEY}", None, None]


async def test_no_key_of_the_environment_goes_to_a_server_that_was_given_none(
    server: ScriptedModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-somebody")
    server.answers("framework", said("ok"))
    async with open_model(replace(server.config, api_key=None)) as model:
        await text_of(model)
    assert "of-somebody" not in str(server.calls[0].headers)


async def test_a_connection_is_used_again(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", said("ok"), error(400))
    for attempt in ("1", "2", "1"):
        try:
            await text_of(model, replace(CALL, labels={**CALL.labels, "attempt": attempt}))
        except Exception as refused:
            assert attempt == "2", refused
    assert (len(server.calls), server.connections) == (3, 1)


async def test_what_a_model_thinks_is_not_shown_but_counts_as_written(
    server: ScriptedModelServer, model: Model
) -> None:
    reply = thought("Let me see. " * 10, then="Meters")
    server.answers("framework", Reply([move for move in reply.moves if b"prompt_tokens" not in bytes_of(move)]))
    assert await text_of(model) == "Meters"
    assert (await usage_of(model)).output_tokens == (120 + 6 + 3) // 4


def bytes_of(move: object) -> bytes:
    assert isinstance(move, bytes)
    return move


async def test_parts_of_a_list_are_text_like_any_other(server: ScriptedModelServer, model: Model) -> None:
    """Mistral's models that think send lists."""
    parts: list[dict[str, object]] = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Meters"}]
    server.answers("framework", Reply([chunk({"content": parts}), chunk(finish="stop")]))
    assert await text_of(model) == "Meters"


async def test_usage_that_no_server_sends_is_estimated_and_says_so(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", said("Water meters", tokens=None))
    given = -(-len(CALL.system + CALL.user) // 4)
    assert await usage_of(model) == Usage("scripted", given, 3, cost_usd=None, estimated=True)


@pytest.mark.parametrize("told", [(0, 0), (-1, 3), ("12", 3), (True, None)])
async def test_figures_that_cannot_be_are_not_believed(
    server: ScriptedModelServer, model: Model, told: tuple[object, object]
) -> None:
    figures = {"prompt_tokens": told[0], "completion_tokens": told[1]}
    server.answers("framework", Reply([chunk({"content": "ok"}), chunk(finish="stop"), chunk(usage=figures)]))
    assert (await usage_of(model)).estimated


async def test_the_cost_is_that_of_the_model_that_answered(server: ScriptedModelServer) -> None:
    prices = Prices({"scripted": Price(2.0, 10.0, cached=0.5), "heavy": Price(99, 99)})
    cached = usage(1_000, 100, prompt_tokens_details={"cached_tokens": 400})
    server.answers("framework", Reply([chunk({"content": "ok"}), chunk(finish="stop"), cached]))
    async with open_model(replace(server.config, prices=prices)) as model:
        spent = await usage_of(model)
    assert spent.cost_usd == pytest.approx((600 * 2 + 400 * 0.5 + 100 * 10) / 1e6)


async def test_a_model_that_calls_itself_by_an_unknown_name_costs_what_was_asked_for(
    server: ScriptedModelServer,
) -> None:
    server.answers("framework", said("ok", tokens=(1_000_000, 0)))
    async with open_model(replace(server.config, prices=Prices({"heavy": Price(3, 9)}))) as model:
        assert await usage_of(model) == Usage("scripted", 1_000_000, 0, cost_usd=3.0)


async def test_a_finished_answer_is_whole_even_when_its_usage_never_comes(
    server: ScriptedModelServer, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llm._deadlines.SETTLE", 0.05)
    whole = [chunk({"content": "Meters"}), chunk(finish="stop")]
    for after in ([Gate()], [b"data: {oops\n\n"], [b'data: {"error": {"message": "late"}}\n\n']):
        server.answers("framework", Reply([*whole, *after]))
        assert await text_of(model) == "Meters"
    server.answers("framework", Reply(whole, end="reset"))
    assert await text_of(model) == "Meters"


async def test_a_fence_around_json_is_taken_off(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", said_json({"vision": "x"}, size=1, before="```json\n", after="\n```\n"))
    assert await text_of(model, JSON_CALL) == '{"vision": "x"}'
    assert (await text_of(model)).startswith("```json"), "text that was not asked to be JSON stays as it is"


async def test_no_more_calls_at_once_than_there_are_places_and_the_first_to_come_is_the_first_served(
    server: ScriptedModelServer,
) -> None:
    gates = [Gate() for _ in range(4)]
    for number, gate in enumerate(gates):
        server.answers(str(number), said("ok").holding(gate, after=1))
    calls = [replace(CALL, labels={"step": str(number)}) for number in range(4)]
    async with open_model(replace(server.config, max_concurrent=2)) as model, asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(text_of(model, call))
        await server.called("1")
        await asyncio.sleep(0)
        assert [call.step for call in server.calls] == ["0", "1"]
        gates[1].open()
        await server.called("2")
        gates[0].open()
        await server.called("3")
        for gate in gates:
            gate.open()
    assert [call.step for call in server.calls] == ["0", "1", "2", "3"]


async def test_a_place_is_free_again_after_a_failure(server: ScriptedModelServer) -> None:
    server.answers("framework", error(400))
    async with open_model(replace(server.config, max_concurrent=1)) as model:
        for _ in range(3):
            with pytest.raises(Exception, match="400"):
                await text_of(model)
        server.answers("framework", said("ok"))
        assert await text_of(model) == "ok"


async def test_waiting_for_a_place_is_not_the_models_time(server: ScriptedModelServer) -> None:
    gate = Gate()
    server.answers("slow", said("ok").holding(gate, after=1))
    server.answers("framework", said("ok"))
    short = replace(server.config.deadlines, first=0.3)
    config = replace(server.config, max_concurrent=1, deadlines=short)
    async with open_model(config) as model:
        async with model.stream(replace(CALL, labels={"step": "slow"})) as holder:
            waiting = asyncio.create_task(text_of(model))
            with pytest.raises(Exception, match=r"0\.3 s"):
                await anext(holder)  # the one that holds the place misses its deadline ...
            assert not waiting.done()
        assert await waiting == "ok"  # ... and the one that waited for as long does not


def test_a_key_or_an_address_that_can_be_none_is_refused_before_anything_starts() -> None:
    for key in ("sk-a b", "sk-ключ", "sk-a\nb"):
        with pytest.raises(ValueError, match="characters that no key has") as refused:
            ModelConfig("http://127.0.0.1/v1", SecretStr(key))
        assert key not in str(refused.value)
    for address in ("127.0.0.1:11434/v1", "ftp://host/v1", "http:///v1"):
        with pytest.raises(ValueError, match="must be of the form"):
            ModelConfig(address)
