"""Servers that do not take a request as it is put: what they say, and how it is put then."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from llm._dialect import Dialect, Form, after_refusal, first_dialect
from llm._request import body_of, form_of, strictly
from llm.client import Model, Schema
from llm.errors import CutOff, RejectedRequest
from llm.openai import open_model
from tests.llm.asking import CALL, JSON_CALL, SCHEMA, deltas_of, text_of
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Reply, error, said, said_json

LOCAL, OPENAI = first_dialect(openai=False), first_dialect(openai=True)

# How the servers of this world put it. | status | what they say | the schema was asked for as | what changes
REFUSALS: dict[str, tuple[int, str, Form | None, dict[str, Any]]] = {
    "OpenAI, older model": (
        400,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "strict",
        {"form": "schema"},
    ),
    "OpenAI, a schema that is not strict": (
        400,
        "Invalid schema for response_format 'X': 'additionalProperties' is required to be supplied and to be false.",
        "strict",
        {"form": "schema"},
    ),
    "DeepSeek": (400, "This response_format type is unavailable now", "schema", {"form": "object"}),
    "Groq": (400, "This model does not support response format `json_schema`.", "schema", {"form": "object"}),
    "LM Studio": (400, "'response_format.type' must be 'json_schema' or 'text'", "object", {"form": "prompt"}),
    "OpenRouter": (404, "No endpoints found that support structured outputs", "schema", {"form": "object"}),
    "vLLM": (400, "Failed to compile the guided grammar", "schema", {"form": "object"}),
    "llama.cpp": (500, "JSON schema conversion failed: unrecognized schema", "schema", {"form": "object"}),
    "OpenAI, newer model": (
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        None,
        {"limit": "max_completion_tokens"},
    ),
    "OpenAI, model that thinks": (
        400,
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) is supported.",
        None,
        {"temperature": False},
    ),
    "Mistral": (
        422,
        '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options","include_usage"]}]}',
        None,
        {"usage": False},
    ),
    "Groq, long ago": (
        400,
        "property 'stream_options' is unsupported, did you mean 'stream'?",
        None,
        {"usage": False},
    ),
}

OTHERS: dict[str, tuple[int, str, Form | None]] = {
    "too long": (400, "'max_tokens' is too large: 90000. This model's maximum context length is 8192.", "schema"),
    "no such model": (404, "The model `gpt-9` does not exist", "strict"),
    "not with a schema": (400, "Invalid value for response_format", None),
    "nothing left to try": (400, "response_format is not supported", "prompt"),
    "busy": (503, "response_format workers are not available", "schema"),
    "too many": (429, "Too many requests with json_schema", "schema"),
    "no key": (401, "temperature is not supported without a key", "schema"),
}


@pytest.mark.parametrize("server", REFUSALS)
def test_a_refusal_says_what_to_put_otherwise(server: str) -> None:
    status, said, form, change = REFUSALS[server]
    dialect = replace(LOCAL, form=form or "strict")
    assert after_refusal(dialect, form, status, said) == replace(dialect, **change)


@pytest.mark.parametrize("case", OTHERS)
def test_a_refusal_of_something_else_stands(case: str) -> None:
    status, said, form = OTHERS[case]
    assert after_refusal(LOCAL, form, status, said) is None


def asks_for(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body.get("response_format", {}).get("type") == kind


def has(field: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: field in body


def no(field: str) -> Reply:
    return error(400, f"{field} is not supported", param=field, code="unsupported_parameter")


async def test_a_schema_goes_along_in_the_best_form_first(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", said_json({"vision": "x"}))
    await text_of(model, JSON_CALL)
    assert server.calls[0].body["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "FrameworkDraft",
            "strict": True,
            "schema": {**SCHEMA.json_schema, "additionalProperties": False},
        },
    }


async def test_a_server_without_schemas_is_asked_for_an_object_and_one_without_objects_for_text(
    server: ScriptedModelServer, model: Model
) -> None:
    server.refuses(asks_for("json_schema"), no("json_schema"))
    server.refuses(asks_for("json_object"), no("response_format"))
    server.answers("framework", said_json({"vision": "x"}, before="```\n", after="\n```"))
    assert await text_of(model, JSON_CALL) == '{"vision": "x"}'
    forms = [call.body.get("response_format", {}).get("type") for call in server.calls]
    assert forms == ["json_schema", "json_schema", "json_object", None]
    assert '"strategy"' in server.calls[-1].body["messages"][0]["content"], "the schema is in the prompt now"


async def test_a_refusal_is_paid_for_once(server: ScriptedModelServer, model: Model) -> None:
    server.refuses(asks_for("json_schema"), no("json_schema"))
    server.refuses(has("stream_options"), no("stream_options"))
    server.refuses(has("max_tokens"), error(400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead."))
    server.refuses(has("temperature"), no("temperature"))
    server.answers("framework", said_json({"vision": "x"}, size=99))
    call = replace(JSON_CALL, max_output_tokens=50, temperature=0.2)
    await text_of(model, call)
    probes = len(server.calls)
    await text_of(model, call)
    assert (probes, len(server.calls)) == (6, 7)
    assert "max_completion_tokens" in server.calls[-1].body
    await text_of(model, replace(call, model="another"))
    assert len(server.calls) == 13, "another model may take what this one does not"


async def test_a_server_that_takes_nothing_refuses_in_the_end(server: ScriptedModelServer, model: Model) -> None:
    server.answers("framework", error(400, "response_format, stream_options, max_tokens, temperature: unsupported"))
    with pytest.raises(RejectedRequest, match="400"):
        await deltas_of(model, replace(JSON_CALL, max_output_tokens=50, temperature=0.2))
    assert len(server.calls) <= 8


async def test_a_limit_under_neither_name_is_refused_rather_than_left_out(
    server: ScriptedModelServer, model: Model
) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        server.refuses(has(name), no(name))
    with pytest.raises(RejectedRequest, match="not supported"):
        await deltas_of(model, replace(CALL, max_output_tokens=50))
    assert len(server.calls) == 2


async def test_nothing_is_remembered_of_a_request_that_was_not_taken(server: ScriptedModelServer) -> None:
    server.answers("framework", error(400, "response_format is confusing"))
    async with open_model(server.config) as model:
        with pytest.raises(RejectedRequest):
            await deltas_of(model, JSON_CALL)
        server.answers("framework", said_json({"vision": "x"}))
        await text_of(model, JSON_CALL)
    assert asks_for("json_schema")(server.calls[-1].body)


async def test_what_was_found_out_holds_although_the_answer_failed(server: ScriptedModelServer, model: Model) -> None:
    server.refuses(asks_for("json_schema"), no("json_schema"))
    server.answers("framework", said("{", finish="length"))
    for expected in (3, 4):
        with pytest.raises(CutOff):
            await deltas_of(model, JSON_CALL)
        assert len(server.calls) == expected


def test_openai_is_told_the_schema_once_and_other_servers_in_the_prompt_too() -> None:
    """A grammar constrains a model that knows nothing of it; it writes better when it does."""
    for dialect, told in ((OPENAI, False), (LOCAL, True), (replace(OPENAI, form="object"), True)):
        system = body_of(JSON_CALL, "m", dialect)["messages"][0]["content"]
        assert ("JSON Schema" in system) is told
        assert system.startswith(CALL.system)


def test_openais_newer_name_for_the_limit_is_for_openai() -> None:
    call = replace(CALL, max_output_tokens=9)
    assert body_of(call, "m", OPENAI)["max_completion_tokens"] == 9
    assert body_of(call, "m", LOCAL)["max_tokens"] == 9


def test_a_name_that_the_wire_does_not_take_is_changed() -> None:
    call = replace(CALL, schema=Schema("Framework[Draft] für " + "x" * 80, SCHEMA.json_schema))
    name = body_of(call, "m", LOCAL)["response_format"]["json_schema"]["name"]
    assert name == ("Framework_Draft__f_r_" + "x" * 80)[:64]


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}


def test_a_schema_for_strict_mode_has_its_objects_closed() -> None:
    nested: dict[str, Any] = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"$ref": "#/$defs/A"}},
            "or": {"anyOf": [OPEN, {"type": "null"}]},
        },
        "required": ["list", "or"],
        "$defs": {"A": OPEN},
    }
    assert strictly(nested) == {
        **nested,
        "properties": {**nested["properties"], "or": {"anyOf": [CLOSED, {"type": "null"}]}},
        "$defs": {"A": CLOSED},
        "additionalProperties": False,
    }
    assert OPEN == {key: OPEN[key] for key in ("type", "properties", "required")}, "the caller's stays as it was"


@pytest.mark.parametrize(
    "unfit",
    [
        {**OPEN, "required": []},
        {**OPEN, "additionalProperties": {"type": "string"}},
        {"type": "object"},
        {**OPEN, "properties": {"a": {"type": "string", "minLength": 3}}},
        {**OPEN, "properties": {"a": {"type": "array", "items": {"type": "object"}}}},
        {**OPEN, "properties": {"a": {"anyOf": [{"type": "object"}]}}},
        {**OPEN, "$defs": {"B": {"oneOf": []}}},
        {**OPEN, "properties": {"a": {"type": "string", "default": "x"}}},
    ],
)
def test_a_schema_that_strict_mode_does_not_take_goes_out_as_it_is(unfit: dict[str, Any]) -> None:
    assert strictly(unfit) is None
    schema = Schema("X", unfit)
    assert form_of(schema, Dialect()) == "schema"
    sent = body_of(replace(CALL, schema=schema), "m", OPENAI)["response_format"]["json_schema"]
    assert (sent["strict"], sent["schema"]) == (False, unfit)
