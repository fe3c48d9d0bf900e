"""Writes the event contract for others: its JSON Schema, and web/src/core/contract.ts made from that.

With `--check` nothing is written: see `_files.publish`.
"""

import json
import subprocess
from typing import Any, cast

from _files import ROOT, publish
from _modules import node_modules
from _node import node
from schema import SCHEMA, Json, as_text, wire_schema

TYPES = ROOT / "web" / "src" / "core" / "contract.ts"
BANNER = "/** Generated from events/contract.py and events/frames.py by `make contract`; do not edit. */"


def main() -> None:
    schema = wire_schema()
    publish({SCHEMA: as_text(schema), TYPES: typescript(schema)})
    run_tool("typescript/bin/tsc", "--noEmit", "--strict", str(TYPES))


def typescript(schema: Json) -> str:
    """The types as TypeScript, through json-schema-to-typescript."""
    return run_tool(
        "json-schema-to-typescript/dist/src/cli.js",
        f"--bannerComment={BANNER}",
        "--additionalProperties=false",
        "--unknownAny",
        "--style.printWidth=120",
        stdin=json.dumps(for_typescript(schema)),
    )


def run_tool(script: str, *arguments: str, stdin: str = "") -> str:
    """What a tool of web/node_modules prints; ends the program with its complaint when it fails."""
    command = [node(), str(node_modules() / script), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def for_typescript(schema: Any) -> Any:
    """The same schema in the words that the generator knows: `items` for a tuple, `extends` for one base."""
    if isinstance(schema, list):
        return [for_typescript(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    found: Json = {}
    for key, value in cast("Json", schema).items():
        if key == "prefixItems":
            found["items"] = for_typescript(value)
        elif key == "allOf":
            found["extends"] = for_typescript(value[0])
        else:
            found[key] = for_typescript(value)
    return found


if __name__ == "__main__":
    main()
