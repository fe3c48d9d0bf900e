"""Who makes a change, as the history of what is changed names them."""

import getpass
from contextlib import suppress

from cli._errors import BadInput
from events.text import unsafe_in_line

# As long as the API takes a name.
LONGEST = 100


def author(given: str | None) -> str | None:
    """The name that somebody wants there, else that of their login. None, for an empty one or where there is no login,
    leaves it to the API. Raises `BadInput` for one that no history could show."""
    if given is not None:
        if not is_name(given.strip() or "-"):
            raise BadInput(
                f"A name has up to {LONGEST} characters, without control characters or line breaks; {given!r} is none."
            )
        return given.strip() or None
    # In a container a process may be of a user who has no entry anywhere; versions of Python say so in different ways.
    with suppress(OSError, KeyError, ImportError):
        login = getpass.getuser().strip()
        return login if is_name(login) else None
    return None


def is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST and unsafe_in_line(name) is None


def author_header(name: str | None) -> list[tuple[bytes, bytes]]:
    """A header takes bytes, and the API reads these as UTF-8."""
    return [(b"Stepglass-Author", name.encode())] if name else []
