"""Watching a run through the hub: nothing lost, doubled or swapped, whenever you come, and however slowly you read."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from events._pulse import Pulse, Silence
from events._viewer import HELD
from events._watch import Backoff
from events._window import Window
from events.contract import Event
from events.errors import StoreUnavailable
from events.fold import fold_all
from events.frames import Control, Ping, Working
from events.hub import Hub
from events.log import Entry, EventLog
from events.runs import Runs
from events.snapshot import snapshot
from events.sse import NDJSON, SSE
from events.store import Store, open_store
from tests.check_history import check_history
from tests.histories import RUN_ID, Story, Teller, random_story, rich_story, simple_story, stories, tell
from tests.watching import Watcher, watching

SOON = 8


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    """A hub that is silent for as long as a test lasts, and lets nobody hang."""
    with anyio.fail_after(SOON * 2):
        async with Hub(store, working=1000, ping=1000) as hub:
            yield hub


async def begun(store: Store, story: Story, upto: int) -> Teller:
    """A run that has come as far as `upto`."""
    teller = Teller(store, story)
    await teller.begin()
    await teller.upto(upto)
    return teller


async def watch(hub: Hub, store: Store, run_id: UUID, after: int | None = None, **options: Any) -> Watcher:
    return await Watcher(hub, store, run_id, after, **options).watch()


# --- the log, from every position -----------------------------------------------------------------------------------


async def test_a_viewer_who_comes_first_sees_the_whole_story(hub: Hub, store: Store) -> None:
    teller = await begun(store, simple_story(), 1)
    async with watching(hub, store, teller.story.run_id) as viewer:
        await teller.end()
        await viewer.until(lambda seen: seen.done)
    assert [f"{event['seq']} {event['type']}" for event in viewer.log] == [
        *("1 run_queued", "2 run_start", "3 step_start", "4 model_chunk", "5 model_chunk", "6 model_chunk"),
        *("7 usage", "8 step_complete", "9 complete"),
    ]
    assert viewer.control == [{"type": "stream_open", "mode": "replay", "oldest_seq": 1, "tail_seq": 1}]


@pytest.mark.parametrize("number", range(len(stories())))
async def test_a_finished_run_is_seen_exactly_from_every_cursor(hub: Hub, store: Store, number: int) -> None:
    story = stories()[number]
    run_id = await tell(store, story)
    viewers = [await watch(hub, store, run_id, after) for after in range(len(story.events) + 1)]
    check_history({run_id: story.entries}, readers=[viewer.reader for viewer in viewers], max_attempts=3)
    assert {viewer.control[0]["mode"] for viewer in viewers} == {"finished"}
    assert tails() == [], "what has ended needs no tail"


async def test_a_run_that_goes_on_is_seen_exactly_from_every_cursor_and_every_moment(hub: Hub, store: Store) -> None:
    teller = await begun(store, rich_story(), 2)
    viewers: list[Watcher] = []
    async with asyncio.TaskGroup() as tasks:
        for told in range(3, len(teller.story.events) + 1):
            for after in (0, told // 2, told - 1):
                viewers.append(Watcher(hub, store, teller.story.run_id, after))
                tasks.create_task(viewers[-1].watch())
                await viewers[-1].until(lambda seen: seen.frames)
            await teller.upto(told)
    readers = [viewer.reader for viewer in viewers]
    check_history({teller.story.run_id: teller.story.entries}, readers=readers, max_attempts=3)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), frames=st.integers(1, 20))
async def test_viewers_who_come_and_go_anywhere_lose_nothing(seed: int, frames: int) -> None:
    """Each reads some writes, leaves, and comes back with the cursor that it has; the window is tiny."""
    draw, story = random.Random(seed), random_story(seed)
    async with open_store("memory://") as store, Hub(store, working=0.0005, ping=0.001, frames=frames) as hub:
        teller = await begun(store, story, 1)
        seen: list[list[dict[str, Any]]] = [[] for _ in range(5)]

        async def come_and_go(log: list[dict[str, Any]]) -> None:
            while not log or log[-1]["type"] != "complete":
                view = await store.runs.view(story.run_id, "default")
                after = log[-1]["seq"] if log else None
                async with aclosing(hub.watch(story.run_id, view, after, fmt=NDJSON)) as stream:
                    left = draw.randint(1, 8)
                    async for data in stream:
                        lines = [json.loads(line) for line in data.splitlines()]
                        log += [line for line in lines if "seq" in line]
                        left -= 1
                        if left == 0:
                            break
                        await asyncio.sleep(0)

        with anyio.fail_after(SOON):
            async with asyncio.TaskGroup() as tasks:
                for log in seen:
                    tasks.create_task(come_and_go(log))
                while teller.told < len(story.events):
                    await teller.upto(teller.told + draw.randint(1, 6))
                    await asyncio.sleep(0)
        entries = [json.loads(entry.line) for entry in story.entries]
        assert seen == [entries] * 5
        assert hub.watched() == {}


async def test_a_story_that_is_told_at_once_comes_in_few_writes(hub: Hub, store: Store) -> None:
    story = Story().queued().started().start("brief").writes("brief", *["x" * 1000] * 300).completes("brief").done()
    viewer = await watch(hub, store, await tell(store, story))
    assert len(viewer.log) == len(story.events)
    sizes = [len(write) for write in viewer.writes]
    assert max(sizes) < 66_000
    assert len(sizes) < 20


# --- what a stream says about itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "mode"), [(None, "replay"), (0, "replay"), (1, "replay"), (2, "live")], ids=["none", "0", "1", "2"]
)
async def test_the_first_frame_says_what_is_to_come(hub: Hub, store: Store, after: int | None, mode: str) -> None:
    teller = await begun(store, simple_story(), 2)
    async with watching(hub, store, teller.story.run_id, after) as viewer:
        assert viewer.frames[0] == {"type": "stream_open", "mode": mode, "oldest_seq": 1, "tail_seq": 2}
        assert viewer.writes[0].startswith(b"event: stream_open\nretry: 2000\n")


async def test_a_viewer_who_has_seen_the_last_word_is_told_so(hub: Hub, store: Store) -> None:
    run_id = await tell(store, simple_story())
    viewer = await watch(hub, store, run_id, 9)
    assert viewer.frames == [{"type": "stream_open", "mode": "finished", "oldest_seq": 1, "tail_seq": 9}]


async def test_a_snapshot_may_stand_for_the_log_so_far(hub: Hub, store: Store) -> None:
    teller = await begun(store, simple_story(), 5)
    run_id = teller.story.run_id
    async with watching(hub, store, run_id, snapshot=True) as viewer:
        expected = await snapshot(store.log, await store.runs.view(run_id, "default"))
        await teller.end()
        await viewer.until(lambda seen: seen.done)
    assert viewer.kinds == ["stream_open", "snapshot"]
    assert viewer.control[0]["mode"] == "live"
    assert viewer.control[1] == {"type": "snapshot", "tail_seq": 5, "run": expected}
    assert expected["steps"][0]["text"] == "Once upon "
    assert [event["seq"] for event in viewer.log] == [6, 7, 8, 9]


async def test_with_a_cursor_there_is_no_need_for_a_snapshot(hub: Hub, store: Store) -> None:
    run_id = await tell(store, simple_story())
    viewer = await watch(hub, store, run_id, 3, snapshot=True)
    assert viewer.kinds == ["stream_open"]
    assert [event["seq"] for event in viewer.log] == [4, 5, 6, 7, 8, 9]


async def test_a_snapshot_of_a_finished_run_is_all_there_is(hub: Hub, store: Store) -> None:
    viewer = await watch(hub, store, await tell(store, simple_story()), snapshot=True)
    assert (viewer.kinds, viewer.log) == (["stream_open", "snapshot"], [])
    assert viewer.control[1]["run"]["result"] == "the end"


@pytest.mark.parametrize("after", [6, 2**53])
async def test_a_cursor_ahead_of_the_log_is_told_so_and_goes_on(hub: Hub, store: Store, after: int) -> None:
    teller = await begun(store, simple_story(), 5)
    async with watching(hub, store, teller.story.run_id, after) as viewer:
        await teller.end()
        await viewer.until(lambda seen: seen.done)
    assert viewer.kinds == ["stream_open", "stream_gap", "snapshot"]
    assert viewer.control[1] == {
        "type": "stream_gap",
        "requested_after": after,
        "oldest_seq": 1,
        "tail_seq": 5,
        "reason": "The cursor is ahead of the log.",
    }
    assert viewer.control[2]["run"]["steps"][0]["text"] == "Once upon "
    assert [event["seq"] for event in viewer.log] == [6, 7, 8, 9]


async def test_so_is_one_ahead_of_a_run_that_has_ended(hub: Hub, store: Store) -> None:
    viewer = await watch(hub, store, await tell(store, simple_story()), 10)
    assert viewer.kinds == ["stream_open", "stream_gap", "snapshot"]
    assert viewer.log == []


async def test_the_same_comes_as_lines_of_json(hub: Hub, store: Store) -> None:
    story = rich_story()
    run_id = await tell(store, story)
    as_sse, as_lines = await watch(hub, store, run_id), await watch(hub, store, run_id, fmt=NDJSON)
    assert as_lines.frames == as_sse.frames
    assert b"".join(as_lines.writes).splitlines()[1:] == [entry.line for entry in story.entries]


async def test_a_format_may_leave_things_out(hub: Hub, store: Store) -> None:
    class Terse:
        def entry(self, entry: Entry) -> bytes:
            return b"%d " % entry.seq if entry.type.startswith("step") else b""

        def control(self, frame: Control) -> bytes:
            return b""

    teller = await begun(store, simple_story(), 2)
    view = await store.runs.view(teller.story.run_id, "default")
    live = asyncio.create_task(joined(hub, teller.story.run_id, view, Terse()))
    await teller.end()
    assert await live == b"3 8 "
    view = await store.runs.view(teller.story.run_id, "default")
    assert await joined(hub, teller.story.run_id, view, Terse()) == b"3 8 "


async def joined(hub: Hub, run_id: UUID, view: Any, fmt: Any) -> bytes:
    async with aclosing(hub.watch(run_id, view, fmt=fmt)) as stream:
        return b"".join([data async for data in stream])


# --- silence --------------------------------------------------------------------------------------------------------


class Time:
    """A clock that stands still until it is told to go on; in seconds, and in Unix ms."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def wall(self) -> int:
        return int(self.now * 1000)


def pulse_of(story: Story, time: Time) -> Pulse:
    view = fold_all(str(RUN_ID), story.entries)
    return Pulse(view, Silence(working=2, ping=15), clock=time.clock, wall=time.wall)


def after(pulse: Pulse, time: Time, seconds: float) -> list[Control]:
    time.now += seconds
    return list(pulse.beat(tail=7))


def test_a_step_that_writes_nothing_is_said_to_be_working_every_two_seconds() -> None:
    time = Time()
    pulse = pulse_of(Story(ts=999_990).queued().started().start("brief"), time)
    assert pulse.due == 2
    assert after(pulse, time, 1.9) == []
    assert after(pulse, time, 0.1) == [Working(step="brief", elapsed_ms=1980)]
    assert pulse.due == 2
    assert after(pulse, time, 2) == [Working(step="brief", elapsed_ms=3980)]


def test_a_step_that_writes_is_not() -> None:
    time, story = Time(), Story(ts=999_990).queued().started().start("brief").start("qa")
    pulse = pulse_of(story, time)
    time.now += 1
    pulse.hear(story.writes("brief", 'a text that says "step":"qa"').entries[-1:])
    assert after(pulse, time, 1) == [Working(step="qa", elapsed_ms=1970)]
    assert after(pulse, time, 1) == [Working(step="brief", elapsed_ms=2980)]


def test_steps_begin_and_end_while_they_are_listened_to() -> None:
    time, story = Time(), Story(ts=999_990).queued().started()
    pulse = pulse_of(story, time)
    pulse.hear(story.start("brief").entries[-1:])
    assert [frame.type for frame in after(pulse, time, 2)] == ["working"]
    pulse.hear(story.retry("brief").entries[-1:])
    assert after(pulse, time, 2) == []
    pulse.hear(story.start("brief").entries[-1:])
    assert [frame.type for frame in after(pulse, time, 2)] == ["working"]
    pulse.hear(story.completes("brief").entries[-1:])
    assert after(pulse, time, 14.9) == []


def test_what_comes_in_one_reading_is_heard_as_if_it_came_one_by_one() -> None:
    time, story = Time(), Story(ts=999_990).queued().started().start("brief").start("qa")
    at_once, one_by_one = pulse_of(story, time), pulse_of(story, time)
    before = len(story.entries)
    story.writes("qa", "a").retry("qa").start("qa").start("scoring").writes("brief", "b").completes("brief")
    story.writes("scoring", "c").writes("scoring", "d")
    time.now += 1

    at_once.hear(story.entries[before:])
    for entry in story.entries[before:]:
        one_by_one.hear([entry])

    assert at_once.view == one_by_one.view == fold_all(str(RUN_ID), story.entries)
    assert at_once.due == one_by_one.due == 2
    assert after(at_once, time, 2) == after(one_by_one, time, 0)


def test_a_ping_comes_after_fifteen_seconds_in_which_nothing_was_said() -> None:
    time, story = Time(), Story().queued()
    pulse = pulse_of(story, time)
    assert pulse.due == 15
    assert after(pulse, time, 14) == []
    pulse.hear(story.started().entries[-1:])
    assert after(pulse, time, 14) == []
    assert after(pulse, time, 1) == [Ping(tail_seq=7)]
    assert pulse.due == 15


@pytest.mark.parametrize(("seconds", "eta_ms"), [(4, 6000), (12, 8000), (30, None)])
def test_how_long_a_step_may_take_is_what_it_took_before(seconds: float, eta_ms: int | None) -> None:
    time, story = Time(), Story(ts=999_970).queued().started()
    pulse = pulse_of(story.start("brief", data={"expected_ms": {"p50": 10_000, "p90": 20_000, "n": 9}}), time)
    assert after(pulse, time, seconds) == [Working(step="brief", elapsed_ms=int(seconds * 1000), eta_ms=eta_ms)]


def test_a_clock_that_is_behind_gives_no_negative_time() -> None:
    time = Time()
    pulse = pulse_of(Story(ts=9_999_999).queued().started().start("brief"), time)
    assert after(pulse, time, 2) == [Working(step="brief", elapsed_ms=0)]


async def test_all_viewers_of_a_run_hear_the_same_beats(store: Store) -> None:
    with anyio.fail_after(SOON):
        async with Hub(store, working=0.01, ping=1000) as hub:
            teller = await begun(store, simple_story(), 3)
            run_id = teller.story.run_id
            async with watching(hub, store, run_id) as first, watching(hub, store, run_id, fmt=NDJSON) as second:
                for viewer in (first, second):
                    await viewer.until(lambda seen: seen.kinds.count("working") >= 3)
                    assert set(viewer.kinds[1:]) == {"working"}
                    assert viewer.control[-1]["step"] == "brief"
                await teller.end()
                await first.until(lambda seen: seen.done)
            check_history({run_id: teller.story.entries}, readers=[first.reader], max_attempts=1)


async def test_silence_costs_the_store_nothing(store: Store) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON):
        async with Hub(counted, working=0.002, ping=1000) as hub:
            teller = await begun(store, simple_story(), 3)
            async with watching(hub, store, teller.story.run_id, 3) as viewer:
                await viewer.until(lambda seen: "working" in seen.kinds)
                counted.reads.clear()
                await viewer.until(lambda seen: seen.kinds.count("working") > 10)
                assert counted.reads == []


async def test_a_beat_stands_where_it_was_silent_also_for_who_reads_later(store: Store) -> None:
    time = Time()
    with anyio.fail_after(SOON):
        async with Hub(store, working=0.01, ping=1000, clock=time.clock) as hub:
            teller = await begun(store, simple_story(), 3)
            run_id = teller.story.run_id
            slow = hub.watch(run_id, await store.runs.view(run_id, "default"), 3, fmt=NDJSON)
            await anext(slow)
            async with watching(hub, store, run_id, 3) as quick:
                await teller.upto(4)
                await quick.until(lambda seen: seen.log)
                time.now += 1
                await quick.until(lambda seen: "working" in seen.kinds)
                await teller.end()
                await quick.until(lambda seen: seen.done)
            rest = b"".join([data async for data in slow])
        types = [json.loads(line)["type"] for line in rest.splitlines()]
        assert types[:3] == ["model_chunk", "working", "model_chunk"]


async def test_who_is_ahead_of_a_beat_does_not_hear_it(store: Store) -> None:
    time = Time()
    with anyio.fail_after(SOON):
        async with Hub(store, working=0.01, ping=1000, frames=1, clock=time.clock) as hub:
            teller = await begun(store, simple_story(), 3)
            run_id = teller.story.run_id
            slow = hub.watch(run_id, await store.runs.view(run_id, "default"), 3, fmt=NDJSON)
            await anext(slow)
            async with watching(hub, store, run_id, 3) as quick:
                await teller.upto(7)
                await quick.until(lambda seen: len(seen.log) == 4)
                time.now += 1
                await quick.until(lambda seen: "working" in seen.kinds)
                # It is behind the window, and reads a page, which reaches further than the beat stands.
                await teller.end()
                rest = b"".join([data async for data in slow])
        assert [json.loads(line).get("seq") for line in rest.splitlines()] == [4, 5, 6, 7, 8, 9]


async def test_a_run_without_an_open_step_is_pinged_for(store: Store) -> None:
    with anyio.fail_after(SOON):
        async with Hub(store, working=1000, ping=0.01) as hub:
            teller = await begun(store, simple_story(), 1)
            async with watching(hub, store, teller.story.run_id) as viewer:
                await viewer.until(lambda seen: seen.kinds.count("ping") >= 3)
            assert viewer.control[1:3] == [{"type": "ping", "tail_seq": 1}] * 2


# --- many viewers, slow viewers -------------------------------------------------------------------------------------


class Counted:
    """A log that counts what is read, and can be made to fail, to break, or to have lost its beginning."""

    def __init__(self, store: Store) -> None:
        self.runs: Runs = store.runs
        self.inner: EventLog = store.log
        self.reads: list[int] = []
        self.failure: Exception | None = None
        self.oldest = 1
        self.failed = asyncio.Event()

    @property
    def log(self) -> EventLog:
        return self

    async def append(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> int:
        return await self.inner.append(run_id, events, epoch=epoch)

    def submit(self, run_id: UUID, events: Sequence[Event], *, epoch: int | None = None) -> "asyncio.Future[int]":
        return self.inner.submit(run_id, events, epoch=epoch)

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        self.reads.append(after)
        if self.failure is not None:
            self.failed.set()
            raise self.failure
        return await self.inner.read(run_id, max(after, self.oldest - 1), limit=limit, wait=wait)


async def test_viewers_share_one_tail_and_its_bytes(store: Store) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON * 2):
        async with Hub(counted, working=1000, ping=1000) as hub:
            teller = await begun(store, rich_story(), 3)
            viewers = [Watcher(hub, store, teller.story.run_id, 3) for _ in range(50)]
            async with asyncio.TaskGroup() as tasks:
                for viewer in viewers:
                    tasks.create_task(viewer.watch())
                    await viewer.until(lambda seen: seen.frames)
                assert (hub.watched(), len(tails())) == ({teller.story.run_id: 50}, 1)
                counted.reads.clear()
                for told in range(4, len(teller.story.events) + 1):
                    await teller.upto(told)
                    for viewer in viewers:
                        await viewer.until(lambda seen, told=told: seen.log and seen.log[-1]["seq"] == told)
            assert len(counted.reads) <= len(teller.story.events), "no viewer reads what the tail has read"
            for writes in list(zip(*(viewer.writes for viewer in viewers), strict=True))[1:]:
                assert len({id(write) for write in writes}) == 1
            assert hub.watched() == {}


async def test_a_viewer_who_does_not_read_slows_nobody_and_gets_everything(store: Store) -> None:
    story = Story().queued().started().start("brief").writes("brief", *["x" * 50] * 150).completes("brief").done()
    with anyio.fail_after(SOON * 2):
        async with Hub(store, working=1000, ping=1000, frames=16) as hub:
            teller = await begun(store, story, 3)
            view = await store.runs.view(story.run_id, "default")
            slow = hub.watch(story.run_id, view, fmt=NDJSON)
            opened = await anext(slow)
            async with watching(hub, store, story.run_id) as quick:
                for told in range(4, len(story.events) + 1):
                    await teller.upto(told)
                    await quick.until(lambda seen, told=told: bool(seen.log) and seen.log[-1]["seq"] == told)
            assert quick.log[-1]["type"] == "complete"
            rest = b"".join([data async for data in slow])
            assert opened.startswith(b'{"type":"stream_open"')
            assert rest.splitlines() == [entry.line for entry in story.entries]


async def test_a_viewer_who_is_behind_holds_no_more_of_a_long_log_than_it_is_about_to_write(store: Store) -> None:
    story = Story().queued().started().start("brief").writes("brief", *["x" * 50_000] * 60)
    story.writes("brief", *["x"] * 600).completes("brief").done()
    run_id, counted = await tell(store, story), Counted(store)
    with anyio.fail_after(SOON * 2):
        async with Hub(counted, working=1000, ping=1000) as hub:
            stream = hub.watch(run_id, await store.runs.view(run_id, "default"), fmt=NDJSON)
            seen = b"".join([data async for data in stream]).splitlines()[1:]
    assert seen == [entry.line for entry in story.entries]
    # The first reading is for the oldest entry. Behind a page of which only a part was kept, the next goes on.
    read = [after for after in counted.reads[1:] if after < 60]
    steps = [later - earlier for earlier, later in zip(read, read[1:], strict=False)]
    assert max(steps) * 50_000 < 2 * HELD
    assert len(counted.reads) < 30, "short entries come in long pages again"


@pytest.mark.parametrize(("frames", "size"), [(16, 10**6), (10**6, 2000)], ids=["by number", "by size"])
def test_what_is_kept_at_hand_is_bounded(frames: int, size: int) -> None:
    story = Story().queued().started().start("brief").writes("brief", *["x" * 50] * 500)
    window = Window(3, frames=frames, size=size)
    for entry in story.entries[3:]:
        window.add([entry])
        kept = window.batch(window.first - 1, window.tail, NDJSON)[0].splitlines()
        assert len(kept) == window.tail - window.first + 1 <= frames * 5 // 4
        assert sum(len(line) for line in kept) < 2 * size
        assert json.loads(kept[-1])["seq"] == entry.seq
    assert window.first > 450


async def test_the_last_viewer_who_leaves_ends_the_tail(hub: Hub, store: Store) -> None:
    teller = await begun(store, simple_story(), 3)
    async with watching(hub, store, teller.story.run_id):
        async with watching(hub, store, teller.story.run_id):
            assert hub.watched() == {teller.story.run_id: 2}
        assert hub.watched() == {teller.story.run_id: 1}
        assert len(tails()) == 1
    assert hub.watched() == {}
    await asyncio.gather(*tails(), return_exceptions=True)
    assert tails() == []


def tails() -> list["asyncio.Task[Any]"]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("stepglass-tail")]


# --- what can go wrong ----------------------------------------------------------------------------------------------


async def test_viewers_keep_their_streams_while_the_store_is_away(store: Store) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON):
        async with Hub(counted, working=1000, ping=0.02, backoff=Backoff(0.001, 0.01)) as hub:
            teller = await begun(store, simple_story(), 4)
            async with watching(hub, store, teller.story.run_id) as viewer:
                await viewer.until(lambda seen: len(seen.log) == 4)
                counted.failure = StoreUnavailable("away")
                await teller.upto(5)
                await counted.failed.wait()
                pings = viewer.kinds.count("ping")
                await viewer.until(lambda seen: seen.kinds.count("ping") > pings + 2)
                late = asyncio.create_task(watch(hub, store, teller.story.run_id))
                while 0 not in counted.reads[-5:]:
                    counted.failed.clear()
                    await counted.failed.wait()
                await teller.end()
                counted.failure = None
                await viewer.until(lambda seen: seen.done)
                readers = [viewer.reader, (await late).reader]
            check_history({teller.story.run_id: teller.story.entries}, readers=readers, max_attempts=1)


async def test_a_log_that_was_shortened_is_told_of(store: Store) -> None:
    counted = Counted(store)
    run_id = await tell(store, simple_story())
    counted.oldest = 5
    async with Hub(counted) as hub:
        viewer = await watch(hub, store, run_id, 2)
        assert viewer.kinds == ["stream_open", "stream_gap", "snapshot"]
        assert (viewer.control[0]["oldest_seq"], viewer.control[1]["oldest_seq"]) == (5, 5)
        assert viewer.control[1]["reason"] == "The log does not go back that far any more."
        assert [event["seq"] for event in (await watch(hub, store, run_id, 4)).log] == [5, 6, 7, 8, 9]


async def test_one_who_was_slow_while_it_was_shortened_is_told_too(store: Store) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON):
        async with Hub(counted, working=1000, ping=1000, frames=2) as hub:
            teller = await begun(store, rich_story(), 4)
            view = await store.runs.view(teller.story.run_id, "default")
            slow = hub.watch(teller.story.run_id, view, 4, fmt=NDJSON)
            await anext(slow)
            async with watching(hub, store, teller.story.run_id, 4) as quick:
                await teller.upto(20)
                await quick.until(lambda seen: seen.log and seen.log[-1]["seq"] == 20)
                counted.oldest = 15
                gap = [json.loads(line) for line in (await anext(slow)).splitlines()]
                assert [frame["type"] for frame in gap] == ["stream_gap", "snapshot"]
                assert (gap[0]["requested_after"], gap[0]["oldest_seq"], gap[1]["tail_seq"]) == (4, 15, 20)
                await teller.upto(21)
                assert json.loads(await anext(slow))["seq"] == 21
            await slow.aclose()


async def test_after_a_restore_nobody_is_shown_what_the_store_no_longer_has(store: Store) -> None:
    with anyio.fail_after(SOON):
        async with open_store("memory://") as backup:
            story = simple_story()
            both = [await begun(store, story, 6), await begun(backup, simple_story(), 4)]
            switch = Counted(store)
            async with Hub(switch, working=1000, ping=1000) as hub:
                async with watching(hub, store, story.run_id, 2) as before:
                    await before.until(lambda seen: len(seen.log) == 4)
                    switch.inner = Renamed(backup.log, both[1].story.run_id, story.run_id)
                    view = (await backup.runs.view(both[1].story.run_id, "default")).model_copy(
                        update={"run_id": str(story.run_id)}
                    )
                    async with aclosing(hub.watch(story.run_id, view, 6, fmt=NDJSON)) as stream:
                        opened = [json.loads(line) for line in (await anext(stream)).splitlines()]
                        assert [frame["type"] for frame in opened] == ["stream_open", "stream_gap", "snapshot"]
                        await before.until(lambda seen: seen.done)
                        await both[1].upto(5)
                        assert json.loads(await anext(stream))["seq"] == 5


class Renamed(Counted):
    """A log in which a run has another id."""

    def __init__(self, log: EventLog, inside: UUID, outside: UUID) -> None:
        self.inner, self._inside, self._outside = log, inside, outside

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        found = await self.inner.read(self._inside, after, limit=limit, wait=wait)
        return [Entry(self._outside, entry.seq, entry.type, entry.body) for entry in found]


async def test_a_tail_that_breaks_sends_its_viewers_away(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON):
        async with Hub(counted, working=0.01) as hub:
            teller = await begun(store, simple_story(), 3)
            slow = hub.watch(teller.story.run_id, await store.runs.view(teller.story.run_id, "default"), 3)
            await anext(slow)
            with caplog.at_level(logging.CRITICAL, "stepglass.hub"):
                async with watching(hub, store, teller.story.run_id) as viewer:
                    counted.failure = RuntimeError("a bug")
                    await teller.upto(4)
                    await viewer.until(lambda seen: seen.done)
            counted.failure = None
            async with watching(hub, store, teller.story.run_id, 4) as viewer:
                await teller.end()
                await viewer.until(lambda seen: seen.done)
            assert viewer.log[-1]["type"] == "complete", "the next one finds a tail that works"
            # Also while one who is slow to leave still has the broken one.
            assert b"id: 5" not in b"".join([data async for data in slow])


async def test_a_hub_that_stops_ends_every_stream_where_it_is(store: Store) -> None:
    counted = Counted(store)
    with anyio.fail_after(SOON):
        async with Hub(counted, working=1000, ping=1000) as hub:
            teller, ended = await begun(store, simple_story(), 4), await tell(store, simple_story())
            view = await store.runs.view(ended, "default")
            reading = hub.watch(ended, view, fmt=SSE)
            await anext(reading)
            async with watching(hub, store, teller.story.run_id) as viewer:
                await viewer.until(lambda seen: len(seen.log) == 4)
                counted.failure = StoreUnavailable("away")
                waiting = asyncio.create_task(watch(hub, store, teller.story.run_id, 1))
                await counted.failed.wait()
                hub.stop()
                await viewer.until(lambda seen: seen.done)
                assert (await waiting).log == []
                assert [data async for data in reading] == []
            assert hub.watched() == {}
        assert tails() == []
