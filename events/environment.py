"""Which of our environment variables another process inherits: those that are named, and no others."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

SYSTEM = ("PATH", "HOME", "LANG", "LC_*", "TZ", "TMPDIR")
"""Any program may need these, to find files and to know the language and the time. None of them is secret."""


def inherited(environ: Mapping[str, str], *patterns: str) -> dict[str, str]:
    """The variables whose names match one of `patterns`, in which `*` stands for any characters.

    Patterns are in capitals and names in any case: proxies are named in either, and settings are read in either.
    """
    return {name: value for name, value in environ.items() if any(fnmatchcase(name.upper(), each) for each in patterns)}
