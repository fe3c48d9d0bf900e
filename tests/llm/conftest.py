"""What tests of models share: no test can reach a server that costs money, and a scripted one is at hand."""

from collections.abc import AsyncIterator

import pytest

from llm.client import Model
from llm.openai import open_model
from tests.scripted_model import ScriptedModelServer, scripted_model


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's OPENAI_API_KEY must not pay for a test: `open_model` refuses whatever is not on this machine."""
    monkeypatch.setattr("llm.config.ALLOW_REMOTE_MODELS", False)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModelServer]:
    async with scripted_model() as scripted:
        yield scripted


@pytest.fixture
async def model(server: ScriptedModelServer) -> AsyncIterator[Model]:
    """A real client of the scripted server."""
    async with open_model(server.config) as opened:
        yield opened
