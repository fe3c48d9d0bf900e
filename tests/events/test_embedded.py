"""PostgreSQL of our own: private, without TCP, shared, and gone when we are."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from events._premises import EmbeddedError, private_dir, socket_dir
from events.embedded import embedded_postgres

FAST = {"fsync": "off"}
pytestmark = pytest.mark.timeout(60)


def sockets(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def gone(server: psutil.Process) -> bool:
    # Whoever adopts orphans here may be slow to bury them.
    return not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def ask(url: str, query: str) -> str:
    async def ask() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval(query))
        finally:
            await connection.close()

    return asyncio.run(ask())


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_answers_on_a_private_socket_and_nowhere_else(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST) as url:
        assert ask(url, "SELECT current_database()") == "stepglass"
        folder = sockets(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((short_path / "postgres").stat().st_mode) == 0o700
        assert ask(url, "SHOW listen_addresses") == ""
        mine = {connection.status for connection in postmaster(short_path).net_connections("inet")}
        assert mine == set()
        assert int(ask(url, "SHOW max_connections")) >= 200
        ask(url, "CREATE EXTENSION pg_trgm")
        assert ask(url, "SELECT similarity('a', 'a')") == "1.0"
    assert not folder.exists()


def test_leaving_stops_it_and_the_data_stays(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        server = postmaster(short_path)
    assert gone(server)
    with embedded_postgres(short_path, settings=FAST) as url:
        assert ask(url, "SELECT n FROM kept") == "7"


def test_it_makes_the_databases_that_are_asked_for(short_path: Path) -> None:
    for names in (("stepglass",), ("stepglass", "prefect"), ("prefect",)):
        with embedded_postgres(short_path, databases=names, settings=FAST) as url:
            assert ask(url, "SELECT current_database()") == names[0]
            there = ask(url, "SELECT string_agg(datname, ' ') FROM pg_database")
            assert set(names) <= set(there.split())


def test_two_users_share_it_and_the_last_one_stops_it(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST) as outer:
        server = postmaster(short_path)
        with embedded_postgres(short_path, settings=FAST) as inner:
            assert inner == outer
            assert postmaster(short_path) == server
        assert ask(outer, "SELECT 1") == "1"
    assert gone(server)


HOLD = """
import sys, time
from pathlib import Path
from events.embedded import embedded_postgres
with embedded_postgres(Path(sys.argv[1]), settings={"fsync": "off"}):
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_server_that_a_killed_process_left_behind_is_taken_over(short_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, short_path], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
    server = postmaster(short_path)
    with embedded_postgres(short_path, settings=FAST) as url:
        assert postmaster(short_path) == server
        assert ask(url, "SELECT 1") == "1"
    assert gone(server)


def test_a_server_that_was_killed_itself_is_started_again(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        server = postmaster(short_path)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: gone(server))
        with embedded_postgres(short_path, settings=FAST) as again:
            assert ask(again, "SELECT n FROM kept") == "7"


def test_a_pid_file_whose_number_is_somebody_elses_stops_nobody(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST):
        pid_file = short_path / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander:
        pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        with embedded_postgres(short_path, settings=FAST) as url:
            assert ask(url, "SELECT 1") == "1"
        assert bystander.poll() is None
        bystander.kill()


def test_an_initdb_that_was_interrupted_is_done_again(short_path: Path) -> None:
    half = short_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with embedded_postgres(short_path, settings=FAST) as url:
        assert ask(url, "SELECT 1") == "1"


def test_a_socket_directory_of_somebody_else_is_refused(short_path: Path) -> None:
    trap = socket_dir(short_path / "postgres")
    target = short_path / "theirs"
    target.mkdir()
    trap.symlink_to(target)
    try:
        with pytest.raises(EmbeddedError, match="belongs to another user, or is no directory"):
            with embedded_postgres(short_path, settings=FAST):
                pass
    finally:
        trap.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_with_another_owner_is_refused(short_path: Path) -> None:
    theirs = short_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        private_dir(theirs, None)


def test_a_very_long_data_directory_has_a_short_socket(short_path: Path) -> None:
    deep = short_path / ("deep-" * 30) / ("er-" * 40)
    path = socket_dir(deep / "postgres")
    assert len(str(path / ".s.PGSQL.5432")) < 100
    assert path == socket_dir(deep / "postgres")
    assert path != socket_dir(deep / "other")
    with socket.socket(socket.AF_UNIX) as probe, tempfile.TemporaryDirectory(prefix="sg-") as folder:
        probe.bind(folder + "/" + "x" * (len(str(path / ".s.PGSQL.5432")) - len(folder) - 1))


def test_what_goes_wrong_is_said_in_the_servers_own_words(short_path: Path) -> None:
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such_thing"'):
        with embedded_postgres(short_path, settings={"no_such_thing": "1"}):
            pass


def test_a_settings_value_may_hold_blanks_and_quotes(short_path: Path) -> None:
    with embedded_postgres(short_path, settings={**FAST, "cluster_name": "it's a name"}) as url:
        assert ask(url, "SHOW cluster_name") == "it's a name"
