"""`make audit` without a network: what it says and how it ends, whatever the advisory databases answer."""

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.front_end import ROOT, FrontEnd

# As pip-audit prints it, and as npm does.
PYSEC: dict[str, Any] = {
    "id": "PYSEC-2020-35",
    "aliases": ["CVE-2020-7471"],
    "fix_versions": ["1.1"],
    "description": "SQL",
}
GHSA: dict[str, Any] = {"url": "https://github.com/advisories/GHSA-gxr4-xjj5-5px2", "title": "XSS", "range": "<3.5.0"}
REFUSED = json.dumps({"message": "405 Method Not Allowed", "statusCode": 405, "error": {"summary": "", "detail": ""}})
LOCK = """foo==1.0 \\
    --hash=sha256:00
only-on-windows==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
"""
# Each writes down what it is asked: pip-audit first about the package that is known to be vulnerable, then about ours.
PIP_AUDIT = """#!/bin/sh
cat "$2" >> {root}/asked
grep -q django "$2" && exec cat {root}/known.json
exec cat {root}/pypi.json
"""
NPM = "#!/bin/sh\ncat package-lock.json > {root}/asked-npm\nexec cat {root}/npm.json\n"
LISTS = """import sys; sys.path.insert(0, 'scripts'); import _advisories
print(_advisories.one_of_each([('a', '1'), ('a', '2'), ('b', '1')]))"""


def released(name: str, version: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": vulns}


def report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def vulnerable(*names: str) -> str:
    return json.dumps({"vulnerabilities": {name: {"name": name, "via": [GHSA]} for name in names}})


SKIPPED = report(
    {"name": "django", "skip_reason": "Dependency not found on PyPI and could not be audited: django (2.2)"}
)
PYPI = report(released("foo", "1.0"), released("only-on-windows", "2.0"))
NEW = report(released("foo", "1.0", PYSEC), released("only-on-windows", "2.0"))


@dataclass
class Databases:
    """What each of them answers: by default that it knows an old advisory, and none about our packages."""

    front_end: FrontEnd
    known: str = report(released("django", "2.2", PYSEC))
    pypi: str = PYPI
    npm: str = vulnerable("jquery")
    accepted: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def audit(self) -> tuple[int | None, str]:
        root = self.front_end.root
        for name, text in (("known", self.known), ("pypi", self.pypi), ("npm", self.npm)):
            (root / f"{name}.json").write_text(text)
        entries = [
            "[[accepted]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in each.items()) for each in self.accepted
        ]
        (root / "scripts" / "accepted-advisories.toml").write_text("\n".join(entries))
        return await self.front_end.run("scripts/audit.py")


@pytest.fixture
def databases(front_end: FrontEnd) -> Databases:
    root = front_end.root
    (root / "requirements.lock").write_text(LOCK)
    (root / "requirements-node.lock").unlink()
    (root / "requirements-audit.lock").write_text("")
    (root / "web" / ".npmrc").write_text("")
    tool = root / ".venv" / "audit"
    (tool / "bin").mkdir(parents=True)
    (tool / "bin" / "pip-audit").write_text(PIP_AUDIT.format(root=root))
    (tool / "bin" / "pip-audit").chmod(0o755)
    (tool / ".installed").write_text(hashlib.sha256(sys.version.encode()).hexdigest())
    front_end.program("npm", NPM.format(root=root))
    return Databases(front_end)


def accept(id: str, reason: str = "no path leads there") -> dict[str, str]:
    return {"id": id, "reason": reason, "until": "foo 1.1"}


async def test_l12_an_audit_asks_about_every_package_whichever_system_it_is_for(databases: Databases) -> None:
    code, said = await databases.audit()

    assert (code, said) == (
        0,
        "PyPI: asked about 2 locked packages, 0 advisories.\nnpm: asked about 0 locked packages, 0 advisories.\n",
    )
    root = databases.front_end.root
    assert (root / "asked").read_text().splitlines() == ["django==2.2", "foo==1.0", "only-on-windows==2.0"]
    assert json.loads((root / "asked-npm").read_text())["packages"]["node_modules/jquery"] == {"version": "3.4.1"}


@pytest.mark.parametrize(
    ("source", "answer", "id"),
    [("pypi", NEW, "PYSEC-2020-35"), ("npm", vulnerable("jquery", "vite"), "GHSA-gxr4-xjj5-5px2")],
)
async def test_l12_an_advisory_fails_until_it_is_accepted(
    databases: Databases, source: str, answer: str, id: str
) -> None:
    setattr(databases, source, answer)
    code, said = await databases.audit()
    assert code == 1 and id in said and "scripts/accepted-advisories.toml" in said

    databases.accepted = [accept(id)]
    assert (await databases.audit())[0] == 0


async def test_l12_an_advisory_may_be_accepted_by_any_of_its_names(databases: Databases) -> None:
    databases.pypi, databases.accepted = NEW, [accept("CVE-2020-7471")]

    assert (await databases.audit())[0] == 0


async def test_l12_an_accepted_advisory_that_no_source_reports_fails(databases: Databases) -> None:
    databases.accepted = [accept("CVE-2020-7471")]
    code, said = await databases.audit()

    assert code == 1 and "CVE-2020-7471 is accepted, but no source reports it any more" in said


async def test_l12_an_advisory_is_not_accepted_without_a_reason(databases: Databases) -> None:
    databases.pypi, databases.accepted = NEW, [accept("CVE-2020-7471", reason=" ")]
    code, said = await databases.audit()

    assert code == 1 and "an entry has id, reason, until, and none of them is empty" in said


@pytest.mark.parametrize(
    ("source", "answer", "why"),
    [
        ("known", SKIPPED, "PyPI: no answer that can be trusted. Dependency not found on PyPI"),
        ("known", report(released("django", "2.2")), "It reports nothing about django==2.2"),
        ("known", "", "PyPI: no answer that can be trusted. It says nothing."),
        ("pypi", report(released("foo", "1.0")), "asked about 2 packages and reports on 1"),
        ("npm", REFUSED, "npm: no answer that can be trusted. 405 Method Not Allowed"),
        ("npm", vulnerable(), "It reports nothing about jquery@3.4.1"),
    ],
)
async def test_l12_a_source_that_does_not_answer_is_never_all_well(
    databases: Databases, source: str, answer: str, why: str
) -> None:
    setattr(databases, source, answer)
    databases.accepted = [accept("CVE-2020-7471")]  # Whether it still applies is not known either.
    code, said = await databases.audit()

    assert code == 3 and why in said and "Not known: " in said and "no source reports it" not in said


async def test_l12_an_advisory_counts_although_another_source_is_silent(databases: Databases) -> None:
    databases.pypi, databases.npm = NEW, REFUSED
    code, said = await databases.audit()

    assert code == 1 and "Not known: npm" in said
    assert "PyPI: foo 1.0, fixed in 1.1\n  PYSEC-2020-35, CVE-2020-7471: SQL\n" in said


async def test_l12_two_versions_of_a_package_are_asked_about_one_after_the_other(front_end: FrontEnd) -> None:
    code, said = await front_end.run("-c", LISTS)

    assert (code, said) == (0, "[[('a', '1'), ('b', '1')], [('a', '2')]]\n")


async def test_l12_what_a_source_sends_reaches_the_terminal_without_control_characters(databases: Databases) -> None:
    vuln = {**PYSEC, "description": "one\x1b[7m two\u202e" + "x" * 1000}
    databases.pypi = report(released("foo", "1.0", vuln), released("only-on-windows", "2.0"))
    _, said = await databases.audit()

    assert "one [7m two " in said
    assert max(map(len, said.splitlines())) < 400


def test_l12_the_accepted_advisories_say_why_and_until_when() -> None:
    listed = tomllib.loads((ROOT / "scripts" / "accepted-advisories.toml").read_text(encoding="utf-8"))
    entries: list[dict[str, str]] = listed.get("accepted", [])

    assert all(each.keys() == {"id", "reason", "until"} and all(each.values()) for each in entries)


@pytest.mark.parametrize("line", ["\ndjango==", '"node_modules/jquery"'])
def test_l12_no_lock_has_a_package_that_is_known_to_be_vulnerable(line: str) -> None:
    locks: list[Path] = [*ROOT.glob("requirements*.lock"), ROOT / "web" / "package-lock.json"]

    assert not [path.name for path in locks if line in path.read_text(encoding="utf-8")]
