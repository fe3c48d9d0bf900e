"""The results of a batch as a file: written beside its name, and put in its place as a whole."""

import csv
import os
import stat
from pathlib import Path

import anyio
import pytest

from cli._client import Api
from cli._results import CSV, Draft, save_results
from cli.batch import Wish
from cli.runs import export
from events.store import Store
from tests.api.batching import brief_of, done
from tests.cli.conftest import Paper
from tests.cli.test_batch import file_of, go, well


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, content: bytes) -> None:
    draft = Draft(path)
    draft.file.write(content)
    draft.publish()
    draft.discard()


def guessed(size: int) -> str:
    return "guessed"


def test_l10_a_link_that_somebody_put_there_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, wanted = tmp_path / "theirs", tmp_path / "results.jsonl"
    theirs.write_text("theirs")
    monkeypatch.setattr("secrets.token_hex", guessed)
    for name in ("results.jsonl.part", ".stepglass-guessed"):
        (tmp_path / name).symlink_to(theirs)

    with pytest.raises(FileExistsError):
        put(wanted, b"ours")
    monkeypatch.undo()
    put(wanted, b"ours")

    assert (theirs.read_text(), wanted.read_bytes()) == ("theirs", b"ours")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_symlink()) == [
        ".stepglass-guessed",
        "results.jsonl.part",
    ]


def test_l10_the_name_meanwhile_is_another_each_time(tmp_path: Path) -> None:
    drafts = [Draft(tmp_path / "results.jsonl") for _ in range(2)]
    names = {path.name for path in tmp_path.iterdir()}
    for draft in drafts:
        draft.discard()
    assert len(names) == 2 and all(len(name) >= 16 for name in names)
    assert list(tmp_path.iterdir()) == []


def test_l10_a_file_has_the_permissions_of_any_new_one_or_those_that_it_had(tmp_path: Path) -> None:
    plain, new, old = tmp_path / "plain", tmp_path / "new", tmp_path / "old"
    plain.touch()
    old.touch(0o600)
    put(new, b"1")
    put(old, b"2")
    assert (mode(new), mode(old), old.read_bytes()) == (mode(plain), 0o600, b"2")


def test_l10_a_link_that_is_named_stays_one(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    put(link, b"1")
    assert link.is_symlink() and target.read_bytes() == b"1"


def test_l10_what_is_no_file_is_written_to_and_stays() -> None:
    put(Path(os.devnull), b"1")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    end, start = os.pipe()
    put(Path(f"/dev/fd/{start}"), b"1")
    os.close(start)
    with open(end, "rb") as pipe:
        assert pipe.read() == b"1"


async def test_a_batch_is_saved_as_a_table_where_the_name_says_so(
    api: Api, store: Store, paper: Paper, tmp_path: Path
) -> None:
    output = tmp_path / "results.csv"
    source = await file_of(tmp_path, brief_of("a"))
    await go(api, store, paper, well, Wish(source, key="k"), output=output)
    saved = await anyio.Path(output).read_text(encoding="utf-8-sig")
    assert [(row["key"], row["status"]) for row in csv.DictReader(saved.splitlines())] == [("a", "complete")]


async def test_export_gives_a_table(api: Api, store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    batch_id = await done(store, "=1+1", "b", failed="b")
    await export(api, batch_id, kind="csv", output=None)
    shown = capsys.readouterr().out
    await save_results(api, batch_id, tmp_path / "x.csv", CSV)
    saved = await anyio.Path(tmp_path / "x.csv").read_bytes()
    assert shown.encode() == saved
    assert [line.partition(",")[0] for line in shown.splitlines()[1:]] == ['"\'=1+1"', '"b"']
