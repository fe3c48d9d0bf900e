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
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from events import _roles, migrations
from events._premises import EmbeddedError, private_dir, socket_dir
from events.embedded import beside, embedded_postgres
from events.store import open_store
from tests.clusters import administer, open_folder
from tests.events.words import new

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


def test_a_socket_directory_of_somebody_else_is_refused(short_path: Path, tmp_path: Path) -> None:
    trap = socket_dir(short_path / "postgres")
    trap.symlink_to(tmp_path)
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


# What PostgreSQL sets for itself, and `sh`, through which pg_ctl starts it.
ITS_OWN = {"PGDATA", "PGSYSCONFDIR", "PGLOCALEDIR", "PG_GRANDPARENT_PID", "PWD", "OLDPWD", "SHLVL", "_"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[Path, str]]:
    """A data directory with a server, started with a secret in our environment, and the URL of its first database."""
    with pytest.MonkeyPatch.context() as patch, open_folder("sg-") as folder:
        patch.setenv("STEPGLASS_API_TOKENS", "acme:a-secret-that-is-not-the-servers")
        patch.setenv("LC_TIME", "C")
        data_dir = folder / "data"
        with embedded_postgres(data_dir, settings=FAST, databases=("stepglass", "prefect")) as url:
            yield data_dir, url


def test_l1_the_server_inherits_what_any_program_needs_and_nothing_else(cluster: tuple[Path, str]) -> None:
    names = set(postmaster(cluster[0]).environ()) - ITS_OWN
    assert names >= {"PATH", "LC_TIME"}
    assert {name for name in names if not name.startswith("LC_")} <= {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}


def test_l2_what_is_made_for_the_server_is_closed_to_others(cluster: tuple[Path, str]) -> None:
    data_dir, url = cluster
    # Where root runs it, the server is of another user, whose group may pass through the directory, and no more.
    assert stat.S_IMODE(data_dir.stat().st_mode) == (0o710 if os.geteuid() == 0 else 0o700)
    for path in (data_dir / "postgres", sockets(url)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert [path for path in data_dir.iterdir() if path.is_file() and path.stat().st_mode & 0o077] == []


def test_l6_each_database_is_reached_as_its_owner_who_may_do_nothing_beyond_it(cluster: tuple[Path, str]) -> None:
    for name in ("stepglass", "prefect"):
        url = beside(cluster[1], name)
        assert ask(url, "SELECT current_user") == name
        rights = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        assert ask(url, f"SELECT {rights} FROM pg_roles WHERE rolname = current_user") == "False"
        assert ask(url, "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole") == "0"
        # Prefect's migrations ask for it, and ours make a schema.
        ask(url, "CREATE EXTENSION pg_trgm")
        ask(url, "CREATE SCHEMA mine")
        for refused in ("COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')", "SET ROLE postgres"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                ask(url, refused)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(beside(cluster[1], "stepglass", "prefect"), "SELECT 1")
    assert beside(cluster[1], "stepglass") == cluster[1]


LIKE_PREFECTS = """
    CREATE EXTENSION pg_trgm;
    CREATE TYPE public.state_type AS ENUM ('RUNNING', 'COMPLETED');
    CREATE TABLE public.flow_run (id bigserial PRIMARY KEY, name text, state public.state_type);
    CREATE INDEX ON public.flow_run USING gin (name gin_trgm_ops);
    CREATE VIEW public.names AS SELECT name FROM public.flow_run;
    CREATE FUNCTION public.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    INSERT INTO public.flow_run (name, state) VALUES ('a flow run', 'COMPLETED');
"""
LEFT_TO_THE_SUPERUSER = """
    SELECT string_agg(kind || ' ' || name, ', ') FROM (
        SELECT 'schema', nspname, nspowner, oid FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema'
        UNION ALL SELECT 'relation', relname, relowner, relnamespace FROM pg_class
        UNION ALL SELECT 'function', proname, proowner, pronamespace FROM pg_proc
         WHERE oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e')
        UNION ALL SELECT 'type', typname, typowner, typnamespace FROM pg_type
         WHERE oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e') AND typtype <> 'b'
    ) AS owned (kind, name, owner, namespace)
     WHERE owner = 'postgres'::regrole
       AND namespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema')
"""


def test_l6_a_cluster_of_an_earlier_version_keeps_its_data_and_gets_owners(short_path: Path) -> None:
    with embedded_postgres(short_path, settings=FAST, databases=("scratch",)) as url:
        asyncio.run(administer(url, "CREATE DATABASE stepglass"))
        before = beside(url, "stepglass", _roles.SUPERUSER)
        asyncio.run(migrations.migrate(before))
        run = asyncio.run(accepted(before))
        asyncio.run(administer(url, LIKE_PREFECTS, "stepglass"))
    with embedded_postgres(short_path, settings=FAST, databases=("stepglass", "prefect")) as url:
        prefects = beside(url, "prefect")
        assert ask(prefects, "SELECT name FROM names") == "a flow run"
        assert ask(prefects, "INSERT INTO flow_run (name, state) VALUES ('b', 'RUNNING') RETURNING id") == "2"
        assert ask(prefects, "SELECT to_regclass('stepglass.events')") == "None"
        assert ask(url, "SELECT to_regclass('public.flow_run')") == "None"
        assert ask(url, "SELECT run_id FROM stepglass.runs") == run
        for each in (url, prefects):
            assert ask(
                each, "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_user"
            )
            assert ask(each, LEFT_TO_THE_SUPERUSER) == "None"
        assert asyncio.run(accepted(url)) != run


async def accepted(url: str) -> str:
    async with open_store(url) as store:
        return str((await store.runs.accept(new())).run_id)
