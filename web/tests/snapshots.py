"""Writes what Python's fold makes of the transcripts at some positions, for TypeScript's fold to be compared with.

Long texts are cut to their ends and their length, results to their members: enough to see a difference by. With
`--check` nothing is written, and a file that is not up to date is an error.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from pydantic import JsonValue

WEB = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(WEB.parent), str(WEB.parent / "scripts")]

from _files import publish  # noqa: E402

from events.fold import fold, opening  # noqa: E402
from events.log import Entry  # noqa: E402
from events.snapshot import snapshot  # noqa: E402

EVERY = 211
LONGEST = 24


class Recorded:
    """A log that is a list. What a transcript has merged is one entry, at the last `seq` that it covers."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        return [entry for entry in self.entries if entry.seq > after][:limit]


def main() -> None:
    recorded = sorted((WEB / "transcripts").glob("*.jsonl"))
    publish({WEB / "tests" / "snapshots" / path.name: asyncio.run(shots(path.read_text())) for path in recorded})


async def shots(transcript: str) -> str:
    entries = [entry_of(json.loads(line)) for line in transcript.splitlines()]
    view, lines = opening(str(entries[0].run_id)), list[str]()
    for number, entry in enumerate(entries):
        # A text moves the cursor too; to say so of each one would be slow where nobody asks.
        view = fold(view, entry)
        if number % EVERY == 0 or entry.type.startswith(("step_", "run_", "input_", "cancel")) or entry.final:
            shot = await snapshot(cast(Any, Recorded(entries[: number + 1])), view)
            lines.append(json.dumps({"at": number + 1, "run": short(shot)}, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def entry_of(line: dict[str, Any]) -> Entry:
    envelope = {name: value for name, value in line.items() if name not in ("v", "run_id", "seq")}
    return Entry(UUID(line["run_id"]), line["seq"], line["type"], json.dumps(envelope).encode())


def short(value: JsonValue, name: str = "") -> JsonValue:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:8]}…{value[-8:]} {len(value)}"
    if isinstance(value, list):
        return [short(item) for item in value]
    if isinstance(value, dict):
        # Where something stands in the log is for the server to know.
        kept = {key: item for key, item in value.items() if not (key.endswith("_seq") and key != "tail_seq")}
        return sorted(kept) if name == "result" else {key: short(item, key) for key, item in kept.items()}
    return value


if __name__ == "__main__":
    main()
