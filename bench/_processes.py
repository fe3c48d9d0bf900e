"""What processes take, those that they started included: processor time and memory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil


def family(*pids: int) -> Iterator[psutil.Process]:
    """These processes and all that they started, as far as they live."""
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            yield process
            yield from process.children(recursive=True)


def cpu_seconds(*pids: int) -> float:
    """Processor time so far, also of those that have ended since. PostgreSQL's is that of its postmaster's family."""
    total = 0.0
    for process in family(*pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory(*pids: int) -> int:
    """Bytes that are theirs alone, and their part of what they share (PSS where the kernel tells, else RSS)."""
    total = 0
    for process in family(*pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or full.rss
    return total


def postmaster(folder: Path) -> int:
    """The process of the embedded PostgreSQL whose data is in `folder`."""
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
