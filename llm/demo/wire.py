"""The shapes of the OpenAI wire: what a request must be, and what goes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

MODELS = {"stepglass-demo-heavy": "heavy", "stepglass-demo-light": "light"}
_CREATED = 1_767_225_600  # these models do not get newer

Json = dict[str, Any]


class BadRequest(Exception):
    """A request that OpenAI would refuse as well. `status` is the HTTP status, `param` the member that is wrong."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@dataclass(frozen=True, slots=True)
class Request:
    """A chat completion that can be answered. `limit` in tokens."""

    model: str
    messages: list[Json]
    response_format: Json | None = None
    stream: bool = False
    include_usage: bool = False
    limit: int | None = None


def parse(body: Any) -> Request:
    """Raises `BadRequest`, worded for whoever wrote the request."""
    if not isinstance(body, dict):
        raise BadRequest("We could not parse the JSON body of your request: an object is expected.")
    asked = cast(Json, body)
    if asked.get("n") not in (None, 1):
        raise BadRequest("The demo model gives one answer: n must be 1.", param="n")
    if asked.get("tools") or asked.get("functions"):
        raise BadRequest("The demo model has no tools.", param="tools")
    limit = asked.get("max_completion_tokens", asked.get("max_tokens"))
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise BadRequest("Expected a whole number of 1 or more.", param="max_completion_tokens")
    options = asked.get("stream_options")
    messages = _messages(asked.get("messages"))
    return Request(
        model=_model(asked.get("model")),
        messages=messages,
        response_format=_response_format(asked.get("response_format"), messages),
        stream=asked.get("stream") is True,
        include_usage=isinstance(options, dict) and cast(Json, options).get("include_usage") is True,
        limit=limit,
    )


def _model(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise BadRequest("You must provide a model parameter.", param="model")
    if name not in MODELS:
        message = f"The model '{name}' does not exist. The demo has {' and '.join(MODELS)}."
        raise BadRequest(message, status=404, param="model", code="model_not_found")
    return name


def _messages(value: Any) -> list[Json]:
    if not isinstance(value, list) or not value:
        raise BadRequest("Expected an array of messages with at least one in it.", param="messages")
    for number, message in enumerate(cast(list[Any], value)):
        where = f"messages[{number}]"
        if not isinstance(message, dict):
            raise BadRequest("Expected an object.", param=where)
        said = cast(Json, message)
        if said.get("role") not in ("system", "developer", "user", "assistant", "tool"):
            raise BadRequest(f"Invalid value: {said.get('role')!r}.", param=f"{where}.role")
        if not isinstance(said.get("content"), str | list):
            raise BadRequest("Expected a text or an array of parts.", param=f"{where}.content")
    return cast(list[Json], value)


def _response_format(value: Any, messages: list[Json]) -> Json | None:
    if value is None:
        return None
    kind = cast(Json, value).get("type") if isinstance(value, dict) else None
    match kind:
        case "text":
            return None
        case "json_object":
            if "json" not in str(messages).lower():
                message = (
                    "'messages' must contain the word 'json' in some form, to use 'response_format' 'json_object'."
                )
                raise BadRequest(message, param="messages")
        case "json_schema":
            asked = cast(Json, value).get("json_schema")
            if not isinstance(asked, dict) or not isinstance(cast(Json, asked).get("schema"), dict):
                raise BadRequest("Missing required parameter: a schema.", param="response_format.json_schema.schema")
            if not cast(Json, asked).get("name"):
                raise BadRequest("Missing required parameter: a name.", param="response_format.json_schema.name")
        case _:
            raise BadRequest(f"Invalid value: {kind!r}.", param="response_format.type")
    return cast(Json, value)


def models() -> Json:
    return {"object": "list", "data": [model(name) for name in MODELS]}


def model(name: str) -> Json:
    return {"id": _model(name), "object": "model", "created": _CREATED, "owned_by": "stepglass-demo"}


def usage(prompt_tokens: int, completion_tokens: int) -> Json:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def completion(answer_id: str, name: str, created: int, text: str, finish: str, used: Json) -> Json:
    """The whole answer at once."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, "refusal": None}, "finish_reason": finish}
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": name,
        "choices": [choice],
        "usage": used,
    }


def chunk(answer_id: str, name: str, created: int, choices: list[Json], **more: Any) -> Json:
    """A piece of a streamed answer."""
    return {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": name,
        "choices": choices,
        **more,
    }


def piece(delta: Mapping[str, Any], finish: str | None = None) -> list[Json]:
    return [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}]
