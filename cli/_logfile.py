"""What a process says, kept in a file that cannot grow without end."""

from pathlib import Path

LIMIT = 2_000_000


class LogFile:
    """Appends lines of bytes to `path`; at `limit` bytes the file becomes `<path>.1`, in place of an older one."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._limit = limit
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """A disk that is full loses lines of a log; that is no reason to stop a stack that runs."""
        try:
            if self._file.tell() + len(line) + 1 > self._limit:
                self._file.close()
                self.path.replace(self.path.with_name(self.path.name + ".1"))
                self._file = self.path.open("ab", buffering=0)
            self._file.write(line + b"\n")
        except OSError:
            return

    def close(self) -> None:
        self._file.close()
