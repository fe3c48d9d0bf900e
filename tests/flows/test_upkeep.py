"""What a worker sees to beside its runs."""

import asyncio
import logging

import pytest

from events.errors import StoreUnavailable
from events.retention import Swept
from flows._upkeep import Duty, sweeping, upkeep


class Work:
    """Fails as it is told; `times` it was done, and `enough` once that was three times."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times = 0
        self.enough = asyncio.Event()

    async def __call__(self) -> None:
        self.times += 1
        if self.times == 3:
            self.enough.set()
        if self.failures:
            raise self.failures.pop(0)


async def test_a_duty_is_done_again_whatever_went_wrong_with_it(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(StoreUnavailable("gone"), KeyError("a bug"))
    async with upkeep(Duty("sweeping", work, every=0, first=0)), asyncio.timeout(10):
        await work.enough.wait()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]


async def test_it_ends_with_the_worker_also_in_the_middle_of_a_duty() -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    async with asyncio.timeout(10):
        async with upkeep(Duty("hanging", hang, every=0, first=0)):
            await begun.wait()


async def test_what_was_swept_is_told_where_it_was_anything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    swept = [None, Swept(), Swept(forgotten=2)]

    class Retention:
        async def sweep(
            self, *, compact_after: float, keep_days: float | None = None, pause: float = 0.05, dry_run: bool = False
        ) -> Swept | None:
            assert (compact_after, keep_days, dry_run) == (60, 30, False)
            return swept.pop(0)

    duty = sweeping(Retention(), 60, 30)
    for _ in range(3):
        await duty.work()
    assert len(caplog.records) == 1
    assert "forgotten=2" in caplog.text
