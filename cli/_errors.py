"""What a command can end with, other than success: a sentence for a person and an exit code.

CommandFailed       1   the run failed, or something that the API says in its own words
├── NotReachable    1   nobody answers at the URL
├── NoResult        1   the run ended without what was asked for
└── BadInput        2   what was given is not right; every field that is not, by name
"""

import re
from collections.abc import Sequence

from events.contract import Problem, ProblemError

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
OF_LINE = re.compile(r"/items/\d+(?:/input)?(?:/(?P<field>\S*))? (?P<line>Line \d+): (?P<words>.*)", re.DOTALL)


class CommandFailed(Exception):
    """Base: `str(error)` is what is said."""

    code = FAILED


class NotReachable(CommandFailed):
    """Nobody answers at the URL."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"Nothing answers at {url}. Start it with `make run` (or `stepglass up`), or name another one with --url."
        )


class NoResult(CommandFailed):
    """The run ended without what was asked for, or its pipeline makes no such thing."""


class BadInput(CommandFailed):
    """What was given is not right."""

    code = BAD_INPUT


def of_problem(status: int, problem: Problem) -> CommandFailed:
    """The API's problem as one of ours, with a line for each error that it points to."""
    kind = BadInput if status in (400, 413, 422) else CommandFailed
    if problem.type == "/problems/no-result":
        kind = NoResult
    return kind("\n".join([f"{problem.title}: {problem.detail}", *lines_of(problem.errors or ())]))


def lines_of(errors: Sequence[ProblemError]) -> list[str]:
    """One line per violation. The pointer is shown as people write a field: `/input/company_name` is `company_name`.
    What is wrong with a line of a file begins with the number of that line."""
    return [_of_line(error) or f"  {_field(error.pointer)}: {error.detail}" for error in errors]


def _of_line(error: ProblemError) -> str | None:
    if (found := OF_LINE.match(f"{error.pointer} {error.detail}")) is None:
        return None
    where = ", ".join(filter(None, (found["line"], found["field"])))
    return f"  {where}: {found['words']}"


def _field(pointer: str) -> str:
    body, _, rest = pointer.lstrip("/").partition("/")
    return rest or body or "input" if body in ("input", "value", "") else pointer.lstrip("/")
