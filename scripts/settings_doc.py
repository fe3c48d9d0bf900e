"""Writes docs/settings.md from settings.py; with `--check` only compares."""

from pathlib import Path
from typing import Any

from _files import ROOT, publish
from pydantic.fields import FieldInfo

from settings import Settings

HEAD = """# Settings

Every setting is an environment variable. All of them are optional: `make run` needs none.
This file is made from `settings.py` by `make contract`.

| variable | default | meaning |
| --- | --- | --- |
"""
# Read by the options of the commands, not by `Settings`: whoever only watches needs none of the others.
TAIL = """
For the commands that talk to the API (`stepglass generate`, `watch`, `runs` …):

| variable | default | meaning |
| --- | --- | --- |
| `STEPGLASS_URL` | `http://127.0.0.1:8000` | Where the API is; the default's port is `STEPGLASS_PORT`. Or `--url`. |
| `STEPGLASS_TOKEN` |  | Bearer token, where the API wants one. Or `--token`. |
| `STEPGLASS_ALLOW_PLAINTEXT` | `False` | 1: send the token to an `http://` API on another machine, too. |
"""


def main() -> None:
    rows = "".join(row(field) for field in Settings.model_fields.values())
    publish({ROOT / "docs" / "settings.md": HEAD + rows + TAIL})


def row(field: FieldInfo) -> str:
    meaning = f"{field.description}{bounds(field)}".replace("|", "\\|")
    return f"| `{field.validation_alias}` | {default(field)} | {meaning} |\n"


def default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"


def bounds(field: FieldInfo) -> str:
    """What a number may be, where there is a limit to it; nothing for anything else."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    limits = [
        (word, getattr(rule, name)) for rule in field.metadata for name, word in words.items() if hasattr(rule, name)
    ]
    return f" {', '.join(f'{word} {limit:g}' for word, limit in limits).capitalize()}." if limits else ""


if __name__ == "__main__":
    main()
