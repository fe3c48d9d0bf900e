"""One at a time: two commands that install or build the same thing, in two terminals, do it one after the other."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from _install import say


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Hold the file `lock` for as long as we are inside. The kernel gives it back when we die, however we die."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is at this already; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
