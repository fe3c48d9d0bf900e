"""docs/security.md: what it lists is what there is."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
BOUNDING = ("==", "===", "<", "<=", "~=")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    lines = DOC.split(f"# {heading}\n")[1].split("\n#")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


def held_back() -> set[str]:
    """Requirements with an exact version or an upper bound; of npm's, those that do not take every minor release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    metadata, groups = project["project"], project["dependency-groups"]
    more: list[list[str]] = [*metadata["optional-dependencies"].values(), *groups.values()]
    listed = [*metadata["dependencies"], *(each for one in more for each in one)]
    python = {
        f"{one.name}{bound}"
        for one in map(Requirement, listed)
        for bound in one.specifier
        if bound.operator in BOUNDING
    }
    package: dict[str, Any] = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    npm = {**package["dependencies"], **package["devDependencies"]}
    return python | {f"{name}{version}" for name, version in npm.items() if not version.startswith("^")}


def test_l12_every_version_that_is_held_back_is_listed_with_its_reason() -> None:
    table = rows("Versions that are held back")

    assert {version.strip("`") for version, _, _ in table} == held_back()
    assert all(why and release for _, why, release in table)


def test_l12_the_table_of_borders_names_every_kind_of_test_for_them() -> None:
    """By the ids in their names, as `M6` in the page's tests."""
    sources = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "web" / "tests").rglob("*.ts*")]
    named = re.compile(r"def test_([a-z]\d+)_|test\(\s*[\"'`]([A-Z]\d+):")
    found = {"".join(ids).upper() for path in sources for ids in named.findall(path.read_text(encoding="utf-8"))}
    cells = " ".join(row[-1] for row in rows("Borders and their tests"))
    listed = {id.upper() for id in re.findall(r"`(?:test_)?([a-zA-Z]\d+)_?`", cells)}

    assert found == listed


def test_l12_every_file_that_it_names_is_there() -> None:
    named = {
        *re.findall(r"`((?:tests|scripts|web|docs)/[\w./-]+)`", DOC),
        *(f"docs/{link}" for link in re.findall(r"\]\(([\w./]+)", DOC)),
    }

    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
