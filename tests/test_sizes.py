"""A file is one noun: at most 400 lines. The list of files above that is empty, and stays so."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIMIT = 400
EXCEPTIONS: set[str] = set()
ROOMS = ("events", "llm", "steps", "flows", "api", "observe", "cli", "scripts")
FILES = [path for where in ("*.py", *(f"{room}/**/*.py" for room in ROOMS)) for path in sorted(ROOT.glob(where))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LIMIT or str(path.relative_to(ROOT)) in EXCEPTIONS, f"{lines} lines: which two nouns are in it?"


def test_there_is_something_to_measure() -> None:
    assert len(FILES) > 50
