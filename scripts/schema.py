"""Writes docs/contract.schema.json: the JSON Schema (draft 2020-12) of what goes over the wire.

The models in events/contract.py and events/frames.py say what an event is. With `--check` nothing is written: a file
that is not up to date is shown with its difference, and the exit code is 1.
"""

import json
from typing import Any, cast, get_args

from _files import ROOT, publish
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from events.contract import VERSION, BaseEvent, Event, StepEvent
from events.frames import Control

SCHEMA = ROOT / "docs" / "contract.schema.json"
Json = dict[str, Any]

ASSIGNED: Json = {
    "v": {"const": VERSION, "description": "Version of the contract."},
    "run_id": {"type": "string", "format": "uuid", "description": "UUIDv7 of the run."},
    "seq": {"type": "integer", "minimum": 1, "description": "1, 2, 3 … without gaps within a run, given by the log."},
}


def main() -> None:
    publish({SCHEMA: as_text(wire_schema())})


def as_text(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def wire_schema() -> Json:
    """Everything that a stream can carry, as one document: `LogEvent` and `StreamFrame` among its definitions."""
    events, frames = members(Event), members(Control)
    models, values = definitions([*events, *frames])
    for member in events:
        base = StepEvent if issubclass(member, StepEvent) else BaseEvent
        models[member.__name__] = extending(envelope_name(base), models[member.__name__], base)
    own_step_fields = as_sent(StepEvent.model_json_schema(mode="serialization"))
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "StreamMessage",
        "description": "One message of a run's stream: an event of its log, or a frame about the stream itself.",
        "oneOf": [{"$ref": "#/$defs/LogEvent"}, {"$ref": "#/$defs/StreamFrame"}],
        "$defs": {
            "LogEvent": union(events, "Event", "One event of a run's log. Pass over a `type` that you do not know."),
            "StreamFrame": union(frames, "Frame", "What a stream says about itself: never stored, without a `seq`."),
            envelope_name(BaseEvent): assigned(as_sent(BaseEvent.model_json_schema(mode="serialization"))),
            envelope_name(StepEvent): extending(envelope_name(BaseEvent), own_step_fields, BaseEvent),
            **{f"{member.__name__}Event": models[member.__name__] for member in events},
            **{f"{member.__name__}Frame": models[member.__name__] for member in frames},
            **values,
        },
    }


def members(annotated: object) -> list[type[BaseModel]]:
    """The models of a discriminated union, in the order in which they are written down."""
    return list(get_args(get_args(annotated)[0]))


def envelope_name(base: type[BaseEvent]) -> str:
    return "StepEnvelope" if base is StepEvent else "RunEnvelope"


def union(models: list[type[BaseModel]], suffix: str, description: str) -> Json:
    return {"description": description, "oneOf": [{"$ref": f"#/$defs/{model.__name__}{suffix}"} for model in models]}


def definitions(models: list[type[BaseModel]]) -> tuple[Json, Json]:
    """The schemas of `models` by name, and those of the values inside them."""
    _, document = models_json_schema([(model, "serialization") for model in models], ref_template="#/$defs/{model}")
    every = {name: as_sent(model) for name, model in cast("dict[str, Json]", document["$defs"]).items()}
    names = {model.__name__ for model in models}
    return {name: every[name] for name in names}, {name: every[name] for name in every if name not in names}


def as_sent(model: Json) -> Json:
    """A model as it is on the wire: nulls are left out, whatever else has a default is always there."""
    if "properties" not in model:  # JsonValue: anything
        return model
    properties: Json = {}
    required: list[str] = []
    for name, field in cast("dict[str, Json]", model["properties"]).items():
        if field.get("default", ...) is not None:
            required.append(name)
        field = {key: value for key, value in field.items() if key not in ("title", "default")}
        options = cast("list[Json]", field.get("anyOf", []))
        if {"type": "null"} in options:
            (field,) = (option for option in options if option != {"type": "null"})
        properties[name] = field
    described = {"description": model["description"]} if "description" in model else {}
    return {"type": "object", **described, "properties": properties, "required": required}


def assigned(envelope: Json) -> Json:
    """The fields that the log gives to every event, in front of the writer's."""
    return {
        **envelope,
        "description": "What every event carries. `ts` and `duration` are in ms, `progress` is of the run, 0 to 100.",
        "properties": {**ASSIGNED, **envelope["properties"]},
        "required": [*ASSIGNED, *envelope["required"]],
    }


def extending(name: str, model: Json, base: type[BaseModel]) -> Json:
    """`model` without the fields of `base`, which it takes from the definition `name`."""
    kept = {field: schema for field, schema in model["properties"].items() if field not in base.model_fields}
    required = [field for field in model["required"] if field in kept]
    described = {"description": model["description"]} if "description" in model else {}
    return {
        **described,
        "type": "object",
        "allOf": [{"$ref": f"#/$defs/{name}"}],
        "properties": kept,
        "required": required,
    }


if __name__ == "__main__":
    main()
