"""A body with a JSON document on every line: bounded as a whole and line by line; what is wrong is told by its line."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from api.body import MAX_BODY, json_in
from api.problems import HttpProblem
from api.validation import MOST, invalid
from events.contract import ProblemError

NDJSON_TYPE = "application/x-ndjson"
# Some editors begin a file with it.
BOM = b"\xef\xbb\xbf"
# Empty lines for each that is not: more of them is no file that anybody wrote.
SPARSE = 10


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1, as an editor does; lines without anything are counted, and are none."""

    number: int
    document: JsonValue


def lines_in(body: bytes, most: int) -> list[Line]:
    """The documents of a body, at most so many. Raises `HttpProblem`: 400 for what is no JSON, 413, or 422."""
    body, count = body.removeprefix(BOM), body.count(b"\n")
    found = [] if count > SPARSE * most else [each for each in enumerate(body.split(b"\n"), 1) if each[1].strip()]
    if (count := len(found) or count) > most:
        raise invalid([ProblemError(pointer="/items", detail=f"{count:,} lines; there may be {most:,}.")])
    lines: list[Line] = []
    wrong: list[tuple[str, ProblemError]] = []
    for at, (number, line) in enumerate(found):
        try:
            lines.append(Line(number, read(line)))
        except HttpProblem as problem:
            wrong.append((problem.kind.name, ProblemError(pointer=f"/items/{at}", detail=f"Line {number}: {problem}")))
    if wrong:
        raise refusal(wrong)
    return lines


def read(line: bytes) -> JsonValue:
    if len(line) > MAX_BODY:
        raise HttpProblem("body-too-large", f"It is longer than {MAX_BODY // 1024} KB.")
    try:
        return json_in(line)
    except HttpProblem as problem:
        # A body of one document would be called the body.
        raise HttpProblem(problem.kind.name, str(problem).replace("The body is", "It is", 1)) from None


def refusal(wrong: Sequence[tuple[str, ProblemError]]) -> HttpProblem:
    """Of the kind of the first, and with all lines that are wrong, whatever it is."""
    kind, first = wrong[0]
    detail = first.detail if len(wrong) == 1 else f"{len(wrong):,} lines cannot be read. {first.detail}"
    return HttpProblem(kind, detail, errors=[error for _, error in wrong[:MOST]])
