"""`stepglass generate`: start a run and see it through."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from cli._client import Api, Pipeline
from cli._errors import BadInput
from cli._result import exported, save
from cli._session import see_through
from cli._terminal import Terminal


async def generate(
    api: Api,
    console: Terminal,
    *,
    source: str | None,
    example: str | None,
    pipeline: str,
    key: str | None = None,
    max_cost: float | None = None,
    on_invalid: str | None = None,
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Start `pipeline` on a file, the standard input (`-`) or an example; gives the exit code."""
    document = await the_input(api, pipeline, source, example)
    if on_invalid is not None:
        document = {**document, "on_invalid": on_invalid}
    run_id = await api.start(pipeline, document, key, max_cost=max_cost)
    code, watched = await see_through(api, run_id, console, json=json)
    if code == 0 and console.is_terminal and not json and output is None:
        console.print("Keep it:  stepglass export last --output one-pager.md", style="dim")
    if output is not None and code == 0 and watched is not None:
        await asyncio.to_thread(save, output, exported(watched.result, markdown=output.suffix == ".md"))
    return code


async def the_input(api: Api, pipeline: str, source: str | None, example: str | None) -> dict[str, Any]:
    """Raises `BadInput` unless exactly one of the two is given and holds a JSON object."""
    if (source is None) == (example is None):
        raise BadInput("Give a file with the input, `-` for the standard input, or `--example NAME`.")
    if example is not None:
        return the_example(await api.pipelines(), pipeline, example)
    return parsed(read(cast(str, source)), cast(str, source))


def the_example(pipelines: Sequence[Pipeline], pipeline: str, name: str) -> dict[str, Any]:
    found = next((each for each in pipelines if each.name == pipeline), None)
    if found is None:
        raise BadInput(f"There is no pipeline {pipeline!r}; there is {', '.join(each.name for each in pipelines)}.")
    for each in found.examples:
        if each.name == name:
            return each.input
    names = ", ".join(each.name for each in found.examples) or "none"
    raise BadInput(f"{pipeline} has no example {name!r}; there is {names}.")


def read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(f"{source} cannot be read: {why}.") from None


def parsed(text: str, source: str) -> dict[str, Any]:
    name = "the standard input" if source == "-" else source
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{name} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{name} holds no JSON object but a {type(found).__name__}.")
    return cast("dict[str, Any]", found)
