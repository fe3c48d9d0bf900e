"""Answering what a run asks a person: the value is checked against the question's JSON Schema, then stored."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.responses import JSONResponse

from api.body import read_json
from api.pausing import PauseAccepted
from api.runs import answer
from api.state import Request
from api.validation import escape, invalid, validated
from api.views import run_id_in, view_of
from events.contract import ProblemError


class InputAnswer(BaseModel):
    """What `POST /api/runs/{run_id}/inputs/{input_id}` takes: a `value` as the question's `schema` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: JsonValue


async def answer_input(request: Request) -> JSONResponse:
    """`POST /api/runs/{run_id}/inputs/{input_id}`: 202; 404 for what is not asked, 409 for what is answered."""
    run_id, input_id = run_id_in(request), request.path_params["input_id"]
    view = await view_of(request, run_id)
    value = validated(InputAnswer, await read_json(request)).value
    schemas = [each.json_schema for each in view.asked or () if each.input_id == input_id]
    if schemas and (errors := list(_violations(schemas[0], value))):
        raise invalid(errors)
    await request.state["store"].runs.answer(run_id, request.state["tenant"], input_id, value, by="api")
    view = await view_of(request, run_id)
    return answer(PauseAccepted(run_id=view.run_id, status=view.status), 202)


def _violations(schema: dict[str, Any], value: JsonValue) -> Iterator[ProblemError]:
    """What the schema has against the value, each where it is in the body."""
    for error in Draft202012Validator(schema).iter_errors(value):  # pyright: ignore[reportUnknownMemberType] # untyped instance
        yield from _said(error)


def _said(error: ValidationError) -> Iterator[ProblemError]:
    place = "/value" + "".join(f"/{escape(part)}" for part in error.absolute_path)
    known: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "required":
        missing = (name for name in wanted if name not in known)
        yield from (ProblemError(pointer=f"{place}/{escape(name)}", detail="It is missing.") for name in missing)
    elif error.validator in ("oneOf", "anyOf") and (tag := _tag(wanted, known)):
        yield from _of_several(error, place, *tag)
    else:
        yield ProblemError(pointer=place, detail=_sentence(error))


def _of_several(error: ValidationError, place: str, tag: str, forms: list[Any]) -> Iterator[ProblemError]:
    """What is wrong with a value as that one of several forms whose constant it has; or else with its constant."""
    known: Any = error.instance
    if known.get(tag) in forms:
        for each in error.context or ():
            if each.schema_path[0] == forms.index(known[tag]):
                yield from _said(each)
    else:
        detail = f"It is none of {', '.join(map(str, forms))}." if tag in known else "It is missing."
        yield ProblemError(pointer=f"{place}/{escape(tag)}", detail=detail)


def _tag(forms: list[dict[str, Any]], value: Any) -> tuple[str, list[Any]] | None:
    """The member by whose constant several forms are known, and the constant of each; None where there is no such."""
    if not isinstance(value, dict):
        return None
    for name in forms[0].get("properties", {}):
        known = [form.get("properties", {}).get(name, {}) for form in forms]
        if all("const" in each for each in known):
            return name, [each["const"] for each in known]
    return None


def _sentence(error: ValidationError) -> str:
    bound: Any = error.validator_value
    match error.validator:
        case "type":
            return f"It is not of the type {bound}."
        case "enum":
            return f"It is none of {', '.join(map(str, bound))}."
        case "minLength" | "minItems" | "maxLength" | "maxItems":
            side = "at least" if error.validator.startswith("min") else "at most"
            return f"It may have {side} {bound} {'characters' if error.validator.endswith('Length') else 'items'}."
        case "minimum" | "maximum":
            return f"It may be {'at least' if error.validator == 'minimum' else 'at most'} {bound}."
        case "oneOf" | "anyOf":
            return "It is of none of the forms that are asked for."
        case "additionalProperties":
            return "It has a field that is not asked for."
        case _:
            return f"It breaks {error.validator}."
