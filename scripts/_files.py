"""Generated files: written, or with `--check` compared with what is there."""

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def publish(files: Mapping[Path, str]) -> None:
    """Write each text to its file; with `--check` on the command line exit with 1 and the difference instead."""
    stale = {path: text for path, text in files.items() if read(path) != text}
    if "--check" not in sys.argv[1:]:
        for path, text in stale.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"Wrote {path.relative_to(ROOT)}\n")
        return
    for path, text in stale.items():
        sys.stderr.writelines(difference(path, text))
    if stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        raise SystemExit(f"\nNot up to date: {names}. Run `make contract` and commit what it writes.")


def difference(path: Path, text: str) -> list[str]:
    """A unified diff from the file as it is to the file as it should be."""
    name = str(path.relative_to(ROOT))
    return list(
        difflib.unified_diff(
            read(path).splitlines(keepends=True), text.splitlines(keepends=True), name, f"{name} (as it should be)"
        )
    )


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
