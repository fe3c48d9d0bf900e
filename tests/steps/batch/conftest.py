"""A yard for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.steps.batch.yard import Yard, new_yard


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    async with new_yard() as yard:
        yield yard
