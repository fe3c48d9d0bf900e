"""What one model on one server accepts, found out by being refused.

Servers that call themselves compatible differ in what they take: a schema in the request, `max_tokens` under its old or
its new name, `stream_options`, a temperature. Nobody publishes who takes what, and it changes with the model. So we ask
in the best way we know, and where the server says that it is this which it does not take, in the next best.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

Form = Literal["strict", "schema", "object", "prompt"]
"""How a schema is asked for, from best to last:

- `strict`: `json_schema` with `strict: true`: OpenAI guarantees the shape. Only for schemas that fit into it.
- `schema`: `json_schema` with `strict: false`: vLLM, Ollama, llama.cpp and LM Studio constrain the answer by the schema
  whatever `strict` says; OpenAI takes it as advice; OpenRouter hands it on.
- `object`: `json_object`, the schema in the prompt: DeepSeek and older models, which promise JSON but no shape.
- `prompt`: only the prompt.
"""

_NEXT: dict[Form, Form] = {"strict": "schema", "schema": "object", "object": "prompt"}

_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})
"""404 is OpenRouter's "no endpoints found that support …"; 500 an old llama.cpp that cannot compile a schema."""

_LOOKED_AT = 16_384
"""Characters of a refusal. It says at its beginning what it is about; some then quote the whole request."""

_ABOUT_FORM = re.compile(r"response.?format|json.?(schema|object|mode)|structured.?output|schema|grammar|guided")
_ABOUT_LIMIT = re.compile(r"max_(completion_)?tokens")
_ABOUT_USAGE = re.compile(r"stream_options|include_usage")
_NOT_TAKEN = re.compile(
    r"not.{0,9}support|unsupported|unrecogni[sz]ed|unknown|unexpected|not (permitted|allowed)|forbidden|instead|"
    r"did you mean"
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to put a request so that it is taken."""

    form: Form = "strict"
    schema_in_prompt: bool = False
    """Said in the prompt even where the request holds it: servers of our own constrain a model that knows nothing of
    the schema, and write better when it does. OpenAI tells its models."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    usage: bool = True
    temperature: bool = True


def first_dialect(*, openai: bool) -> Dialect:
    """How we ask a server of which we know nothing yet."""
    return Dialect(limit="max_completion_tokens") if openai else Dialect(schema_in_prompt=True)


def after_refusal(dialect: Dialect, form: Form | None, status: int, said: str) -> Dialect | None:
    """The next dialect to try, or None when the refusal is about something else.

    `form` is how the schema was asked for, `said` the whole body of the refusal. Telling too much apart as a refusal
    costs a few free requests that are refused as well; nothing is remembered before a request was taken.
    """
    said = said[:_LOOKED_AT].lower()
    if status not in _REFUSALS:
        return None
    if dialect.usage and _ABOUT_USAGE.search(said):
        return replace(dialect, usage=False)
    if _ABOUT_LIMIT.search(said) and _NOT_TAKEN.search(said):
        other = "max_completion_tokens" if dialect.limit == "max_tokens" else "max_tokens"
        return replace(dialect, limit=other)
    if dialect.temperature and "temperature" in said and _NOT_TAKEN.search(said):
        return replace(dialect, temperature=False)
    if form in _NEXT and _ABOUT_FORM.search(said):
        return replace(dialect, form=_NEXT[form])
    return None
