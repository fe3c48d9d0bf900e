"""The arrows between the rooms, drawn from the imports and compared with the picture in the architecture.

          start                                  ask
web ──────────────► api        flows ──► steps ───────► llm
 ▲                   │           │         │
 │  server-sent      │ append,   │ append  │ append
 │  events           ▼ read      ▼         ▼
 └────────────────  e v e n t s   (append-only, one log per run)
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("events", "llm", "steps", "flows", "api", "observe", "cli")
SHARED = ("settings", "logs", "bearer", "hosts")
ALLOWED: dict[str, set[str]] = {
    "events": set(),
    "llm": {"bearer", "hosts"},
    "steps": {"events", "llm"},
    "flows": {"steps", "events", "llm", "observe", "settings", "hosts"},
    "api": {"events", "flows.catalogue", "observe", "settings", "logs", "bearer", "hosts"},
    "observe": {"events", "llm", "bearer", "hosts"},
    "cli": {*ROOMS, *SHARED},
    "settings": {"bearer", "hosts"},
    "logs": {"events.text"},
    "bearer": set(),
    "hosts": set(),
}
# Only to be run, not imported by others: a process of its own may do what its room must not.
PROCESSES = {"llm/demo/__main__.py": {"logs", "settings"}}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of every import in a file, those inside functions too; of a package, what is taken from it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides the arrow"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module in ROOMS else [module]
            yield from ((node.lineno, name) for name in names)


def ours(module: str) -> bool:
    return module.partition(".")[0] in (*ROOMS, *SHARED)


def files_of(room: str) -> list[Path]:
    return [ROOT / f"{room}.py"] if room in SHARED else sorted((ROOT / room).rglob("*.py"))


def is_allowed(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_its_arrows_allow(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files_of(room)
        for line, module in imports(path)
        if ours(module)
        and not is_allowed(module, {room} | ALLOWED[room] | PROCESSES.get(str(path.relative_to(ROOT)), set()))
    ]
    assert wrong == []


def test_every_room_exists_and_every_arrow_is_used() -> None:
    used = {
        (room, module.partition(".")[0]) for room in ROOMS for path in files_of(room) for _, module in imports(path)
    }
    arrows = {(room, name.partition(".")[0]) for room in ROOMS for name in ALLOWED[room] if room != "cli"}
    assert arrows <= used


@pytest.mark.parametrize("module", ["api.app", "cli.main", "cli.up", "flows.catalogue"])
def test_what_must_be_quick_or_alone_does_not_load_prefect(module: str) -> None:
    code = f"import sys, {module}; print(any(name.partition('.')[0] == 'prefect' for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("def f():\n    from flows import process\n    import flows.catalogue\n")
    found = list(imports(file))
    assert found == [(2, "flows.process"), (3, "flows.catalogue")]
    assert [is_allowed(module, ALLOWED["api"]) for _, module in found] == [False, True]
