"""A front end of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.front_end import FrontEnd, make


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone, which may well look at files from there."""
    yield


@pytest.fixture
def front_end(tmp_path: Path) -> FrontEnd:
    return make(tmp_path)
