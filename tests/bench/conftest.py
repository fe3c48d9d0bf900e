"""Benchmarks may wait for files: nobody else is in their loop."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone, as it is a benchmark's own."""
    yield
