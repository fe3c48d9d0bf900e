"""Compares the known advisories about our locked packages with the ones that we accept.

Exits with 0 when every source has answered and nothing is left to do, with 1 when there is an advisory that is not
accepted or an accepted one that no longer applies, and with 3 when a source has not answered: then nobody knows.
"""

import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from _advisories import Advisory, NoAnswer, of_npm, of_python
from _install import ROOT, say

ACCEPTED = ROOT / "scripts" / "accepted-advisories.toml"
FIELDS = ("id", "reason", "until")
TO_DO, UNKNOWN = 1, 3
MOST_CHARS = 300
SOURCES: dict[str, Callable[[], tuple[int, list[Advisory]]]] = {"PyPI": of_python, "npm": of_npm}


@dataclass(frozen=True, slots=True)
class Answers:
    found: list[Advisory] = field(default_factory=list[Advisory])
    silent: list[str] = field(default_factory=list[str])


def main() -> NoReturn:
    accepted = read_accepted()
    answers = ask()
    open_ = [each for each in answers.found if accepted.isdisjoint(each.ids)]
    # An entry may be about a source that has not answered.
    reported = {id for each in answers.found for id in each.ids}
    stale = [] if answers.silent else sorted(accepted - reported)
    for each in open_:
        say(f"\n{each.source}: {plain(each.package)}\n  {plain(', '.join(each.ids))}: {plain(each.summary)}\n")
    for id in stale:
        say(f"\n{id} is accepted, but no source reports it any more. Remove it from {ACCEPTED.relative_to(ROOT)}.\n")
    sys.exit(verdict(open_, stale, answers.silent))


def ask() -> Answers:
    answers = Answers()
    for name, source in SOURCES.items():
        try:
            asked, found = source()
        except NoAnswer as failed:
            answers.silent.append(name)
            say(f"{name}: no answer that can be trusted. {plain(str(failed))}\n")
        else:
            answers.found.extend(sorted(found))
            say(f"{name}: asked about {asked} locked packages, {len(found)} advisories.\n")
    return answers


def verdict(open_: list[Advisory], stale: list[str], silent: list[str]) -> int:
    """Says what is to be done, and returns the exit code."""
    if open_:
        say(f"\nUpgrade (`scripts/lock --upgrade`), or accept with a reason in {ACCEPTED.relative_to(ROOT)}.\n")
    if silent:
        say(
            f"\nNot known: {' and '.join(silent)} gave no advisories, so this says nothing about those packages. "
            "Run `make audit` again where the source can be reached.\n"
        )
    if open_ or stale:
        return TO_DO
    return UNKNOWN if silent else 0


def plain(text: str) -> str:
    """One line for a terminal: what a server sent may hold control characters, and be long."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= MOST_CHARS else f"{line[:MOST_CHARS]} …"


def read_accepted() -> set[str]:
    """The ids in the list. Raises SystemExit where an entry does not say all that it must."""
    entries = tomllib.loads(ACCEPTED.read_text(encoding="utf-8")).get("accepted", [])
    for entry in entries:
        if set(entry) != set(FIELDS) or not all(str(entry[name]).strip() for name in FIELDS):
            raise SystemExit(f"{ACCEPTED.name}: an entry has {', '.join(FIELDS)}, and none of them is empty: {entry}")
    return {entry["id"] for entry in entries}


if __name__ == "__main__":
    main()
