"""From a call to the body and the header of its request."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from openai import Omit

from llm._dialect import Dialect, Form
from llm.client import Call, Schema

# Keywords that OpenAI's strict mode takes. Bounds on length are not among them everywhere, so a schema with bounds goes
# out as a wish; what comes back is checked against it anyway.
_STRICT_KEYWORDS = frozenset(
    "$defs $ref additionalProperties anyOf const description enum items properties required title type".split()
)

_ASK_FOR_JSON = (
    "\n\nAnswer with one JSON object and nothing else: no Markdown around it, no sentence before or after it. "
    "It must be valid by this JSON Schema:\n"
)


def form_of(schema: Schema | None, dialect: Dialect) -> Form | None:
    """The form in which `schema` is asked for: the one of the dialect, unless it does not fit into strict mode."""
    if schema is None:
        return None
    return "schema" if dialect.form == "strict" and strictly(schema.json_schema) is None else dialect.form


def body_of(call: Call, model: str, dialect: Dialect) -> dict[str, Any]:
    """The body of a streaming chat completion."""
    form = form_of(call.schema, dialect)
    system = call.system
    if call.schema and (dialect.schema_in_prompt or form in ("object", "prompt")):
        system += _ASK_FOR_JSON + json.dumps(call.schema.json_schema, ensure_ascii=False)
    messages = [{"role": "system", "content": system}] if system else []
    body: dict[str, Any] = {"model": model, "messages": [*messages, {"role": "user", "content": call.user}]}
    body["stream"] = True
    if dialect.usage:
        body["stream_options"] = {"include_usage": True}
    if call.max_output_tokens is not None:
        body[dialect.limit] = call.max_output_tokens
    if call.temperature is not None and dialect.temperature:
        body["temperature"] = call.temperature
    if call.schema and form != "prompt":
        body["response_format"] = _response_format(call.schema, form)
    return body


def _response_format(schema: Schema, form: Form | None) -> dict[str, Any]:
    if form == "object":
        return {"type": "json_object"}
    strict = form == "strict"
    shape = strictly(schema.json_schema) if strict else dict(schema.json_schema)
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", schema.name)[:64] or "answer"
    # `strict` is always said: servers differ in what its absence means.
    return {"type": "json_schema", "json_schema": {"name": name, "schema": shape, "strict": strict}}


def strictly(node: Any) -> Any:
    """The schema with its objects closed, as OpenAI's strict mode demands, or None where it cannot be said so.

    Strict mode is the only one in which OpenAI guarantees the shape; without it the schema is advice. It wants every
    property required and no others; pydantic leaves objects open, and to close them takes nothing away from an answer.
    """
    if isinstance(node, list):
        items: list[Any] = [strictly(item) for item in node]  # pyright: ignore[reportUnknownVariableType]  # JSON is Any
        return None if None in items else items
    if not isinstance(node, dict):
        return node
    schema: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType]  # JSON is Any
    if not schema.keys() <= _STRICT_KEYWORDS:
        return None
    closed = dict(schema)
    if schema.get("type") == "object":
        names = set(schema.get("properties", ()))
        if not names or set(schema.get("required", ())) != names or schema.get("additionalProperties"):
            return None
        closed["additionalProperties"] = False
    for key in ("properties", "$defs"):
        if key in schema:
            closed[key] = {name: strictly(inner) for name, inner in schema[key].items()}
            if None in closed[key].values():
                return None
    for key in schema.keys() & {"items", "anyOf"}:
        closed[key] = strictly(schema[key])
        if closed[key] is None:
            return None
    return closed


def headers_of(labels: Mapping[str, str], *, signed: bool) -> dict[str, str | Omit]:
    """`Stepglass-Call: run=…; step=…; attempt=…; lane=…`, so that a gateway's log can be matched with ours.

    `signed`: there is a key. Without one, openai wants to hear at every request that it is left out on purpose.
    """
    headers: dict[str, str | Omit] = {} if signed else {"Authorization": Omit()}
    if labels:
        pairs = (f"{quote(name, safe='')}={quote(value[:200], safe='/:.~')}" for name, value in labels.items())
        headers["Stepglass-Call"] = "; ".join(pairs)
    return headers
