"""What is wrong with a document, all of it: where (JSON Pointer) and in a sentence."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import JsonValue

from events.contract import ProblemError
from steps.vision_framework._sentences import sentence_problem
from steps.vision_framework.document import SECTION_NAMES, SectionName, framework_schema

Path = tuple[str | int, ...]

_QUOTED = 60
MOST = 50
"""Violations that are told of a section. A whole section of items that are all wrong has fewer."""
_LOOKED_AT = 20
"""Items of a list that are checked one by one: more than any section may have."""
_TYPES = {
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
}
_ITEMS = {"near_term_bets": "Bet", "metrics": "Metric"}


def _sections_only() -> dict[str, Any]:
    schema = framework_schema()
    properties = {name: schema["properties"][name] for name in SECTION_NAMES}
    return schema | {"properties": properties, "required": list(SECTION_NAMES)}


_VALIDATOR = Draft202012Validator(_sections_only())


def violations(sections: Mapping[str, JsonValue]) -> list[ProblemError]:
    """Every violation of the schema in a framework's sections, in the order of the document; `[]` when it holds.

    `company_id` and `updated_at` are ours and not looked for. Also counts the sentences of the vision, which JSON
    Schema cannot say, where the schema has nothing against it.
    """
    # pydantic takes the blanks around a text away before it measures it, so they do not count here either.
    document = cast(dict[str, JsonValue], _stripped(dict(sections)))
    found = _found(document, sections)
    vision = document.get("vision")
    if isinstance(vision, str) and not any(path == ("vision",) for path, _ in found):
        if problem := sentence_problem(vision):
            found[("vision",), f"The vision {problem}."] = None
    in_order = sorted(found, key=lambda one: _order(one[0]))
    return [ProblemError(pointer=pointer(path), detail=detail) for path, detail in in_order]


def _found(document: JsonValue, whole: Mapping[str, JsonValue]) -> dict[tuple[Path, str], None]:
    """At most `MOST` of each section, and of what is no section: a model that repeats itself repeats its mistakes."""
    found: dict[tuple[Path, str], None] = {}
    told: Counter[str] = Counter()
    errors: list[ValidationError] = list(_VALIDATOR.iter_errors(document))  # pyright: ignore[reportUnknownMemberType]  # untyped instance
    # Faults of a section as a whole come before those of its items.
    for error in sorted(errors, key=lambda error: len(error.absolute_path)):
        for path, detail in islice(_said(error, whole), MOST + 1):
            section = str(path[0]) if path and path[0] in SECTION_NAMES else ""
            told[section] += (path, detail) not in found
            if told[section] <= MOST:
                found[path, detail] = None
            elif told[section] == MOST + 1:
                found[path[:1] if section else (), f"More is wrong; only the first {MOST} places are listed."] = None
    return found


def sections_in(found: list[ProblemError]) -> frozenset[SectionName]:
    """The sections that violations are about."""
    names = {one.pointer.split("/")[1] for one in found if "/" in one.pointer}
    return frozenset(name for name in SECTION_NAMES if name in names)


def pointer(path: Path) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _stripped(value: JsonValue) -> JsonValue:
    """Without blanks around its texts, and of a list only as many items as are looked at."""
    match value:
        case str():
            return value.strip()
        case list():
            return [_stripped(item) for item in value[:_LOOKED_AT]]
        case dict():
            return {name: _stripped(item) for name, item in value.items()}
        case _:
            return value


def _order(path: Path) -> list[tuple[int, str]]:
    """Sections in the document's order and others behind them, items by number, members by name."""
    first = [(SECTION_NAMES.index(part) if part in SECTION_NAMES else 99, str(part)) for part in path[:1]]
    return first + [(part, "") if isinstance(part, int) else (0, part) for part in path[1:]]


def _said(error: ValidationError, whole: Mapping[str, JsonValue]) -> Iterator[tuple[Path, str]]:
    path: Path = tuple(error.absolute_path)
    value: Any = error.instance
    bound: Any = error.validator_value
    what = _named(path)
    match error.validator:
        case "required":
            for name in (name for name in bound if name not in value):
                yield (*path, name), f"{_named((*path, name))} is missing."
        case "additionalProperties":
            known = cast(dict[str, Any], error.schema)["properties"]
            for name in (str(name) for name in value if name not in known):
                yield (*path, name), f"{what} has no member “{_cut(name)}”."
        case "type":
            yield path, f"{what} is {_kind(value)}; expected {_TYPES.get(bound, bound)}."
        case "enum":
            yield path, f"{what} is {_shown(value)}, which is not one of {', '.join(bound)}."
        case "minLength" if not value:
            yield path, f"{what} is empty."
        case "minLength" | "maxLength":
            side = "at least" if error.validator == "minLength" else "at most"
            yield path, f"{what} has {_count(len(value), 'character')}; {side} {bound} are asked for."
        case "minItems" | "maxItems":
            side = "at least" if error.validator == "minItems" else "at most"
            yield path, f"{what} has {_count(_length(whole, path), 'item')}; {side} {bound} are asked for."
        case _:
            yield path, f"{what} breaks {error.validator}."


def _length(whole: Mapping[str, JsonValue], path: Path) -> int:
    """Of a section that is a list; no others have a bound on their items."""
    value = whole[str(path[0])]
    return len(value) if isinstance(value, list) else 0


def _named(path: Path) -> str:
    """A place for a person: "Metric 3, cadence", "Strategy, item 2", "The vision"."""
    match path:
        case ():
            return "The framework"
        case (str() as section,):
            return "The vision" if section == "vision" else _cut(section.replace("_", " ").capitalize())
        case (("near_term_bets" | "metrics") as section, int() as number, *rest):
            return ", ".join([f"{_ITEMS[section]} {number + 1}", *map(str, rest)])
        case _:
            items = [f"item {part + 1}" if isinstance(part, int) else part for part in path[1:]]
            return ", ".join([str(path[0]).replace("_", " ").capitalize(), *items])


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "a number"


def _shown(value: object) -> str:
    return f"“{_cut(value)}”" if isinstance(value, str) else _kind(value)


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
