"""One stack per data directory: a lock that the kernel gives back when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from events.data_dir import close_data_dir


class AlreadyUp(Exception):
    """Another `stepglass up` holds the data directory; says which process, and what to do."""


@contextmanager
def only_one(data_dir: Path, say: Callable[[str], object] = lambda text: None) -> Generator[None]:
    """Hold `data_dir` for as long as we are inside, made or closed to others first. Raises `AlreadyUp`."""
    if notice := close_data_dir(data_dir):
        say(notice)
    file = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode().strip() or "unknown"
            raise AlreadyUp(
                f"Stepglass is up already on {data_dir} (process {holder}). Stop that one with Ctrl-C, or set "
                "STEPGLASS_DATA_DIR, STEPGLASS_PORT and STEPGLASS_PREFECT_PORT to run another beside it."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)
