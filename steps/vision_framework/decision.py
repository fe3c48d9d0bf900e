"""What a person may decide about a framework that still breaks its bounds, and the question that is put to them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from events.contract import ProblemError
from steps.vision_framework.document import SECTION_NAMES, SECTIONS, Framework, SectionName
from steps.vision_framework.repair import MOST_REPAIRS
from steps.vision_framework.violations import sections_in

MOST_BY_HAND = 10
"""Repairs that a person may wish for, beside those that the model makes by itself."""

TITLES: dict[SectionName, str] = {
    "vision": "Vision",
    "strategy": "Strategy",
    "operating_principles": "Operating principles",
    "near_term_bets": "Near-term bets",
    "metrics": "Metrics",
    "tensions": "Tensions",
}


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Decision):
    """Sections written by hand. Whatever is in them: it is for `validation` to say what is wrong with it."""

    action: Literal["edit"] = "edit"
    sections: dict[SectionName, JsonValue]


class Repair(_Decision):
    """One more repair by the model, as long as there is one left."""

    action: Literal["repair"] = "repair"


class GiveUp(_Decision):
    """The run is to end with the violations. That is also what holds when nobody answers in time."""

    action: Literal["give_up"] = "give_up"


Decision = Annotated[Edit | Repair | GiveUp, Field(discriminator="action")]
DECISION: TypeAdapter[Edit | Repair | GiveUp] = TypeAdapter(Decision)


def question(left: Sequence[ProblemError], repairs: int) -> str:
    """What is asked, and below it what is wrong, a line each."""
    times = "one repair" if repairs == 1 else f"{repairs} repairs"
    then = "What is to be done?" if may_repair(repairs) else "No more are made: edit it or give up."
    first = f"The framework still breaks its bounds after {times} by the model. {then}"
    return "\n".join([first, *(f"- {one.detail}" for one in left)])


def may_repair(repairs: int) -> bool:
    """Each repair is a paid call, and somebody could wish for them without end."""
    return repairs < MOST_REPAIRS + MOST_BY_HAND


def choices(sections: dict[str, JsonValue], left: list[ProblemError], repairs: int) -> dict[str, Any]:
    """The JSON Schema of the decision: of an edit with the sections that are wrong, as they are now in `default`. After
    as many `repairs` as may be made, no other one can be chosen.

    It has no `$ref`, so that a form can be made of it as it stands. A `default` may break the bounds that stand beside
    it: that is why it is asked.
    """
    wrong: list[SectionName] = [name for name in SECTION_NAMES if name in sections_in(left)]
    forms: dict[str, Any] = {name: _form(name, sections.get(name), left) for name in wrong}
    edited = {"type": "object", "title": "Sections", "properties": forms, "required": list(wrong)}
    repair = _choice("repair", "Have it repaired again", "The model tries once more. That is one more call.", {})
    return {
        "title": "What is to be done",
        "discriminator": {"propertyName": "action"},
        "oneOf": [
            _choice(
                "edit",
                "Edit it by hand",
                "Write the sections that are wrong yourself. They are looked at again.",
                {"sections": edited | {"additionalProperties": False}},
            ),
            *([repair] if may_repair(repairs) else []),
            _choice("give_up", "Give up", "The run ends in error, with what is wrong.", {}),
        ],
    }


def _choice(action: str, title: str, description: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "description": description,
        "properties": {"action": {"const": action, "title": "Action", "type": "string"}, **more},
        "required": ["action", *more],
        "additionalProperties": False,
    }


def _form(name: SectionName, present: JsonValue, left: Sequence[ProblemError]) -> dict[str, Any]:
    """One section within its bounds, with what is wrong with it in its description."""
    schema = SECTIONS[name].json_schema()
    parts: dict[str, Any] = schema.pop("$defs", {})
    if "$ref" in (items := schema.get("items", {})):
        schema["items"] = parts[items["$ref"].rpartition("/")[2]]
        schema["items"].pop("description", None)  # of the class, and not for people
    about = Framework.model_fields[name].description or ""
    wrong = " ".join(one.detail for one in left if name in sections_in([one]))
    words = {"title": TITLES[name], "description": f"{about} Wrong now: {wrong}"}
    return {**schema, **words, "default": _presentable(schema, present)}


def _presentable(schema: dict[str, Any], value: JsonValue) -> JsonValue:
    """What there is of a value in the form of the schema, so that a form can show it; nothing is put into it."""
    match schema["type"]:
        case "array":
            items = value if isinstance(value, list) else [] if value in (None, "", {}) else [value]
            return [_presentable(schema["items"], item) for item in items]
        case "object":
            names = cast("list[str]", list(schema["properties"]))
            members = value if isinstance(value, dict) else {names[0]: value}
            return {name: _presentable(schema["properties"][name], members.get(name)) for name in names}
        case _:
            return value if isinstance(value, str) else "" if value is None else str(value)
