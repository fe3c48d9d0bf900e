"""Which model is asked when nobody has chosen one."""

import asyncio
import logging
from dataclasses import replace

import pytest
from openai import AsyncOpenAI

from llm._hidden import Hidden
from llm._names import Names
from llm._translate import Border
from llm.config import DEFAULT_HEAVY, DEFAULT_LIGHT, ModelConfig
from llm.errors import ModelError, NotAuthorized, RejectedRequest, Unreachable
from llm.openai import open_model
from tests.llm.asking import CALL, text_of
from tests.scripted_model import ScriptedModelServer, closed_port
from tests.scripted_replies import Gate, Reply, error, said

NOBODY = Border("models.example", Hidden("", ()))


def unnamed(server: ScriptedModelServer) -> ModelConfig:
    return replace(server.config, heavy=None, light=None)


async def test_a_server_of_ones_own_is_asked_once_what_it_has(
    server: ScriptedModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.models = ["nomic-embed-text", "llama3.3", "qwen3"]
    server.answers("framework", said("ok"))
    with caplog.at_level(logging.INFO, "llm"):
        async with open_model(unnamed(server)) as model, asyncio.TaskGroup() as group:
            for tier in ("heavy", "light", "heavy"):
                group.create_task(text_of(model, replace(CALL, tier=tier)))
    assert [call.body["model"] for call in server.calls] == ["llama3.3"] * 3
    assert server.models_asked == 1
    assert "offers llama3.3" in caplog.text


async def test_a_call_that_names_its_model_asks_nobody(server: ScriptedModelServer) -> None:
    server.answers("framework", said("ok"))
    async with open_model(unnamed(server)) as model:
        await text_of(model, replace(CALL, model="qwen3"))
    assert server.models_asked == 0


async def test_the_one_name_that_is_configured_is_good_for_both_tiers(server: ScriptedModelServer) -> None:
    server.answers("framework", said("ok"))
    async with open_model(replace(server.config, light=None)) as model:
        await text_of(model, replace(CALL, tier="light"))
    assert server.calls[0].body["model"] == "heavy"


async def test_openai_has_defaults_of_ours() -> None:
    async with AsyncOpenAI(api_key="x", base_url="http://127.0.0.1:9") as client:
        names = Names(ModelConfig(heavy=None, light=None), client)
        assert [await names.of(tier, NOBODY) for tier in ("heavy", "light")] == [DEFAULT_HEAVY, DEFAULT_LIGHT]
        mixed = Names(ModelConfig(heavy="gpt-9"), client)
        assert [await mixed.of(tier, NOBODY) for tier in ("heavy", "light")] == ["gpt-9", DEFAULT_LIGHT]


@pytest.mark.parametrize(
    ("models", "expected", "sentence"),
    [
        ([f"model-{number}" for number in range(300)], RejectedRequest, "offers 300 models. Choose"),
        (["bge-embed"], RejectedRequest, "no model that writes"),
        ([], RejectedRequest, "no model that writes"),
        (error(401), NotAuthorized, "401"),
        (error(404), RejectedRequest, "404"),
        (Reply([b"[]"], headers={"content-type": "application/json"}), ModelError, "did not say which models"),
        (Reply([b"{"], headers={"content-type": "application/json"}), ModelError, "not the protocol"),
        (Reply([b"<html>"], headers={"content-type": "text/html"}), ModelError, "did not say which models"),
    ],
)
async def test_a_server_that_has_no_obvious_model_is_a_clear_error(
    server: ScriptedModelServer, models: list[str] | Reply, expected: type[ModelError], sentence: str
) -> None:
    server.models = models
    async with open_model(unnamed(server)) as model:
        with pytest.raises(expected, match=sentence) as failed:
            await text_of(model)
    assert failed.value.__context__ is None
    assert server.calls == []


async def test_a_server_that_does_not_say_in_time_cannot_be_reached(server: ScriptedModelServer) -> None:
    server.models = Reply([Gate()])
    config = replace(unnamed(server), deadlines=replace(server.config.deadlines, connect=0.05))
    async with open_model(config) as model:
        with pytest.raises(Unreachable, match="did not say in time"):
            await text_of(model)
    async with open_model(replace(config, base_url=f"http://127.0.0.1:{closed_port()}/v1")) as model:
        with pytest.raises(Unreachable, match="refused"):
            await text_of(model)
