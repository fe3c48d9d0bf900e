"""Viewers that never read cost the API little, and the other viewers nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.slow_viewers import MB, measured


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop is the viewers' alone: the API has a process of its own."""
    yield


@pytest.mark.timeout(180)
async def test_a_few_viewers_that_never_read_cost_little(database_url: str, tmp_path: Path):
    result = await measured(
        tmp_path, database_url, viewers=40, unread=8, rounds=2, seconds=1.5, runs=2, pace=0.05, drop=False
    )

    print(result)  # noqa: T201
    assert result.lost == 0
    # Before pages were bounded by their size it was several megabytes.
    assert result.each < 2 * MB
    assert result.ratio < 10, "on a machine where anything may happen in between"


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_fifty_of_five_hundred_viewers_never_read(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result = await measured(tmp_path, database_url)

    with capsys.disabled():
        print(f"\n{result}")  # noqa: T201
    assert result.lost == 0
    assert result.each < 2 * MB
    assert result.growth < 5 * MB
    assert result.learnt < 25 * MB
    assert result.dropped is not None
    # 1.5 is the aim, and for a machine that does nothing else.
    assert result.ratio < 3
