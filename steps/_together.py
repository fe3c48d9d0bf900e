"""Several model calls of one step, side by side."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*calls: Awaitable[T]) -> list[T]:
    """All results, in the order of the calls.

    When one fails, the others still finish, because each is a checkpoint that the next attempt will not pay for
    again; then the first failure is raised. Cancelled from outside, all of them are, and none is left running.
    """
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    results: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results
