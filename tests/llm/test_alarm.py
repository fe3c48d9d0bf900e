"""A deadline that is moved for every piece of a stream."""

import asyncio

import pytest

from llm._alarm import Alarm


def soon(seconds: float = 0.01) -> float:
    return asyncio.get_running_loop().time() + seconds


async def rings(when: float) -> bool:
    alarm = Alarm()
    try:
        with alarm.at(when):
            await asyncio.Event().wait()
    except TimeoutError:
        return alarm.rang
    finally:
        alarm.close()
    return False


async def test_what_lasts_too_long_is_a_timeout_and_the_task_goes_on():
    assert await rings(soon())
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0
    await asyncio.sleep(0)


async def test_a_deadline_that_was_moved_holds_as_it_is_now_and_not_as_it_was():
    alarm, loop = Alarm(), asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError), alarm.at(soon(0.01)):
        alarm.at(began + 0.05)
        await asyncio.Event().wait()
    assert loop.time() >= began + 0.05
    alarm.close()


async def test_a_deadline_may_come_nearer():
    alarm = Alarm()
    async with asyncio.timeout(30):
        with pytest.raises(TimeoutError), alarm.at(soon(60)):
            alarm.at(soon(0.01))
            await asyncio.Event().wait()
    alarm.close()


async def test_between_two_pieces_nothing_rings():
    alarm = Alarm()
    with alarm.at(soon(0.005)):
        pass
    rung = asyncio.Event()
    asyncio.get_running_loop().call_at(soon(0.02), rung.set)
    await rung.wait()
    with alarm.at(soon(60)):
        await asyncio.sleep(0)
    assert not alarm.rang
    alarm.close()


async def test_many_pieces_make_one_timer():
    alarm, loop = Alarm(), asyncio.get_running_loop()
    made: list[float] = []
    call_at = loop.call_at
    loop.call_at = lambda when, *more, **given: made.append(when) or call_at(when, *more, **given)  # type: ignore[method-assign]
    try:
        for number in range(100):
            with alarm.at(soon(60 + number)):
                pass
    finally:
        loop.call_at = call_at  # type: ignore[method-assign]
    assert len(made) == 1
    alarm.close()


async def test_who_is_cancelled_by_others_hears_of_no_timeout():
    inside = asyncio.Event()

    async def waits() -> None:
        alarm = Alarm()
        with alarm.at(soon(60)):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(waits())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_at_the_same_moment_is_cancelled():
    async def waits() -> None:
        alarm = Alarm()
        with alarm.at(soon(0.005)):
            try:
                await asyncio.Event().wait()
            finally:
                own = asyncio.current_task()
                assert own is not None and alarm.rang
                own.cancel()

    task = asyncio.create_task(waits())
    with pytest.raises(asyncio.CancelledError):
        await task
