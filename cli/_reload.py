"""Notices that our code has changed, by looking at the times of its files."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("events", "llm", "steps", "flows", "api", "observe")
KINDS = ("*.py", "*.md", "*.toml", "*.json")
LOOK = 0.5


async def changes(root: Path = ROOT, look: float = LOOK) -> AsyncGenerator[list[Path]]:
    """Gives the files that changed since the last time, whenever some did and half a second was quiet after it."""
    known = await asyncio.to_thread(times, root)
    while True:
        await asyncio.sleep(look)
        now = await asyncio.to_thread(times, root)
        if now == known:
            continue
        await asyncio.sleep(look)
        while (later := await asyncio.to_thread(times, root)) != now:
            now = later
            await asyncio.sleep(look)
        yield sorted(path for path in known.keys() | now.keys() if known.get(path) != now.get(path))
        known = now


def times(root: Path) -> dict[Path, int]:
    """When each file of our code was changed last, in ns."""
    found: dict[Path, int] = {}
    for path in (*root.glob("*.py"), *(path for room in ROOMS for kind in KINDS for path in (root / room).rglob(kind))):
        try:
            found[path] = path.stat().st_mtime_ns
        except FileNotFoundError:
            continue  # An editor that replaces files does it in two moves.
    return found
