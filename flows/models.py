"""Which model answers, from the settings."""

from contextlib import AbstractAsyncContextManager

from llm.client import Model
from llm.config import ModelConfig
from llm.openai import open_model
from llm.prices import load_prices
from settings import Settings


def model_of(settings: Settings) -> AbstractAsyncContextManager[Model]:
    """The model server that the settings name, opened for one process."""
    return open_model(
        ModelConfig(
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key,
            heavy=settings.model_heavy,
            light=settings.model_light,
            max_concurrent=settings.model_concurrency,
            prices=load_prices(settings.prices),
        )
    )


def profile_of(settings: Settings) -> str:
    """Names the models in use: how long a step took with one says nothing of another."""
    return f"{settings.openai_base_url or 'openai'} {settings.model_heavy or '-'} {settings.model_light or '-'}"
