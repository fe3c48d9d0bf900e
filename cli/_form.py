"""A question as text for an editor, and back: YAML with what is there now, and the schema's words as comments."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, cast

import yaml

from cli._errors import BadInput
from events.text import visible

Schema = Mapping[str, Any]
EMPTY: dict[str, Any] = {"object": {}, "array": [], "boolean": False, "string": ""}
WIDTH = 100
WRONG = "#!"


@dataclass(frozen=True, slots=True)
class Form:
    """One of the forms that an answer may have: `fixed` is what it always holds, `schema` what is left to be written,
    None where nothing is. `under` is the member that what is written becomes, if it is not the answer itself; `bare`
    says that the one member of what is written is the answer."""

    title: str
    about: str
    fixed: dict[str, Any]
    schema: Schema | None
    under: str | None = None
    bare: bool = False

    def answer(self, written: Any) -> Any:
        if self.schema is None:
            return self.fixed
        if self.bare:
            return written.get("value")
        return {**self.fixed, self.under: written} if self.under else {**self.fixed, **written}


def forms_of(schema: Schema) -> list[Form]:
    """The forms that a question's schema allows; one where there is nothing to choose."""
    members = schema.get("oneOf") or schema.get("anyOf") or [schema]
    if not all(each.get("type") == "object" for each in members):
        alone = {"type": "object", "properties": {"value": schema}}
        return [Form(str(schema.get("title", "Answer")), "", {}, alone, bare=True)]
    return [_form(each) for each in cast("list[Schema]", members)]


def _form(schema: Schema) -> Form:
    properties: dict[str, Any] = schema.get("properties", {})
    fixed = {name: each["const"] for name, each in properties.items() if "const" in each}
    left = {name: each for name, each in properties.items() if name not in fixed}
    title = str(schema.get("title") or ", ".join(map(str, fixed.values())) or "Answer")
    about, only = str(schema.get("description", "")), next(iter(left), "")
    if len(left) == 1 and left[only].get("type") == "object":
        return Form(title, about, fixed, left[only], only)
    return Form(title, about, fixed, {**schema, "properties": left} if left else None)


def text_of(form: Form, prompt: str) -> str:
    """The form to be filled in, with what the schema says is there now."""
    lines = [*_said(prompt), "#", "# Lines that begin with # are left out. Save, and close the editor."]
    properties: dict[str, Any] = (form.schema or {}).get("properties", {})
    for name, schema in properties.items():
        words = [str(schema.get("title", name)), str(schema.get("description", ""))]
        lines += ["", *_said(": ".join(word for word in words if word)), *_said("\n".join(_allowed(schema)))]
        present = {name: _present(schema)}
        lines.append(yaml.dump(present, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH))
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def marked(text: str, wrong: str) -> str:
    """What somebody has written, with what is wrong with it at its head."""
    rest = [line for line in text.splitlines() if not line.startswith(WRONG)]
    return "\n".join([*(f"{WRONG} {line.strip()}" for line in wrong.splitlines()), *rest]) + "\n"


def read(form: Form, text: str) -> Any:
    """What was written, in the types of the schema. Raises `BadInput` for what is no YAML, or nothing."""
    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)  # makes nothing but texts, lists and mappings
    except yaml.YAMLError as error:
        raise BadInput(f"It cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise BadInput("There is nothing in it.")
    return _typed(form.schema or {}, found)


def _typed(schema: Schema, value: Any) -> Any:
    """Texts as what the schema wants, where they can be; whether that will do is for the API to say."""
    match schema.get("type"), value:
        case "object", dict():
            known: dict[str, Any] = schema.get("properties", {})
            members = cast("dict[str, Any]", value)
            return {name: _typed(known.get(name, {}), each) for name, each in members.items()}
        case "array", list():
            return [_typed(schema.get("items", {}), each) for each in cast("list[Any]", value)]
        case "array", "":
            return []
        case "integer" | "number", str():
            try:
                return int(value) if schema["type"] == "integer" else float(value)
            except ValueError:
                return value
        case "boolean", "true" | "false":
            return value == "true"
        case _:
            return value


def _present(schema: Schema) -> Any:
    if "default" in schema:
        return schema["default"]
    return EMPTY.get(str(schema.get("type", "string")), "")


def _allowed(schema: Schema, at: str = "") -> Iterator[str]:
    """What a value may be, where it is one of a few."""
    if "enum" in schema:
        yield f"{at or 'It'} is one of {', '.join(map(str, schema['enum']))}."
    for name, each in cast("Schema", schema.get("properties", {})).items():
        yield from _allowed(each, name)
    if "items" in schema:
        yield from _allowed(schema["items"], at)


def _said(text: str) -> list[str]:
    # YAML knows no control characters, not even in a comment.
    lines = (line for each in visible(text).splitlines() for line in wrap(each, WIDTH - 2) or [""])
    return [f"# {line}".rstrip() for line in lines]


class _Dumper(yaml.SafeDumper):
    """Long texts in folded lines of their own, as people read them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # pyright: ignore[reportUnknownMemberType]


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if len(text) <= WIDTH - 20 else "|" if "\n" in text else ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)  # pyright: ignore[reportUnknownMemberType]


_Dumper.add_representer(str, _text)
