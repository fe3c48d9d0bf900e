"""Where in a run's log a viewer stands: `Last-Event-ID`, else `?after=`, else the beginning."""

import re

from api.problems import HttpProblem
from api.state import Request

# The largest whole number that every JSON reader keeps exactly.
HIGHEST = 2**53
DIGITS = re.compile(r"[0-9]{1,16}")


def cursor(request: Request) -> int | None:
    """The last `seq` that the viewer has, or None when it does not say. Raises `HttpProblem` 400 for anything else."""
    last = last_event_id(request)
    after = request.query_params.get("after")
    # Looked at also where it does not count: a wrong address is wrong before a viewer has seen its first event.
    asked = None if after is None else number("after", after)
    return asked if last is None else last


def last_event_id(request: Request) -> int | None:
    """The header alone. Some clients that imitate an EventSource send an empty one before they have seen an id."""
    header = request.headers.get("last-event-id")
    return number("Last-Event-ID", header) if header else None


def number(name: str, value: str) -> int:
    if not DIGITS.fullmatch(value) or int(value) > HIGHEST:
        detail = f"{name} is not the seq of an event: a whole number from 0 to 2^53 was expected."
        raise HttpProblem("bad-request", detail)
    return int(value)


def wants_snapshot(request: Request) -> bool:
    """`?snapshot=1`. Raises `HttpProblem` 400 for anything but 0 and 1."""
    value = request.query_params.get("snapshot", "0")
    if value not in ("0", "1"):
        raise HttpProblem("bad-request", "snapshot is neither 0 nor 1.")
    return value == "1"
