"""From pydantic's errors to a list that a person can work through: a JSON Pointer and a sentence for every field."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from api.problems import HttpProblem
from events.contract import ProblemError

M = TypeVar("M", bound=BaseModel)
# An answer must not grow with the number of mistakes: 256 KB hold some 50,000 unknown fields.
MOST = 100
# Pydantic's words where they are not for people. The others are sentences already.
SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field here.",
    "string_too_long": "It may have at most {max_length} characters.",
    "string_too_short": "It must have at least {min_length} characters.",
    "string_type": "It must be a text.",
    "int_type": "It must be a whole number.",
    "dict_type": "It must be an object.",
    "list_type": "It must be a list.",
    "model_type": "It must be an object.",
    "model_attributes_type": "It must be an object.",
    "too_long": "It may have at most {max_length} items; it has {actual_length}.",
    "too_short": "It must have at least {min_length} items; it has {actual_length}.",
    "literal_error": "It must be one of {expected}.",
    "enum": "It must be one of {expected}.",
}


def validated(model: type[M], document: JsonValue, at: str = "") -> M:
    """`document` as a `model`. Raises `HttpProblem` 422 with the violations; `at` is where the document stands."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise refusal(error, document, at) from None


def refusal(error: ValidationError, document: JsonValue, at: str = "") -> HttpProblem:
    """422 with what is wrong with `document`; `at` is where the document stands."""
    return invalid(violations(error, document, at))


def violations(error: ValidationError, document: JsonValue, at: str = "") -> list[ProblemError]:
    """A pointer and a sentence for each of them; `at` is where the document stands."""
    details = error.errors(include_url=False, include_input=False)
    return [violation(each, document, at) for each in details]


def invalid(errors: Sequence[ProblemError]) -> HttpProblem:
    """422 with a sentence on how many fields it is about; the first hundred of them are listed."""
    fields = len({error.pointer for error in errors})
    detail = "One field is not valid." if fields == 1 else f"{fields} fields are not valid."
    if len(errors) > MOST:
        detail += f" The first {MOST} mistakes are listed."
    return HttpProblem("invalid-input", detail, errors=errors[:MOST])


def violation(error: ErrorDetails, document: JsonValue, at: str) -> ProblemError:
    context: dict[str, Any] = error.get("ctx", {})
    template = SENTENCES.get(error["type"])
    sentence = template.format(**context) if template else error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_too_short" and context["min_length"] == 1:
        sentence = "It must not be empty."
    if sentence.partition(" ")[0].isalpha():
        # A name of a field stays as it is.
        sentence = sentence[:1].upper() + sentence[1:]
    detail = sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
    return ProblemError(pointer=at + pointer(error["loc"], document, missing=error["type"] == "missing"), detail=detail)


def pointer(loc: Sequence[int | str], document: JsonValue, *, missing: bool) -> str:
    """JSON Pointer to what pydantic's `loc` means in `document`.

    `loc` also names members of unions and validators on the way, which are in no document: they are left out. The last
    part of a missing field is not in the document either, but it is what the pointer is about.
    """
    tokens: list[str] = []
    here = document
    for index, part in enumerate(loc):
        match here, part:
            case dict(), str() if part in here:
                here = here[part]
            case list(), int() if part < len(here):
                here = here[part]
            case _ if not (missing and index == len(loc) - 1):
                continue
            case _:
                pass
        tokens.append(escape(part))
    return "".join(f"/{token}" for token in tokens)


def escape(name: object) -> str:
    """One reference token of a JSON Pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")
