"""The output of a process, in a file of bounded size that only this user can read."""

import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

LIMIT = 2_000_000


class LogFile:
    """Appends lines of bytes to `path`; at `limit` bytes the file becomes `<path>.1`, in place of an older one."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # Somebody else's, or of a file system that keeps no modes.
            path.parent.chmod(0o700)
        self.path = path
        self._limit = limit
        self._file = _opened(path)

    def write(self, line: bytes) -> None:
        """A disk that is full loses lines of a log; that is no reason to stop a stack that runs."""
        try:
            if self._file.tell() + len(line) + 1 > self._limit:
                self._file.close()
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                self._file = _opened(self.path)
            self._file.write(line + b"\n")
        except OSError:
            return

    def close(self) -> None:
        self._file.close()


def _opened(path: Path) -> FileIO:
    """Appends to it. An earlier version may have left it open to others."""
    file = FileIO(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))
    with suppress(OSError):
        os.fchmod(file.fileno(), 0o600)
    return file
