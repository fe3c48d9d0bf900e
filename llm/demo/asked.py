"""What a request asks for: reads a prompt back into its title, the founder's answers and the other data in it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

_OPENING = re.compile(r"<(?P<tag>answer|data) (?:field|name)=\"(?P<name>[\w.-]+)\">")
_MOST_SCHEMAS = 8
_SECTION = re.compile(r"\bsection(?: to rewrite)? is `(?P<name>[a-z_]+)`", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's messages, taken apart. `schema` is the shape that the answer must have, if one was asked for."""

    title: str
    system: str
    user: str
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    section: str = ""
    schema: Mapping[str, Any] | None = None
    wants_json: bool = False

    def json(self, name: str) -> Any:
        """A piece of data as JSON; None when it is not there or is not JSON."""
        try:
            return json.loads(self.data[name])
        except (KeyError, ValueError):
            return None

    def value(self, name: str) -> Any:
        """A piece of data as JSON, or as the text that it is."""
        found = self.json(name)
        return self.data.get(name) if found is None else found

    @property
    def properties(self) -> Mapping[str, Any]:
        """The members that the schema asks for."""
        return cast(Mapping[str, Any], (self.schema or {}).get("properties", {}))


def read(messages: Sequence[Mapping[str, Any]], response_format: Mapping[str, Any] | None) -> Asked:
    """Messages in the form of Chat Completions; texts in several parts are joined."""
    by_role: dict[str, list[str]] = {"system": [], "user": []}
    for message in messages:
        role = "system" if message.get("role") in ("system", "developer") else "user"
        by_role[role].append(text_of(message.get("content")))
    system, user = "\n\n".join(by_role["system"]), "\n\n".join(by_role["user"])
    fenced, outside = _taken_apart(user)
    section = _SECTION.search(outside)
    wanted = (response_format or {}).get("type")
    title = re.search(r"^# (.+)$", system, re.M)
    return Asked(
        title=title[1].strip() if title else "",
        system=system,
        user=user,
        answers=fenced["answer"],
        data=fenced["data"],
        section=section["name"] if section else "",
        schema=_schema(response_format) or (_schema_in(system) if wanted == "json_object" else None),
        wants_json=wanted in ("json_object", "json_schema"),
    )


def text_of(content: Any) -> str:
    """A message's content, which may be a text or a list of parts."""
    if isinstance(content, str):
        return content
    parts = cast(list[Any], content) if isinstance(content, list) else []
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # JSON


def _taken_apart(text: str) -> tuple[dict[str, dict[str, str]], str]:
    """The texts in fences, by tag and name, and the text outside of them."""
    fenced: dict[str, dict[str, str]] = {"answer": {}, "data": {}}
    outside: list[str] = []
    start = 0
    while opening := _OPENING.search(text, start):
        closing = f"</{opening['tag']}>"
        end = text.find(closing, opening.end())
        if end < 0:
            break
        inside = text[opening.end() : end].removeprefix("\n").removesuffix("\n")
        fenced[opening["tag"]][opening["name"]] = _unescaped(inside)
        outside.append(text[start : opening.start()])
        start = end + len(closing)
    return fenced, "".join([*outside, text[start:]])


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&amp;", "&")


def _schema(response_format: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if (response_format or {}).get("type") != "json_schema":
        return None
    return (response_format or {}).get("json_schema", {}).get("schema")


def _schema_in(text: str) -> Mapping[str, Any] | None:
    """A JSON Schema that stands in the prompt, as it does where a server takes none."""
    for brace in islice(re.finditer(r"^\{", text, re.M), _MOST_SCHEMAS):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, brace.start())
        except ValueError:
            continue
        if isinstance(found, dict) and "properties" in found:
            return cast(dict[str, Any], found)
    return None
