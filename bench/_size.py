"""What a page that embeds the modal loads for it, compressed."""

import asyncio
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

from bench._figures import Figure
from tests.e2e.stack import ROOT

CONFIG = "tests/components/embedded.config.ts"


async def size() -> Figure:
    """The modal, its core and its style, without React, in KB of 1,000 bytes."""
    with tempfile.TemporaryDirectory(prefix="stepglass-bench-") as folder:
        return Figure("modal and core, gzipped", "KB", 60, values=[await asyncio.to_thread(built, Path(folder)) / 1000])


def built(folder: Path) -> int:
    npm = [sys.executable, str(ROOT / "scripts" / "npm.py")]
    command = [*npm, "run", "build", "--", "--config", CONFIG, "--outDir", str(folder), "--emptyOutDir"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The modal could not be built:\n{done.stdout}{done.stderr}")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(len(gzip.compress(path.read_bytes(), compresslevel=6)) for path in files)
