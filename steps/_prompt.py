"""From a Markdown file and a step's values to what is said to the model.

A prompt is `<folder>/prompts/<name>.md`: a title, a part under `## System` and one under `## User`. `{{ name }}` is
where a value goes. This is code of ours and not a template language: a prompt wants no logic, only that what people
wrote is fenced off, that a forgotten or misspelt field is an error, and that a value is never read as a template.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from steps._place import used_prompt

_PLACE = re.compile(r"\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}")
_PARTS = re.compile(
    r"\A\s*(?P<title># [^\n]+)\n(?P<lead>.*?)^## System\s*$(?P<system>.*?)^## User\s*$(?P<user>.*)\Z", re.M | re.S
)
# What could end a fence, or be taken for one, however it is spelt: "</answer>", "< / DATA x". And what would be
# taken for the result of escaping one.
_FENCE = re.compile(r"<(?=[\s/]*(?:answer|data)\b)", re.I)
_ESCAPED = re.compile(r"&(?=(?:amp|lt);)")


class PromptError(ValueError):
    """A prompt file that is not one, or fields that do not fit it. A mistake of ours, never of the input."""


class Fixed(str):
    """Words of our own, that go into a prompt as they are. Anything else is fenced."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said to the model."""

    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt before its values. `fields` are the names that it wants, all of them."""

    name: str
    system: str
    user: str

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(_PLACE.findall(self.system + self.user))

    @property
    def digest(self) -> str:
        """Changes with every word of it."""
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()

    def fill(self, fields: Mapping[str, object]) -> Prompt:
        """Raises `PromptError` for a field that is missing, and for one that the prompt has no place for."""
        missing, extra = sorted(self.fields - set(fields)), sorted(set(fields) - self.fields)
        if missing:
            raise PromptError(f"Prompt {self.name!r} also wants {', '.join(missing)}: it was given {sorted(fields)}.")
        if extra:
            raise PromptError(
                f"Prompt {self.name!r} has no place for {', '.join(extra)}: it wants {sorted(self.fields)}."
            )
        said = {name: render(name, value) for name, value in fields.items()}

        def put(text: str) -> str:
            return _PLACE.sub(lambda place: said[place[1]], text)

        return Prompt(system=put(self.system), user=put(self.user))


_known: dict[str, Template] = {}
"""Every prompt that was read, by folder and name."""


def load(folder: Path, name: str, /, **fields: object) -> Prompt:
    """The prompt `<folder>/prompts/<name>.md` with its fields filled in (see `render`). Raises `PromptError`.

    The attempt that asks for it remembers which it was.
    """
    templates = read(folder)
    if name not in templates:
        raise PromptError(f"No prompt {name!r}: there are {', '.join(sorted(templates))}.")
    used_prompt(f"{folder.name}/{name}", templates[name].digest)
    return templates[name].fill(fields)


@cache
def read(folder: Path) -> Mapping[str, Template]:
    """Every prompt of a folder, read once: call it while importing, so that no step waits for the disk."""
    found = {file.stem: _parse(file.stem, file.read_text("utf-8")) for file in (folder / "prompts").glob("*.md")}
    _known.update({f"{folder.name}/{name}": template for name, template in found.items()})
    return found


def digest_of(name: str) -> str | None:
    """The digest of the prompt `folder/name` as it is now; None where there is no such prompt."""
    return _known[name].digest if name in _known else None


def render(name: str, value: object) -> str:
    """A value as a prompt shows it: `Fixed` as it is, text fenced, everything else as fenced JSON."""
    if isinstance(value, Fixed):
        return str(value)
    if isinstance(value, str):
        return fence("data", value, name=name)
    plain: Any = TypeAdapter(object).dump_python(value, mode="json")
    return fence("data", json.dumps(plain, ensure_ascii=False, indent=2), name=name)


def fence(tag: str, text: str, **attributes: str) -> Fixed:
    """Text between `<tag …>` and `</tag>`, with whatever could end the fence early escaped inside."""
    said = "".join(f' {key}="{value}"' for key, value in attributes.items())
    inside = _FENCE.sub("&lt;", _ESCAPED.sub("&amp;", text))
    return Fixed(f"<{tag}{said}>\n{inside}\n</{tag}>")


def _parse(name: str, text: str) -> Template:
    parts = _PARTS.match(text)
    if parts is None:
        raise PromptError(f"Prompt {name!r}: expected a title, then '## System', then '## User', each on its own line.")
    template = Template(name, f"{parts['title']}\n\n{parts['system'].strip()}", parts["user"].strip())
    rest = _PLACE.sub("", template.system + template.user)
    if stray := re.search(r"\{\{.{0,30}|.{0,30}\}\}", rest):
        raise PromptError(f"Prompt {name!r}: {stray[0]!r} is not a field; a field is written {{{{ name }}}}.")
    return template
