"""Where a model is, and that a test never asks one that costs money."""

import pytest
from pydantic import SecretStr

from llm.config import ModelConfig, RemoteModelForbidden, check_allowed
from llm.openai import open_model


@pytest.mark.parametrize(
    "url", [None, "https://api.openai.com/v1", "https://openrouter.ai/api/v1", "http://10.0.0.7/v1"]
)
async def test_no_test_can_ask_a_model_elsewhere(url: str | None) -> None:
    with pytest.raises(RemoteModelForbidden, match="not on this machine"):
        async with open_model(ModelConfig(url, SecretStr("sk-that-would-pay"))):
            raise AssertionError("opened")


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "http://localhost/v1", "http://[::1]:8080/v1"])
def test_this_machine_may_be_asked(url: str) -> None:
    check_allowed(ModelConfig(url))


@pytest.mark.parametrize(
    "url", ["http://localhost.evil.example/v1", "http://127.0.0.1.nip.io/v1", "http://0.0.0.0.x/v1"]
)
def test_what_only_looks_like_this_machine_may_not(url: str) -> None:
    with pytest.raises(RemoteModelForbidden):
        check_allowed(ModelConfig(url))


def test_outside_of_tests_any_server_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.config.ALLOW_REMOTE_MODELS", True)
    check_allowed(ModelConfig())


def test_a_server_is_named_without_what_its_address_may_hold() -> None:
    assert ModelConfig("http://user:pass@models.example:8080/v1?key=x").server == "models.example:8080"
    assert ModelConfig().server == "api.openai.com"


def test_a_configuration_shows_no_key() -> None:
    assert "sk-" not in repr(ModelConfig(None, SecretStr("sk-that-would-pay")))
