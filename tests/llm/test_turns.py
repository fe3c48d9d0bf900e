"""What models write leaves the loop time for everything else."""

import asyncio
import math

from llm._turns import ALONE, SLICE, Turns

PIECE = 0.001
"""Seconds that the clock of these tests goes on for each piece that is taken in."""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def read(name: str, pieces: int, turns: Turns, clock: Clock, taken: list[str]) -> None:
    """As `llm._listen` does, of a stream that has everything ready."""
    for number in range(pieces):
        clock.now += PIECE
        taken.append(f"{name}{number}")
        if turns.over():
            await turns.next()


async def test_between_two_turns_of_others_texts_take_a_slice_and_not_all_that_there_is():
    clock, taken = Clock(), list[str]()
    turns = Turns(clock)
    readers = [asyncio.create_task(read(name, 100, turns, clock, taken)) for name in "abcdefgh"]
    together = asyncio.gather(*readers)
    longest, before = 0.0, clock.now
    while not together.done():
        await asyncio.sleep(0)
        longest, before = max(longest, clock.now - before), clock.now

    # A slice, and one piece of each stream that begins to wait in it.
    assert longest <= SLICE + (len(readers) + 2) * PIECE
    for name in "abcdefgh":
        assert [piece for piece in taken if piece[0] == name] == [f"{name}{number}" for number in range(100)]


async def test_streams_that_have_waited_go_on_in_turn():
    clock, taken = Clock(), list[str]()
    turns = Turns(clock)
    await asyncio.gather(*(read(name, 60, turns, clock, taken) for name in "abc"))

    last = {name: taken.index(f"{name}59") for name in "abc"}
    assert min(last.values()) > 100, "none is at its end long before the others"


async def test_a_piece_alone_is_never_held_back():
    clock = Clock()
    turns = Turns(clock)
    for _ in range(100):
        clock.now += 2 * ALONE
        assert not turns.over()


async def test_who_is_cancelled_while_it_waits_keeps_nobody_from_going_on():
    clock, taken = Clock(), list[str]()
    turns = Turns(clock)
    many = math.ceil(SLICE / PIECE) + 5
    first, second = (asyncio.create_task(read(name, many, turns, clock, taken)) for name in "ab")
    await asyncio.sleep(0)
    first.cancel()
    await second

    assert first.cancelled()
    assert f"b{many - 1}" in taken
