"""What tests of models share: a scripted model server is at hand."""

from collections.abc import AsyncIterator

import pytest

from llm.client import Model
from llm.openai import open_model
from tests.scripted_model import ScriptedModelServer, scripted_model


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModelServer]:
    async with scripted_model() as scripted:
        yield scripted


@pytest.fixture
async def model(server: ScriptedModelServer) -> AsyncIterator[Model]:
    """A real client of the scripted server."""
    async with open_model(server.config) as opened:
        yield opened
