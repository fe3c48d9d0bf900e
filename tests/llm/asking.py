"""How the tests here ask a model."""

from dataclasses import replace

from llm.client import Call, Delta, Model, Schema, Usage

CALL = Call(
    system="You are terse.",
    user="What does Heliotrope Metering sell?",
    labels={"run": "0190", "step": "framework", "attempt": "1"},
)
SCHEMA = Schema(
    "FrameworkDraft",
    {
        "title": "FrameworkDraft",
        "type": "object",
        "properties": {"vision": {"type": "string"}, "strategy": {"type": "array", "items": {"type": "string"}}},
        "required": ["vision", "strategy"],
    },
)
JSON_CALL = replace(CALL, schema=SCHEMA)


async def deltas_of(model: Model, call: Call = CALL) -> list[Delta]:
    async with model.stream(call) as deltas:
        return [delta async for delta in deltas]


async def text_of(model: Model, call: Call = CALL) -> str:
    return "".join(delta.text for delta in await deltas_of(model, call))


async def usage_of(model: Model, call: Call = CALL) -> Usage:
    last = (await deltas_of(model, call))[-1]
    assert last.usage is not None
    return last.usage
