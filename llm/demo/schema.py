"""An instance of any JSON Schema, for calls that the demo model knows nothing about."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

_DEEPEST = 12


def instance(schema: Mapping[str, Any], phrases: Sequence[str]) -> Any:
    """A value that is valid by `schema`, with texts taken from `phrases` in turn.

    Knows types, enums, constants, references, combinations and bounds. Not known: patterns, conditions,
    `not`, and what only recursion without an end would satisfy.
    """
    return _Walk(schema, phrases or ("text",)).value(schema, 0)


class _Walk:
    def __init__(self, root: Mapping[str, Any], phrases: Sequence[str]) -> None:
        self._root = root
        self._phrases = phrases
        self._next = 0

    def value(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, Mapping):
            return self._phrase()
        schema = self._resolved(cast(Mapping[str, Any], schema))
        if "const" in schema:
            return schema["const"]
        if "default" in schema and depth:
            return schema["default"]
        if enum := schema.get("enum"):
            return enum[0]
        for key in ("anyOf", "oneOf"):
            if options := schema.get(key):
                rest = {name: value for name, value in schema.items() if name != key}
                first = self._resolved(options[-1] if depth >= _DEEPEST else options[0])
                return self.value({**rest, **first}, depth)
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        match _kind(schema.get("type")) or ("object" if "properties" in schema else "string"):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer":
                return int(_number(schema, 1))
            case "number":
                return _number(schema, 0)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._text(schema)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        required: Sequence[str] = schema.get("required", ())
        names = [name for name in properties if name in required or depth < _DEEPEST]
        return {name: self.value(properties.get(name, {}), depth + 1) for name in [*names, *_beside(required, names)]}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 1000))
        fixed: Sequence[Any] = schema.get("prefixItems", ())
        count = 0 if depth >= _DEEPEST else min(most, max(least, 2))
        items = [self.value(item, depth + 1) for item in fixed[:most]]
        return items + [self.value(schema.get("items", {}), depth + 1) for _ in range(max(count, least) - len(items))]

    def _text(self, schema: Mapping[str, Any]) -> str:
        known = {
            "date-time": "2030-01-01T09:00:00Z",
            "date": "2030-01-01",
            "time": "09:00:00Z",
            "uuid": "00000000-0000-4000-8000-000000000000",
            "email": "somebody@example.org",
            "uri": "https://example.org/",
        }
        if (text := known.get(schema.get("format", ""))) is not None:
            return text
        text = self._phrase()
        while len(text) < int(schema.get("minLength", 0)):
            text = f"{text} {self._phrase()}"
        return text[: int(schema.get("maxLength", 10_000))]

    def _phrase(self) -> str:
        self._next += 1
        return self._phrases[(self._next - 1) % len(self._phrases)]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            target: Any = self._root
            for part in re.split(r"/", reference.removeprefix("#").strip("/")):
                target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if part else target
            schema = {**{name: value for name, value in schema.items() if name != "$ref"}, **target}
        if parts := schema.get("allOf"):
            merged: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
            for part in map(self._resolved, parts):
                for name, value in part.items():
                    both = isinstance(value, dict) and isinstance(merged.get(name), dict)
                    merged[name] = {**merged[name], **value} if both else value
            return merged
        return schema


def _kind(type_: Any) -> str | None:
    """A schema's type; of several the first that says something."""
    several = cast(list[str], type_) if isinstance(type_, list) else []
    return next((one for one in several if one != "null"), "null") if several else cast(str | None, type_)


def _number(schema: Mapping[str, Any], whole: int) -> float:
    """Within its bounds, in the middle where both are given."""
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is not None and most is not None:
        value = (least + most) / 2
    elif least is not None:
        value = least + 1
    else:
        value = most - 1 if most is not None else 1
    step = schema.get("multipleOf") or whole
    return value if not step else -(-value // step) * step if most is None else value // step * step


def _beside(required: Sequence[str], names: Sequence[str]) -> list[str]:
    return [name for name in required if name not in names]
