"""A stack of real processes for each test, on a database of its own, with a scripted model."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import vision
from tests.e2e.stack import Stack, open_stack
from tests.scripted_model import ScriptedModelServer, scripted_model

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone: our processes have loops of their own."""
    yield


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModelServer]:
    """A model that gets everything right, unless the test says otherwise."""
    async with scripted_model() as server:
        vision.script(server)
        yield server


@pytest.fixture
async def stack(tmp_path: Path, database_url: str, model: ScriptedModelServer) -> AsyncIterator[Stack]:
    async with open_stack(tmp_path, database_url, model.url) as stack:
        yield stack
