"""The data directory: made for this user alone, and closed to others where an earlier version left it open."""

import os
import stat
from pathlib import Path

PREFIXES = ("postgres", "prefect", "logs", "batches", "up.lock", "lost+found")
"""How the names of all that a stack keeps there begin; and what is in the root of a disk of its own."""
# Group x alone lets the server's user pass where we are root (`events._premises.let_pass`), and shows it nothing.
_OPEN = 0o067


def close_data_dir(path: Path) -> str | None:
    """Make the directory with mode 0700, or give an existing one that mode.

    Only a directory that is ours is changed. Returns a sentence for the operator when others could read it, or still
    can: a shared mount may keep no modes, and what a stack makes in it is closed by itself.
    """
    try:
        path.mkdir(mode=0o700, parents=True)
        path.chmod(0o700)  # A umask may have taken more.
        return None
    except FileExistsError:
        pass
    before = stat.S_IMODE(path.stat().st_mode)
    if not before & _OPEN:
        return None
    if not is_ours(path):
        return (
            f"Other users may look into {path} (mode {before:04o}), which is not Stepglass's alone, so its mode stays. "
            "Set STEPGLASS_DATA_DIR to a directory of its own, owned by the user that runs it."
        )
    try:
        path.chmod(0o700)
    except OSError:
        pass  # Seen below, like a file system that ignores modes.
    if stat.S_IMODE(path.stat().st_mode) & _OPEN:
        return f"Other users may look into {path} (mode {before:04o}): its file system keeps no other mode."
    return f"Other users could look into {path} (mode {before:04o}). It is closed to them now (mode 0700)."


def is_ours(path: Path) -> bool:
    """Does this user own it, and does it hold nothing but what a stack makes? A home or /tmp is not ours to change."""
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        return False
    return all(name.startswith(PREFIXES) for name in os.listdir(path))
