"""Who gets the next place for a call to the model."""

import asyncio

import pytest

from llm._places import Places


class Runs:
    """Calls that hold a place until they are told to end; `began` are their names in the order in which they got it."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.began: list[str] = []

    async def call(self, run: str, name: str) -> None:
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(run, name))
        await settled()

    async def _hold(self, run: str, name: str) -> None:
        async with self._places.taken(run):
            self.began.append(name)
            await self.ends[name].wait()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def runs() -> Runs:
    return Runs(Places(2))


async def test_a_run_without_a_call_under_way_comes_before_the_third_call_of_another(runs: Runs):
    for name in ("a1", "a2", "a3"):
        await runs.call("a", name)
    await runs.call("b", "b1")

    await runs.end("a1")

    assert runs.began == ["a1", "a2", "b1"]
    await runs.end("a2")
    assert runs.began == ["a1", "a2", "b1", "a3"]
    for name in ("b1", "a3"):
        await runs.end(name)
    await asyncio.gather(*runs.tasks.values())


async def test_among_equals_who_came_first_is_first(runs: Runs):
    for name in "abcd":
        await runs.call(name, name)
    for name in "abcd":
        await runs.end(name)

    assert runs.began == ["a", "b", "c", "d"]
    await asyncio.gather(*runs.tasks.values())


async def test_who_waits_no_more_takes_no_place_and_hands_on_one_that_had_just_come(runs: Runs):
    for name in ("a", "b", "gone", "late", "c", "d"):
        await runs.call(name, name)
    runs.tasks["gone"].cancel()
    await settled()
    runs.ends["a"].set()
    await asyncio.sleep(0)  # one turn: "a" has given its place to "late", which does not know yet
    runs.tasks["late"].cancel()
    await settled()

    assert runs.began == ["a", "b", "c"]
    for name in ("b", "c", "d"):
        await runs.end(name)
    assert runs.began == ["a", "b", "c", "d"]
    ended = await asyncio.gather(*runs.tasks.values(), return_exceptions=True)
    assert [type(each) for each in ended if each is not None] == [asyncio.CancelledError] * 2


async def test_all_places_are_there_again_when_all_calls_are_over(runs: Runs):
    for turn in range(3):
        for name in ("x", "y", "z"):
            await runs.call("a", f"{name}{turn}")
        for name in ("x", "y", "z"):
            await runs.end(f"{name}{turn}")
    assert len(runs.began) == 9
    await asyncio.gather(*runs.tasks.values())
