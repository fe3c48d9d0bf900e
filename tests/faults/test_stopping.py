"""An API that is told to stop ends soon, and its viewers go on elsewhere as if nothing had been."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stopping import Elsewhere, Loop, all_ways, stopped, table

MOST = 10.0


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop is the viewers' alone: the API has a process of its own."""
    yield


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("loop", "elsewhere", "signals"), [("asyncio", "another replica", 1), ("uvloop", "the next one", 2)]
)
async def test_viewers_of_an_api_that_stops_go_on_elsewhere(
    tmp_path: Path, database_url: str, loop: Loop, elsewhere: Elsewhere, signals: int
):
    done = await stopped(tmp_path, database_url, loop, elsewhere, streams=30, signals=signals)

    print(table([done]))  # noqa: T201
    assert done.cut == 0, "every stream ended as HTTP wants it"
    assert done.refused
    assert done.exit < MOST


@pytest.mark.faults
@pytest.mark.timeout(1200)
async def test_a_hundred_viewers_go_on_in_every_way(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
):
    done = await all_ways(tmp_path, database_url, 100)

    with capsys.disabled():
        print(f"\n{table(done)}")  # noqa: T201
    assert all(each.cut == 0 and each.refused and each.exit < MOST for each in done)
