"""Which model answers, from the settings."""

import logging
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from hosts import is_private
from llm.client import Model
from llm.config import ModelConfig
from llm.prices import load_prices
from settings import BadSettings, Settings

log = logging.getLogger("stepglass.models")


def config_of(settings: Settings) -> ModelConfig:
    """Raises `BadSettings` for what can be no address or no key, and for a key that would cross the internet in plain
    text. Private networks are trusted with one: that is how vLLM and Ollama are used."""
    try:
        config = ModelConfig(
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key,
            heavy=settings.model_heavy,
            light=settings.model_light,
            max_concurrent=settings.model_concurrency,
            prices=load_prices(settings.prices),
        )
    except (ValueError, OSError) as error:  # an address, a key, or a file of prices that cannot be read
        raise BadSettings(str(error)) from None
    if is_sent_in_plain(config) and not is_private(host_of(config)) and not settings.allow_plaintext:
        raise BadSettings(
            f"OPENAI_BASE_URL is an http:// address on the internet ({config.server}): anyone on the way could read "
            "OPENAI_API_KEY. Use https://, or unset the key if the server needs none. If that network is to be "
            "trusted, set STEPGLASS_ALLOW_PLAINTEXT=1."
        )
    return config


def model_of(settings: Settings) -> AbstractAsyncContextManager[Model]:
    """The model server that the settings name, opened for one process. Raises `BadSettings`."""
    # Half a second that `stepglass up` does not need, which only looks at the configuration.
    from llm.openai import open_model

    config = config_of(settings)
    if is_sent_in_plain(config):
        log.warning("the model key goes to %s unencrypted: anyone on that network can read it", config.server)
    return open_model(config)


def is_sent_in_plain(config: ModelConfig) -> bool:
    """Whether the key leaves this machine without encryption."""
    return config.signed and urlsplit(config.url).scheme == "http" and not config.is_local


def host_of(config: ModelConfig) -> str:
    return urlsplit(config.url).hostname or ""


def profile_of(settings: Settings) -> str:
    """Names the models in use: how long a step took with one says nothing of another."""
    return f"{settings.openai_base_url or 'openai'} {settings.model_heavy or '-'} {settings.model_light or '-'}"
