"""Known advisories about the packages in our lock files, from the databases that pip-audit and npm ask.

A source must also report a package that is known to be vulnerable. Otherwise a mirror that has no advisories would look
like one that found none: pip-audit skips every package that it gets a 404 for, and exits with 0.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _alone import alone
from _install import ROOT, VENV, pip, say
from _node import WEB, environment, npm

LOCK = ROOT / "requirements-audit.lock"
TOOL = VENV / "audit"
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)", re.MULTILINE)
# Old releases with well-known advisories: CVE-2020-7471 and many more; CVE-2020-11022. We use neither package.
KNOWN_BAD = {"PyPI": ("django", "2.2"), "npm": ("jquery", "3.4.1")}
TIMEOUT_SECONDS = 15


@dataclass(frozen=True, slots=True, order=True)
class Advisory:
    """`ids` are all names of the same advisory: PYSEC, GHSA, CVE."""

    source: str
    package: str
    ids: tuple[str, ...]
    summary: str


class NoAnswer(Exception):
    """A source that cannot be reached, or whose answer cannot be trusted. The message says why."""


def of_python() -> tuple[int, list[Advisory]]:
    """How many packages of all our locks PyPI was asked about, and its advisories. Raises `NoAnswer`."""
    known_bad = KNOWN_BAD["PyPI"]
    if not ask_pypi([known_bad]):
        raise NoAnswer(f"It reports nothing about {'=='.join(known_bad)}, so it has no advisories.")
    packages = locked()
    return len(packages), [advisory for each in one_of_each(packages) for advisory in ask_pypi(each)]


def locked() -> list[tuple[str, str]]:
    """Names and versions in all locks, whichever system or Python they are for."""
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("requirements*.lock")]
    return sorted({(name, version) for text in texts for name, version in PINNED.findall(text)})


def one_of_each(packages: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The same in lists that name no package twice: pip-audit refuses two versions of one."""
    lists: list[dict[str, str]] = []
    for name, version in packages:
        free = next((each for each in lists if name not in each), None)
        if free is None:
            lists.append(free := {})
        free[name] = version
    return [list(each.items()) for each in lists]


def ask_pypi(packages: list[tuple[str, str]]) -> list[Advisory]:
    """One call of pip-audit on names and versions alone: nothing is installed, so no hash is needed."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.writelines(f"{name}=={version}\n" for name, version in packages)
        listed.flush()
        options = ("--no-deps", "--disable-pip", "--format=json", "--aliases=on", "--desc=on")
        quiet = ("--progress-spinner=off", f"--timeout={TIMEOUT_SECONDS}")
        command = [pip_audit(), "--requirement", listed.name, *options, *quiet]
        done = subprocess.run(command, capture_output=True, text=True)
    # It exits with 1 for an advisory as well as for an error, which alone leaves no report.
    report = parsed(done, "dependencies")
    if skipped := [each["skip_reason"] for each in report if "skip_reason" in each]:
        raise NoAnswer(f"{skipped[0]}{f', and {len(skipped) - 1} more' if skipped[1:] else ''}.")
    if len(report) != len(packages):
        raise NoAnswer(f"pip-audit was asked about {len(packages)} packages and reports on {len(report)}.")
    return [of_release(each, one) for each in report for one in each["vulns"]]


def of_release(release: dict[str, Any], vuln: dict[str, Any]) -> Advisory:
    fixed = f", fixed in {' or '.join(vuln['fix_versions'])}" if vuln["fix_versions"] else ", not fixed yet"
    return Advisory(
        "PyPI", f"{release['name']} {release['version']}{fixed}", (vuln["id"], *vuln["aliases"]), vuln["description"]
    )


def of_npm() -> tuple[int, list[Advisory]]:
    """How many packages of web/package-lock.json npm was asked about, and its advisories. Raises `NoAnswer`."""
    known_bad, version = KNOWN_BAD["npm"]
    lock: dict[str, Any] = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    project = lock["packages"][""]
    project["dependencies"] = {**project.get("dependencies", {}), known_bad: version}
    lock["packages"][f"node_modules/{known_bad}"] = {"version": version}
    vulnerable = ask_npm(project, lock)
    if not vulnerable.pop(known_bad, None):
        raise NoAnswer(f"It reports nothing about {known_bad}@{version}, so it has no advisories.")
    # A package that is only vulnerable through another one names it, and that one has an entry of its own.
    found = [(name, one) for name, each in vulnerable.items() for one in each["via"] if isinstance(one, dict)]
    asked = len(lock["packages"]) - 2  # The project itself and the one that we added.
    return asked, [
        Advisory("npm", f"{name} {one['range']}", (one["url"].rpartition("/")[2],), one["title"]) for name, one in found
    ]


def ask_npm(project: dict[str, Any], lock: dict[str, Any]) -> dict[str, Any]:
    """One call of npm on a copy of the two files, with all kinds of dependencies, whatever its configuration omits."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "package.json").write_text(json.dumps(project), encoding="utf-8")
        (Path(folder) / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
        shutil.copy(WEB / ".npmrc", folder)
        everything = ("--include=dev", "--include=optional", "--include=peer")
        patience = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", f"--fetch-timeout={TIMEOUT_SECONDS}000")
        command = [npm(), "audit", "--json", "--package-lock-only", *everything, *patience]
        done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    return parsed(done, "vulnerabilities")


def parsed(done: subprocess.CompletedProcess[str], key: str) -> Any:
    """What a tool reports under `key`. Raises `NoAnswer` with its last words where it has no report."""
    try:
        report = json.loads(done.stdout)
        return report[key]
    except ValueError:
        said = done.stderr.strip().splitlines() or ["It says nothing."]
        raise NoAnswer(said[-1]) from None
    except KeyError:
        raise NoAnswer(str(report.get("message", report))) from None


def pip_audit() -> Path:
    """The tool, installed from its own lock where it is not there yet."""
    stamp = TOOL / ".installed"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    with alone(VENV / ".audit.lock"):
        if not stamp.exists() or stamp.read_text() != wanted:
            say("Installing pip-audit (about 20 s) …")
            venv.create(TOOL, clear=True)
            pip("--python", str(TOOL), "install", "--require-hashes", "--no-deps", "--requirement", str(LOCK))
            stamp.write_text(wanted)
    return TOOL / "bin" / "pip-audit"
