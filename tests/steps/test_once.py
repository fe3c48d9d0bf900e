"""However many ways lead to a call, it is made once."""

import asyncio

import pytest

from steps._once import Once


class Call:
    def __init__(self) -> None:
        self.made = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> str:
        self.made += 1
        await self.gate.wait()
        return "done"


async def test_who_comes_late_gets_the_result_that_is_already_coming():
    call = Call()
    once = Once(call)
    first = asyncio.create_task(once())
    await once.begun.wait()
    second = asyncio.create_task(once())
    call.gate.set()

    assert (await first, await second) == ("done", "done")
    assert call.made == 1


async def test_one_who_gives_up_does_not_end_the_work_of_the_others():
    call = Call()
    once = Once(call)
    impatient, patient = asyncio.create_task(once()), asyncio.create_task(once())
    await once.begun.wait()
    impatient.cancel()
    await asyncio.wait([impatient])
    call.gate.set()

    assert await patient == "done"


async def test_cancelling_ends_the_work_for_all():
    call = Call()
    once = Once(call)
    waiting = asyncio.create_task(once())
    await once.begun.wait()
    await once.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert once.cancelled


async def test_a_latch_closed_before_anybody_came_begins_nothing():
    call = Call()
    once = Once(call)
    await once.cancel()

    with pytest.raises(asyncio.CancelledError):
        await once()
    assert call.made == 0


async def test_a_failure_is_everybodys_and_warns_of_nothing():
    async def fails() -> str:
        raise ValueError("no")

    once = Once(fails)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await once()
    await once.cancel()
