"""The data directory is for its user alone, whatever the umask, and no other directory is changed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.data_dir import close_data_dir


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("any_umask")
def test_l2_it_is_made_for_its_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    assert close_data_dir(tmp_path / "data") is None
    assert mode(tmp_path / "data") == 0o700


def test_l2_one_that_an_earlier_version_left_open_is_closed_and_that_is_said(tmp_path: Path) -> None:
    for name in ("postgres", "postgres.lock", "up.lock", "logs", "prefect"):
        (tmp_path / name).mkdir()
    tmp_path.chmod(0o755)
    said = close_data_dir(tmp_path)
    assert said is not None and str(tmp_path) in said and "0755" in said and "closed to them now" in said
    assert mode(tmp_path) == 0o700
    assert close_data_dir(tmp_path) is None


@pytest.mark.parametrize("kept", [0o700, 0o710, 0o500])
def test_l2_one_that_shows_nobody_anything_stays_as_it_is(tmp_path: Path, kept: int) -> None:
    tmp_path.chmod(kept)
    assert close_data_dir(tmp_path) is None
    assert mode(tmp_path) == kept


@pytest.mark.parametrize("theirs", ["a home", "a shared folder", pytest.param("another's", marks=pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a directory away"))])  # fmt: skip
def test_l2_a_directory_that_is_not_ours_alone_is_never_changed_and_that_is_said(tmp_path: Path, theirs: str) -> None:
    tmp_path.chmod(0o755)
    if theirs == "a home":
        (tmp_path / "letters").mkdir()
    elif theirs == "a shared folder":
        tmp_path.chmod(0o1755)
    else:
        os.chown(tmp_path, 65534, 65534)
    before = mode(tmp_path)
    said = close_data_dir(tmp_path)
    assert said is not None and "STEPGLASS_DATA_DIR" in said
    assert mode(tmp_path) == before
