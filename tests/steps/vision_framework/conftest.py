"""A stage for the steps of the pipeline, one at a time, with a model that says what it is told to."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from steps._retry import RetryPolicy
from steps._step import Step
from steps.vision_framework import brief, framework, one_pager, qa, refine, scoring, validation
from tests.fundamentals.conftest import Stage, new_stage

MODULES = (brief, framework, validation, one_pager, qa, scoring, refine)


@pytest.fixture(autouse=True)
def no_waiting_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        for step in [cast(Step[..., Any], value) for value in vars(module).values() if isinstance(value, Step)]:
            monkeypatch.setattr(step, "retry", RetryPolicy(step.retry.retries, base=0))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage() as stage:
        yield stage
