"""What a log promises, on every store."""

import asyncio
import json
from uuid import uuid4

import anyio
import pytest

from events.contract import VERSION, Cancelled, ModelChunk, ReasonData
from events.errors import Fenced, NotAllowed, RunEnded, UnknownRun
from events.log import tail
from events.store import Store
from tests.events.words import LAST, OUTSIDE, checkpoint, chunk, complete, held, new, opened, start, story, text


async def test_a_run_begins_with_what_was_accepted(store: Store) -> None:
    run = await store.runs.accept(new())
    [entry] = await store.log.read(run.run_id)
    assert (entry.seq, entry.type, entry.run_id) == (1, "run_queued", run.run_id)


async def test_an_append_gives_the_seq_of_its_last_event(store: Store) -> None:
    run = await held(store)
    assert await store.log.append(run.run_id, [opened(), start()], epoch=run.epoch) == 3
    assert await store.log.append(run.run_id, [complete()], epoch=run.epoch) == 4
    assert await story(store.log, run.run_id) == ["run_queued", "run_start", "step_start", "step_complete"]


async def test_an_event_comes_out_as_the_contract_says(store: Store) -> None:
    run = await held(store)
    said = chunk("Grüße\n\u2028 \x00", lane="metrics", round=2)
    await store.log.append(run.run_id, [said], epoch=run.epoch)
    [entry] = await store.log.read(run.run_id, 1)
    assert entry.event == said
    line = json.loads(entry.line)
    assert (line["v"], line["run_id"], line["seq"], line["lane"]) == (VERSION, str(run.run_id), 2, "metrics")
    assert b"\n" not in entry.line


async def test_reading_goes_on_from_any_position(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [opened(), start(), complete(), start("qa"), complete("qa")], epoch=run.epoch)
    everything = await store.log.read(run.run_id)
    assert [entry.seq for entry in everything] == [1, 2, 3, 4, 5, 6]
    for after in range(8):
        assert await store.log.read(run.run_id, after) == everything[after:]
    assert await store.log.read(run.run_id, 2, limit=2) == everything[2:4]


async def test_a_reader_who_waits_gets_what_comes(store: Store) -> None:
    run = await held(store)
    with anyio.fail_after(5):
        waiting = asyncio.create_task(store.log.read(run.run_id, 1, wait=5))
        await store.log.append(run.run_id, [opened()], epoch=run.epoch)
        assert [entry.type for entry in await waiting] == ["run_start"]


async def test_a_reader_who_waits_in_vain_gets_nothing(store: Store) -> None:
    run = await held(store)
    assert await store.log.read(run.run_id, 1, wait=0.05) == []


async def test_many_readers_of_many_runs_are_each_told_of_their_own(store: Store) -> None:
    runs = [await held(store) for _ in range(5)]
    with anyio.fail_after(10):
        reading = [asyncio.create_task(store.log.read(run.run_id, 1, wait=9)) for run in runs for _ in range(4)]
        for run in runs:
            await store.log.append(run.run_id, [chunk(str(run.run_id))], epoch=run.epoch)
        for index, read in enumerate(await asyncio.gather(*reading)):
            assert [entry.run_id for entry in read] == [runs[index // 4].run_id]


async def test_a_tail_ends_behind_the_last_word(store: Store) -> None:
    run = await held(store)

    async def work() -> None:
        for event in (opened(), start(), complete(), LAST):
            await store.log.append(run.run_id, [event], epoch=run.epoch)

    with anyio.fail_after(10):
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            seen = [entry.seq async for entry in tail(store.log, run.run_id)]
    assert seen == [1, 2, 3, 4, 5]


async def test_nothing_follows_the_last_word(store: Store) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)
    for epoch in (run.epoch, run.epoch + 1, None):
        with pytest.raises(RunEnded):
            await store.log.append(run.run_id, [OUTSIDE if epoch is None else chunk("more")], epoch=epoch)
    assert await story(store.log, run.run_id) == ["run_queued", "complete"]


async def test_an_append_with_something_behind_its_last_word_is_refused_whole(store: Store) -> None:
    run = await held(store)
    with pytest.raises(RunEnded):
        await store.log.append(run.run_id, [start(), LAST, chunk("more")], epoch=run.epoch)
    assert await story(store.log, run.run_id) == ["run_queued"]


async def test_a_stale_writer_is_fenced(store: Store) -> None:
    old = await held(store, "first")
    await store.runs.renew(old.run_id, old.epoch, lease=0)
    now = await store.runs.claim("second", run_id=old.run_id)
    assert now is not None
    assert now.epoch > old.epoch
    with pytest.raises(Fenced):
        await store.log.append(old.run_id, [chunk("late")], epoch=old.epoch)
    with pytest.raises(Fenced):
        await store.log.append(old.run_id, [chunk("too early")], epoch=now.epoch + 1)
    assert await store.log.append(old.run_id, [chunk("on time")], epoch=now.epoch) == 2


async def test_whoever_released_a_run_writes_to_it_no_more(store: Store) -> None:
    run = await held(store)
    await store.runs.release(run.run_id, run.epoch)
    with pytest.raises(Fenced):
        await store.log.append(run.run_id, [chunk("late")], epoch=run.epoch)


async def test_a_holder_whose_lease_ran_out_still_writes_while_nobody_took_over(store: Store) -> None:
    run = await held(store)
    await store.runs.renew(run.run_id, run.epoch, lease=0)
    assert await store.log.append(run.run_id, [chunk("still here")], epoch=run.epoch) == 2


async def test_an_outsider_may_say_what_the_contract_allows_and_no_more(store: Store) -> None:
    run = await held(store)
    assert await store.log.append(run.run_id, [OUTSIDE]) == 2
    for event in (start(), chunk("x"), complete(), LAST, opened(), checkpoint()):
        with pytest.raises(NotAllowed):
            await store.log.append(run.run_id, [event])
    with pytest.raises(NotAllowed):
        await store.log.append(run.run_id, [Cancelled(data=ReasonData(reason="no"))])
    assert await store.log.append(run.run_id, [chunk("on")], epoch=run.epoch) == 3


async def test_an_outsider_ends_a_run_that_nobody_holds(store: Store) -> None:
    run = await store.runs.accept(new())
    assert await store.log.append(run.run_id, [OUTSIDE, Cancelled(data=ReasonData(reason="no need"))]) == 3


async def test_a_run_that_is_not_there_takes_nothing(store: Store) -> None:
    nobody = uuid4()
    with pytest.raises(UnknownRun):
        await store.log.append(nobody, [OUTSIDE])
    with pytest.raises(UnknownRun):
        await store.log.append(nobody, [chunk("x")], epoch=1)
    assert await store.log.read(nobody) == []


async def test_what_is_submitted_first_is_stored_first(store: Store) -> None:
    run = await held(store)
    said = [chunk(f"{i} ", "brief" if i % 3 else "qa") for i in range(60)]
    seqs = [store.log.submit(run.run_id, [event], epoch=run.epoch) for event in said]
    last = await store.log.append(run.run_id, [complete()], epoch=run.epoch)
    assert await text(store.log, run.run_id) == "".join(event.data.text for event in said)
    numbers = [await seq for seq in seqs]
    assert numbers == sorted(numbers)
    assert last == numbers[-1] + 1


async def test_a_submit_says_what_became_of_it(store: Store) -> None:
    run = await held(store)
    late = store.log.submit(run.run_id, [chunk("x")], epoch=run.epoch + 1)
    fine = store.log.submit(run.run_id, [chunk("y")], epoch=run.epoch)
    outside = store.log.submit(run.run_id, [chunk("z")])
    with pytest.raises(Fenced):
        await late
    with pytest.raises(NotAllowed):
        await outside
    assert await fine == 2


async def test_twenty_writers_and_outsiders_leave_every_log_dense(store: Store) -> None:
    runs = [await held(store) for _ in range(20)]

    async def work(index: int) -> None:
        run = runs[index]
        for number in range(25):
            await store.log.append(run.run_id, [chunk(f"{number} "), chunk("again ", "qa")], epoch=run.epoch)
        await store.log.append(run.run_id, [LAST], epoch=run.epoch)

    async def interrupt(index: int) -> None:
        for _ in range(10):
            try:
                await store.log.append(runs[index].run_id, [OUTSIDE])
            except RunEnded:
                return

    with anyio.fail_after(15):
        async with asyncio.TaskGroup() as group:
            for index in range(20):
                group.create_task(work(index))
                group.create_task(interrupt(index))
    for run in runs:
        entries = await store.log.read(run.run_id)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.final for entry in entries].index(True) == len(entries) - 1
        spoken = [entry.event for entry in entries if entry.type == "model_chunk"]
        brief = [event.data.text for event in spoken if isinstance(event, ModelChunk) and event.step == "brief"]
        assert "".join(brief) == "".join(f"{number} " for number in range(25))
