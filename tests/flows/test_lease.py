"""The lease of a run: who cannot renew it stops in time, whatever the reason."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from anyio import wait_all_tasks_blocked

from events.errors import Fenced, StoreUnavailable
from events.wishes import Wish
from flows import _lease


class Answers:
    """Runs of which only `renew` is asked: gives these one after the other, the last one for ever."""

    def __init__(self, *answers: Wish | Exception | None) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def renew(self, run_id: UUID, epoch: int, *, lease: float = 10.0) -> Wish | None:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def kept(runs: Any, *, lease: float = 0.2) -> tuple[list[Wish | None], list[BaseException]]:
    """What was heard until the run was lost, and why it was."""
    heard: list[Wish | None] = []
    lost: list[BaseException] = []
    async with asyncio.timeout(10):
        await _lease.keep(runs, uuid4(), 1, heard=heard.append, lost=lost.append, lease=lease, every=0.01)
    return heard, lost


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("nobody foresaw this")])
async def test_a_lease_that_cannot_be_renewed_for_its_whole_length_is_lost(error: Exception):
    runs = Answers(None, error)

    heard, lost = await kept(runs)

    assert heard == [None]
    assert lost == [error]
    assert runs.asked > 2, "it was tried again meanwhile"


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("nobody foresaw this")])
async def test_a_renewal_that_fails_once_costs_nothing(error: Exception):
    fenced = Fenced("another holds it")

    heard, lost = await kept(Answers(None, error, "cancel", fenced), lease=60.0)

    assert heard == [None, "cancel"]
    assert lost == [fenced]


async def test_a_run_that_is_another_s_is_lost_at_once():
    runs = Answers(Fenced("another holds it"))

    heard, lost = await kept(runs, lease=60.0)

    assert (heard, len(lost), runs.asked) == ([], 1, 1)


async def test_a_lease_is_not_renewed_the_moment_it_is_new_unless_somebody_wants_something():
    nudge, runs = asyncio.Event(), Answers("pause")
    heard: list[Wish | None] = []
    keeping = asyncio.create_task(
        _lease.keep(runs, uuid4(), 1, heard=heard.append, lost=heard.append, every=60, nudge=nudge)  # pyright: ignore[reportArgumentType]
    )
    await wait_all_tasks_blocked()
    before = runs.asked

    nudge.set()
    await wait_all_tasks_blocked()
    keeping.cancel()

    assert (before, runs.asked, heard) == (0, 1, ["pause"])


async def test_it_ends_when_it_is_told_to_though_somebody_wants_something_at_that_moment():
    nudge, runs = asyncio.Event(), Answers(None)
    heard: list[Wish | None] = []
    keeping = asyncio.create_task(
        _lease.keep(runs, uuid4(), 1, heard=heard.append, lost=heard.append, every=60, nudge=nudge)  # pyright: ignore[reportArgumentType]
    )
    nudge.set()
    async with asyncio.timeout(10):
        while not heard:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)

        nudge.set()
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.wait([keeping])

    assert keeping.cancelled()


class Slow:
    """A renewal that goes on until it may end."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.whole = asyncio.Event(), asyncio.Event(), False

    async def renew(self, run_id: UUID, epoch: int, *, lease: float = 10.0) -> Wish | None:
        self.begun.set()
        await self.may_end.wait()
        self.whole = True


async def test_a_renewal_under_way_is_not_broken_off():
    runs: Any = Slow()
    keeping = asyncio.create_task(
        _lease.keep(runs, uuid4(), 1, heard=lambda wish: None, lost=lambda error: None, every=0.01)
    )
    async with asyncio.timeout(10):
        await runs.begun.wait()

        keeping.cancel()
        await asyncio.sleep(0)
        runs.may_end.set()
        await asyncio.wait([keeping])

    assert runs.whole
    assert keeping.cancelled()
