"""Installs what a lock file says into .venv, and does nothing at all when that is there already.

Runs on the system's Python, before anything is installed: the standard library only.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock", "bench": "requirements-bench.lock"}
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PIP = [str(BIN / "python"), "-m", "pip", "--no-input", "--disable-pip-version-check"]


def main(kind: str) -> None:
    lock = ROOT / LOCKS[kind]
    # Each holds all of those before it, so `make test` before `make run` installs nothing twice.
    kinds = list(LOCKS)
    if any(fingerprint(ROOT / LOCKS[each]) in stamps(each) for each in kinds[kinds.index(kind) :]):
        return
    started = time.monotonic()
    make_venv()
    install_locked(lock)
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    stamp(kind).write_text(fingerprint(lock))
    say(f"Installed in {time.monotonic() - started:.0f} s.\n")


def fingerprint(lock: Path) -> str:
    """Changes when the versions, the project's own metadata, the Python or the folder do."""
    parts = [lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def stamps(*kinds: str) -> list[str]:
    return [stamp(kind).read_text() for kind in kinds if stamp(kind).exists()]


def make_venv() -> None:
    """A .venv of another Python or of a folder that was moved is made anew: its scripts point elsewhere."""
    home = VENV / ".made-for"
    made_for = f"{ROOT} {sys.version}"
    if home.exists() and home.read_text() == made_for and (BIN / "python").exists():
        return
    say(f"Making .venv with Python {sys.version.split()[0]} …")
    if home.exists():
        shutil.rmtree(VENV)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if done.returncode:
        fail("Python could not make .venv. On Debian and Ubuntu: apt install python3-venv\n", done.stdout + done.stderr)
    home.write_text(made_for)


def install_locked(lock: Path) -> None:
    """`pip install`, told in one line: the packages it has come to, of how many."""
    total = len(re.findall(r"^[a-z0-9].*==", lock.read_text(), re.MULTILINE | re.IGNORECASE))
    # The lock file names all of them. Left to look for what each needs, pip holds on to an installed version of what is
    # needed with extras, and then finds that it is not the one that is locked.
    command = [*PIP, "install", "--require-hashes", "--no-deps", "--progress-bar", "off", "--requirement", str(lock)]
    output: list[str] = []
    seen = 0
    say(f"Installing {total} packages from {lock.name} …")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if named := re.match(r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)", line):
                seen += 1
                say(f"Fetching {seen} of {total}: {named[1]}", every=20, count=seen)
            elif line.startswith("Installing collected packages"):
                say(f"Unpacking {total} packages …")
    if process.returncode:
        fail(f"pip could not install {lock.name}. Its last words:\n", "".join(output[-15:]))


def pip(*arguments: str) -> None:
    done = subprocess.run([*PIP, *arguments], capture_output=True, text=True)
    if done.returncode:
        fail(f"pip {' '.join(arguments)} failed:\n", done.stdout + done.stderr)


def say(text: str, *, every: int = 1, count: int = 0) -> None:
    """One line that changes, in a terminal; elsewhere a line of its own now and then."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{text}")
    elif count % every == 0:
        sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def fail(what: str, details: str) -> NoReturn:
    sys.stdout.flush()
    raise SystemExit(f"\n{what}{details}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "run")
