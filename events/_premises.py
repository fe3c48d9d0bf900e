"""Where the embedded server may live, and as whom: directories that are its own, and a user that is not root."""

import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from pathlib import Path

# PostgreSQL refuses to run as root.
SERVER_USER = "embedded_postgres"


class EmbeddedError(RuntimeError):
    """The embedded server cannot be started here; says why and what to do."""


def server_user() -> pwd.struct_passwd:
    """Whom root runs the server as: made on first use, and nobody else's."""
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        pass  # The first time on this machine.
    try:
        made = subprocess.run(["useradd", "--system", "--no-create-home", SERVER_USER], capture_output=True, text=True)
        reason = made.stderr.strip()
    except FileNotFoundError:
        reason = "there is no useradd"
    try:
        # Also when useradd failed: another process may have been faster.
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {SERVER_USER} could not be made ({reason}). "
            "Run as another user, or set DATABASE_URL."
        ) from None


def socket_dir(data: Path) -> Path:
    """Short and the same every time: the path of a socket may have about 100 bytes, whatever the data directory's."""
    name = f"stepglass-{os.geteuid()}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    path = Path(tempfile.gettempdir()) / name
    return path if len(str(path)) < 80 else Path("/tmp") / name


def private_dir(path: Path, owner: pwd.struct_passwd | None) -> None:
    """A directory of mode 0700 owned by `owner`, or by us. One of anybody else is refused: they could read along."""
    try:
        path.mkdir(mode=0o700)
        if owner is not None:
            os.chown(path, owner.pw_uid, owner.pw_gid)
    except FileExistsError:
        pass  # From an earlier start, or somebody's trap: looked at below.
    found, expected = path.lstat(), owner.pw_uid if owner else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected:
        raise EmbeddedError(f"{path} belongs to another user, or is no directory. Remove it, or set DATABASE_URL.")
    path.chmod(0o700)


def open_the_way(path: Path) -> None:
    """Let the server's user pass through the directories above `path` (not list them), as root may decide."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
