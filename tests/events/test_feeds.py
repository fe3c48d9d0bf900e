"""What viewers of all runs see: every run that changed, as it is by then, from wherever they were."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from events._patience import Backoff
from events.changes import Change, Changes
from events.contract import StepStart
from events.errors import StoreUnavailable
from events.feeds import RECENT, Feeds, Wanted
from events.runs import DEFAULT_TENANT, Claim
from events.sse import NDJSON, SSE, Lines
from events.store import Store, open_store
from tests.events.words import LAST, chunk, held, new, opened, start
from tests.sse_parser import parse

Json = dict[str, Any]
SOON = 10


class Looker:
    """A viewer who keeps what it sees and can be waited for."""

    def __init__(self) -> None:
        self.frames: list[Json] = []
        self.writes: list[bytes] = []
        self.done = False
        self._news = asyncio.Event()

    @property
    def changes(self) -> list[Json]:
        return [frame for frame in self.frames if frame["type"] == "run_changed"]

    @property
    def runs(self) -> list[tuple[str, str]]:
        return [(change["run"]["run_id"], change["run"]["status"]) for change in self.changes]

    @property
    def newest(self) -> dict[str, Json]:
        return {change["run"]["run_id"]: change["run"] for change in self.changes}

    def has_reached(self, number: int) -> bool:
        return bool(self.changes) and self.cursor == number

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def cursor(self) -> int:
        return self.changes[-1]["cursor"]

    async def watch(self, stream: AsyncGenerator[bytes]) -> None:
        async with aclosing(stream):
            async for data in stream:
                self.writes.append(data)
                self.frames += [json.loads(line) for line in data.splitlines()]
                self._tell()
        self.done = True
        self._tell()

    async def until(self, condition: Callable[["Looker"], object]) -> None:
        while not condition(self):
            await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


@asynccontextmanager
async def looking(feeds: Feeds, after: int | None = None, **options: Any) -> AsyncGenerator[Looker]:
    """A viewer in a task of its own, who has seen `stream_open` at the start of the block and leaves at its end."""
    looker = Looker()
    stream = feeds.watch(options.pop("tenant", DEFAULT_TENANT), after, fmt=NDJSON, **options)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(looker.watch(stream))
        await looker.until(lambda seen: seen.frames)
        yield looker
        task.cancel()


@pytest.fixture
async def feeds(store: Store) -> AsyncIterator[Feeds]:
    with anyio.fail_after(SOON):
        async with Feeds(store, ping=1000, pace=0) as feeds:
            yield feeds


class Counted:
    """A store's changes whose readings are counted, and which may be away."""

    def __init__(self, changes: Changes) -> None:
        self.inner = changes
        self.reads: list[int] = []
        self.waits = 0
        self.failure: Exception | None = None
        self.failed = asyncio.Event()

    @property
    def changes(self) -> "Counted":
        return self

    async def read(self, tenant: str, after: int = 0, *, limit: int = 100, wait: float = 0) -> list[Change]:
        self._look()
        self.reads.append(after)
        self.waits += wait > 0
        found = await self.inner.read(tenant, after, limit=limit, wait=min(wait, 0.05))
        self._look()
        return found

    async def mark(self, tenant: str, back: int = 0) -> int:
        self._look()
        return await self.inner.mark(tenant, back)

    def _look(self) -> None:
        if self.failure is not None:
            self.failed.set()
            raise self.failure


async def say(store: Store, run: Claim, attempt: int = 1) -> None:
    await store.log.append(run.run_id, [StepStart(step="brief", attempt=attempt)], epoch=run.epoch)


async def end(store: Store, run: Claim) -> None:
    await store.log.append(run.run_id, [LAST], epoch=run.epoch)


async def test_a_change_reaches_who_looks(store: Store, feeds: Feeds) -> None:
    async with looking(feeds) as looker:
        assert looker.frames == [{"type": "stream_open", "mode": "live", "oldest_seq": 1, "tail_seq": 0}]
        run = await held(store)
        await looker.until(lambda seen: seen.changes)
        await store.log.append(run.run_id, [opened()], epoch=run.epoch)
        await end(store, run)
        await looker.until(lambda seen: seen.runs[-1:] == [(str(run.run_id), "complete")])
        view = await store.runs.view(run.run_id, DEFAULT_TENANT)
        assert looker.changes[-1]["run"] == view.model_dump(mode="json", exclude_none=True), "as in a list of runs"


async def test_over_sse_a_change_moves_the_cursor_and_nothing_else_does(store: Store, feeds: Feeds) -> None:
    await held(store)
    stream = feeds.watch(DEFAULT_TENANT, fmt=SSE)
    async with aclosing(stream):
        opening, change = parse(await anext(stream) + await anext(stream))
    assert (opening.event, opening.own_id) == ("stream_open", None)
    assert (change.event, change.own_id) == ("message", str(change.json["cursor"]))
    assert set(change.json) == {"type", "cursor", "run"}


async def test_who_comes_without_a_cursor_is_told_of_what_changed_last(store: Store, feeds: Feeds) -> None:
    runs = [await store.runs.accept(new()) for _ in range(RECENT + 3)]
    async with looking(feeds) as looker:
        assert looker.frames[0]["mode"] == "replay"
        await looker.until(lambda seen: len(seen.changes) == RECENT)
        last = await store.runs.accept(new())
        await looker.until(lambda seen: len(seen.changes) > RECENT)
        assert [run for run, _ in looker.runs] == [str(run.run_id) for run in [*runs[3:], last]]


async def test_with_the_cursor_0_everything_is_told(store: Store, feeds: Feeds) -> None:
    runs = [await store.runs.accept(new()) for _ in range(RECENT + 3)]
    async with looking(feeds, 0) as looker:
        await looker.until(lambda seen: len(seen.changes) == len(runs))


async def test_who_comes_back_has_missed_nothing_and_sees_each_run_once(store: Store, feeds: Feeds) -> None:
    runs = [await held(store) for _ in range(3)]
    async with looking(feeds) as looker:
        await looker.until(lambda seen: len(seen.changes) == 3)
    for attempt in range(1, 5):
        for run in runs[:2]:
            await say(store, run, attempt)
    await end(store, runs[0])

    async with looking(feeds, looker.cursor) as again:
        await again.until(lambda seen: len(seen.changes) == 2)
        assert again.runs == [(str(runs[1].run_id), "queued"), (str(runs[0].run_id), "complete")]
        assert again.frames[0]["mode"] == "replay"
        await end(store, runs[2])
        await again.until(lambda seen: len(seen.changes) == 3)
        assert again.runs[2] == (str(runs[2].run_id), "complete")


@pytest.mark.parametrize("kept", [1, 3, 500])
async def test_wherever_a_viewer_comes_back_it_ends_with_the_newest_of_all(store: Store, kept: int) -> None:
    with anyio.fail_after(SOON):
        async with Feeds(store, ping=1000, pace=0, kept=kept) as feeds, looking(feeds, 0) as whole:
            runs = [await held(store) for _ in range(4)]
            for attempt in range(1, 6):
                for run in runs[attempt % 2 :: 2]:
                    await say(store, run, attempt)
            mark = await store.changes.mark(DEFAULT_TENANT)
            await whole.until(partial(Looker.has_reached, number=mark))
            views = {str(run.run_id): await store.runs.view(run.run_id, DEFAULT_TENANT) for run in runs}
            expected = {name: view.model_dump(mode="json", exclude_none=True) for name, view in views.items()}
            assert whole.newest == expected
            for change in whole.changes[:-1]:
                async with looking(feeds, change["cursor"]) as back:
                    await back.until(partial(Looker.has_reached, number=mark))
                    before = [each for each in whole.changes if each["cursor"] <= change["cursor"]]
                    known = {each["run"]["run_id"]: each["run"] for each in before}
                    assert known | back.newest == expected
                    assert len(back.changes) == len(back.newest), "each run once"


async def test_viewers_share_one_reading_of_the_store(store: Store) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON):
        async with Feeds(counted, ping=1000, pace=0) as feeds:
            await held(store)
            async with looking(feeds, 1) as first, looking(feeds, 1) as second, looking(feeds, 1) as third:
                assert len(tails()) == 1
                run = await held(store)
                await end(store, run)
                for each in (first, second, third):
                    await each.until(lambda seen: seen.runs[-1:] == [(str(run.run_id), "complete")])
                assert len(counted.reads) == counted.waits, "only the one who waits for all has read"


async def test_changes_that_come_faster_than_a_viewer_looks_are_told_as_one(store: Store, feeds: Feeds) -> None:
    run, other = await held(store), await held(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    stream = feeds.watch(DEFAULT_TENANT, mark, fmt=NDJSON)
    async with aclosing(stream), looking(feeds, mark) as quick:
        await anext(stream)
        for attempt in range(1, 6):
            await say(store, run, attempt)
            told = await store.changes.mark(DEFAULT_TENANT)
            await quick.until(partial(Looker.has_reached, number=told))
        await end(store, other)
        await quick.until(lambda seen: seen.runs[-1][1] == "complete")
        lines = [json.loads(line) for line in (await anext(stream)).splitlines()]
    assert [line["run"]["run_id"] for line in lines] == [str(run.run_id), str(other.run_id)]
    assert lines[0]["run"]["steps"][0]["attempt"] == 5


async def test_a_burst_of_changes_is_read_once() -> None:
    with anyio.fail_after(SOON):
        async with open_store("memory://") as store, Feeds(store, pace=0.3) as feeds, looking(feeds) as looker:
            runs = [await held(store) for _ in range(3)]
            for attempt in range(1, 4):
                for run in runs:
                    await say(store, run, attempt)
            mark = await store.changes.mark(DEFAULT_TENANT)
            await looker.until(partial(Looker.has_reached, number=mark))
            assert len(looker.changes) <= 4, "the first change comes at once, the others come together"


async def test_text_is_told_to_nobody(store: Store, feeds: Feeds) -> None:
    run = await held(store)
    await store.log.append(run.run_id, [opened(), start()], epoch=run.epoch)
    async with looking(feeds, await store.changes.mark(DEFAULT_TENANT)) as looker:
        await store.log.append(run.run_id, [chunk("word")], epoch=run.epoch)
        await end(store, run)
        await looker.until(lambda seen: seen.changes)
        assert looker.runs == [(str(run.run_id), "complete")]


async def test_a_tenant_sees_its_own_runs(store: Store, feeds: Feeds) -> None:
    async with looking(feeds, tenant="acme") as acme, looking(feeds, tenant="beta") as beta:
        await store.runs.accept(new(tenant="acme"))
        run = await store.runs.accept(new(tenant="beta"))
        await beta.until(lambda seen: seen.changes)
        assert beta.runs == [(str(run.run_id), "queued")]
        await acme.until(lambda seen: seen.changes)
        assert len(acme.changes) == 1


async def test_who_wants_one_pipeline_hears_of_no_other(store: Store, feeds: Feeds) -> None:
    async with looking(feeds, wanted=Wanted(pipeline="refine")) as looker:
        await store.runs.accept(new("vision"))
        run = await store.runs.accept(new("refine"))
        await looker.until(lambda seen: seen.changes)
        assert looker.runs == [(str(run.run_id), "queued")]


async def test_who_wants_one_status_hears_when_a_run_comes_into_it_and_when_it_leaves(
    store: Store, feeds: Feeds
) -> None:
    async with looking(feeds, wanted=Wanted(status="running")) as looker:
        run = await held(store)
        await store.log.append(run.run_id, [opened()], epoch=run.epoch)
        await looker.until(lambda seen: seen.changes)
        await end(store, run)
        await looker.until(lambda seen: seen.frames[-1].get("status") == "complete")
        assert looker.runs == [(str(run.run_id), "running")]
        cursor = await store.changes.mark(DEFAULT_TENANT)
        left = {"type": "run_left", "cursor": cursor, "run_id": str(run.run_id), "status": "complete"}
        assert looker.frames[-1] == left


async def test_that_a_run_left_is_said_beside_the_feed_and_moves_no_cursor(store: Store, feeds: Feeds) -> None:
    await store.runs.accept(new())
    stream = feeds.watch(DEFAULT_TENANT, 0, wanted=Wanted(status="running"), fmt=SSE)
    async with aclosing(stream):
        [_, left] = parse(await anext(stream) + await anext(stream))
    assert (left.event, left.own_id) == ("run_left", None)


async def test_a_cursor_ahead_of_the_feed_is_told_so_and_goes_on_from_the_end(store: Store, feeds: Feeds) -> None:
    await held(store)
    mark = await store.changes.mark(DEFAULT_TENANT)
    async with looking(feeds, mark + 1000) as looker:
        await looker.until(lambda seen: len(seen.frames) == 2)
        gap = looker.frames[1]
        assert (gap["type"], gap["requested_after"], gap["tail_seq"]) == ("stream_gap", mark + 1000, mark)
        run = await store.runs.accept(new())
        await looker.until(lambda seen: seen.changes)
        assert looker.runs == [(str(run.run_id), "queued")]


async def test_silence_is_broken_by_a_ping_also_for_who_hears_of_nothing(store: Store) -> None:
    with anyio.fail_after(SOON):
        async with Feeds(store, ping=0.05, pace=0) as feeds:
            async with looking(feeds, wanted=Wanted(pipeline="other")) as looker:
                async with asyncio.TaskGroup() as group:

                    async def busy() -> None:
                        while "ping" not in looker.kinds:
                            await store.runs.accept(new())
                            await anyio.lowlevel.checkpoint()

                    group.create_task(busy())
                assert looker.frames[-1]["tail_seq"] >= 0
                assert set(looker.kinds) == {"stream_open", "ping"}


async def test_viewers_keep_their_streams_while_the_store_is_away(store: Store) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON):
        async with Feeds(counted, ping=0.02, pace=0, backoff=Backoff(0.001, 0.01)) as feeds:
            async with looking(feeds) as looker:
                counted.failure = StoreUnavailable("away")
                run = await held(store)
                await counted.failed.wait()
                pings = looker.kinds.count("ping")
                await looker.until(lambda seen: seen.kinds.count("ping") > pings + 2)
                async with asyncio.TaskGroup() as group:
                    late = Looker()
                    task = group.create_task(late.watch(feeds.watch(DEFAULT_TENANT, 0, fmt=NDJSON)))
                    counted.failed.clear()
                    await counted.failed.wait()
                    counted.failure = None
                    for each in (looker, late):
                        await each.until(lambda seen: seen.runs == [(str(run.run_id), "queued")])
                    task.cancel()


async def test_after_a_restore_who_was_shown_more_is_sent_away(store: Store) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON):
        async with (
            Feeds(counted, ping=1000, pace=0, backoff=Backoff(0.001, 0.01)) as feeds,
            looking(feeds, 0) as looker,
        ):
            for _ in range(3):
                await held(store)
            await looker.until(lambda seen: len(seen.changes) == 3)
            async with open_store("memory://") as backup:
                await backup.runs.accept(new())
                counted.inner = backup.changes
                counted.failure = StoreUnavailable("being restored")
                await counted.failed.wait()
                counted.failure = None
                await looker.until(lambda seen: seen.done)
                async with looking(feeds, looker.cursor) as again:
                    await again.until(lambda seen: "stream_gap" in seen.kinds)


async def test_who_comes_after_a_restore_sends_away_those_who_were_shown_more(store: Store) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON):
        async with Feeds(counted, ping=1000, pace=0) as feeds, looking(feeds, 0) as looker:
            for _ in range(3):
                await held(store)
            await looker.until(lambda seen: len(seen.changes) == 3)
            async with open_store("memory://") as backup:
                counted.inner = backup.changes
                async with looking(feeds, looker.cursor) as again:
                    await looker.until(lambda seen: seen.done)
                    await again.until(lambda seen: "stream_gap" in seen.kinds)
                    run = await backup.runs.accept(new())
                    await again.until(lambda seen: seen.runs == [(str(run.run_id), "queued")])


async def test_a_feed_that_breaks_sends_its_viewers_away(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON), caplog.at_level(logging.CRITICAL, "stepglass.hub"):
        async with Feeds(counted, ping=1000, pace=0) as feeds:
            async with looking(feeds) as looker:
                counted.failure = RuntimeError("a bug")
                await looker.until(lambda seen: seen.done)
            counted.failure = None
            async with looking(feeds, 0) as looker:
                await held(store)
                await looker.until(lambda seen: seen.changes)


async def test_stopping_ends_every_stream_and_the_last_to_leave_ends_the_reading(store: Store) -> None:
    counted = Counted(store.changes)
    with anyio.fail_after(SOON):
        async with Feeds(counted, ping=1000, pace=0) as feeds:
            async with looking(feeds), looking(feeds):
                assert [task.get_name() for task in tails()] == ["stepglass-feed"]
            await asyncio.gather(*tails(), return_exceptions=True)
            assert tails() == []
            async with looking(feeds) as looker:
                counted.failure = StoreUnavailable("away")
                late = Looker()
                async with asyncio.TaskGroup() as group:
                    group.create_task(late.watch(feeds.watch(DEFAULT_TENANT, fmt=NDJSON)))
                    await counted.failed.wait()
                    feeds.stop()
                await looker.until(lambda seen: seen.done)
                assert (late.done, late.frames) == (True, [])
        assert tails() == []


def tails() -> list["asyncio.Task[Any]"]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("stepglass-feed")]


async def test_a_write_is_not_longer_than_one_write(store: Store, feeds: Feeds) -> None:
    for _ in range(200):
        await store.runs.accept(new())
    async with looking(feeds, 0) as looker:
        await looker.until(lambda seen: len(seen.changes) == 200)
        assert all(len(write) < 100_000 for write in looker.writes)


def test_both_formats_are_lines() -> None:
    formats: list[Lines] = [SSE, NDJSON]
    assert [form.line(7, b"{}") for form in formats] == [b"id: 7\ndata: {}\n\n", b"{}\n"]
