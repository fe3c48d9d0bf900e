"""web/node_modules as web/package-lock.json wants it, installed when it is not."""

import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from _alone import alone
from _install import say
from _node import WEB, environment, npm

Package = dict[str, Any]
CPUS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
# Not `npm ci`, which gives up where a registry does not have an optional package of some other system. Like it, this
# takes the versions of the lock, checks their hashes, and leaves the lock alone.
INSTALL = ("install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")


def node_modules() -> Path:
    """The folder, complete. Raises SystemExit with the reason where it cannot be had."""
    modules = WEB / "node_modules"
    if missing(modules):
        with alone(WEB / "dist" / ".installing"):
            if missing(modules):
                ask_the_registry()
                say("Installing what the page needs (about 20 s) …")
                done = run(*INSTALL)
                if done.returncode:
                    raise SystemExit(f"npm could not install what web/package-lock.json lists:\n{last_words(done)}")
        if left_out := missing(modules):
            raise SystemExit(f"npm left out what this machine needs: {', '.join(left_out)}. Is the registry complete?")
    return modules


def missing(modules: Path) -> list[str]:
    """What the lock lists for this machine and is not there in that version."""
    wanted, found = packages(WEB / "package-lock.json"), packages(modules / ".package-lock.json")
    return [path for path, each in wanted.items() if needed(each) and version(found.get(path)) != version(each)]


def packages(listing: Path) -> dict[str, Package]:
    """The packages in a lock, by their paths. npm writes the one in node_modules last of all."""
    if not listing.exists():
        return {}
    found: dict[str, Package] = json.loads(listing.read_text(encoding="utf-8"))["packages"]
    return {path: package for path, package in found.items() if path}


def needed(package: Package) -> bool:
    """Optional packages are the native parts of others: of these, the ones for this system."""
    if not package.get("optional"):
        return True
    cpu = CPUS.get(platform.machine().lower(), platform.machine().lower())
    libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    return (
        sys.platform in package.get("os", ())
        and cpu in package.get("cpu", (cpu,))
        and libc in package.get("libc", (libc,))
    )


def version(package: Package | None) -> str | None:
    return package["version"] if package else None


def ask_the_registry() -> None:
    """Raises SystemExit when it cannot be reached, which `npm install` finds out after ten minutes."""
    some = packages(WEB / "package-lock.json")["node_modules/vite"]["version"]
    done = run(
        "view", f"vite@{some}", "version", "--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=15000"
    )
    if done.returncode:
        raise SystemExit(f"The npm registry did not give what the page is made with:\n{last_words(done)}")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([npm(), *arguments], cwd=WEB, env=environment(), capture_output=True, text=True)


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """What a command complained of, without npm's own colours, advice and paths of logs."""
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    lines = [line for line in said.splitlines() if line.strip() and not re.search("npm warn|A complete log", line)]
    return "\n".join(f"  {line}" for line in lines[-12:])
