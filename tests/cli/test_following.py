"""A viewer sees the whole log, once and in order, and only a last word is an end."""

from collections.abc import AsyncIterable
from uuid import uuid4

import pytest

from cli._client import Api, open_api
from cli._errors import CommandFailed
from cli._follow import Away, Frame, Heard, Patience, follow, message_in
from cli._view import Watched, watching
from events.fold import fold_all
from events.log import Entry
from events.store import Store
from tests.api.writing import accept, hold, log_of, rest_of, told
from tests.cli.cutting import OPEN, cutting
from tests.histories import RUN_ID, Story, rich_story, simple_story, stories

QUICK = Patience(first=0.001, cap=0.002, limit=5)
ENTRIES = simple_story().entries
LENGTH = len(OPEN) + sum(len(entry.line) + 1 for entry in ENTRIES)


async def all_of(messages: AsyncIterable[Heard]) -> list[Heard]:
    return [message async for message in messages]


def seqs(messages: list[Heard]) -> list[int]:
    return [message.seq for message in messages if isinstance(message, Entry)]


async def test_a_run_is_heard_from_its_beginning_to_its_last_word(api: Api, store: Store) -> None:
    run_id = await told(store, rich_story())
    messages = await all_of(follow(api, run_id))
    assert isinstance(messages[0], Frame) and messages[0].type == "stream_open"
    assert [(m.seq, m.body) for m in messages if isinstance(m, Entry)] == [
        (e.seq, e.line) for e in await log_of(store, run_id)
    ]


async def test_a_viewer_may_begin_behind_a_position(api: Api, store: Store) -> None:
    run_id = await told(store, simple_story())
    assert seqs(await all_of(follow(api, run_id, 4))) == list(range(5, len(ENTRIES) + 1))


async def test_behind_the_last_word_there_is_nothing_and_that_is_an_end(api: Api, store: Store) -> None:
    run_id = await told(store, simple_story())
    assert await all_of(follow(api, run_id, len(ENTRIES))) == []


async def test_what_is_said_while_we_listen_is_heard(api: Api, store: Store) -> None:
    run_id = await accept(store)
    writer = await hold(store, run_id)
    story = rest_of(simple_story())
    heard: list[str] = []
    async for message in follow(api, run_id):
        if isinstance(message, Entry):
            heard.append(message.type)
            if story:
                await writer.write_one(story.pop(0))
    assert heard == [event.type for event in simple_story().events]


@pytest.mark.parametrize("cut", [*range(0, LENGTH, 41), LENGTH - 1])
async def test_a_stream_that_breaks_off_anywhere_is_taken_up_where_it_broke(cut: int) -> None:
    async with cutting(ENTRIES, cut, "503", 0) as server, open_api(server.url) as api:
        messages = await all_of(follow(api, RUN_ID, patience=QUICK))
    assert seqs(messages) == [entry.seq for entry in ENTRIES]
    assert sum(isinstance(message, Away) for message in messages) == 3
    assert server.cursors == sorted(server.cursors)


async def test_a_server_that_never_comes_back_is_given_up_and_no_success() -> None:
    async with cutting(ENTRIES, 300) as server:
        url = server.url
        async with open_api(url) as api:
            heard = follow(api, RUN_ID, patience=Patience(first=0.001, cap=0.002, limit=0.01))
            while not isinstance(message := await anext(heard), Entry):
                assert not isinstance(message, Away)
            server.cuts = [0] * 10_000
            with pytest.raises(CommandFailed, match="No word from .* The run may still go on"):
                await all_of(heard)


async def test_a_run_that_does_not_exist_is_said_at_once(api: Api) -> None:
    with pytest.raises(CommandFailed, match="There is no such run"):
        await all_of(follow(api, uuid4()))


@pytest.mark.parametrize("line", [b"", b"not json", b"[1]", b'"x"', b'{"type": "later", "new": 1'])
def test_a_line_that_is_no_message_is_passed_over(line: bytes) -> None:
    assert message_in(line, RUN_ID) is None


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.events[-1].type)
def test_what_a_viewer_knows_is_the_fold(story: Story) -> None:
    watched = hearing(story.entries)
    assert watched.view == fold_all(str(story.run_id), story.entries)
    assert watched.ended
    assert watched.texts == {}


def hearing(entries: list[Entry]) -> Watched:
    watched = watching(str(entries[0].run_id))
    for entry in entries:
        watched.hear(entry)
    return watched


def test_texts_are_kept_by_lane_and_withdrawn_by_a_retry() -> None:
    story = Story().queued().started().start("framework").start("scoring")
    story.writes("framework", "a", "b").writes("scoring", "x", lane="vision").writes("scoring", "y", lane="metrics")
    watched = hearing(story.entries)
    assert watched.texts == {("framework", None): "ab", ("scoring", "vision"): "x", ("scoring", "metrics"): "y"}
    before = len(story.events)
    story.retry("framework").spends("scoring", lane="vision")
    for entry in story.entries[before:]:
        watched.hear(entry)
    assert watched.texts == {("scoring", "metrics"): "y"}


def test_a_snapshot_replaces_what_was_known() -> None:
    watched = hearing(simple_story().entries[:5])
    run = {
        "run_id": str(RUN_ID),
        "status": "running",
        "tail_seq": 3,
        "steps": [{"step": "qa", "label": "QA", "text": "so far"}],
    }
    watched.hear(Frame("snapshot", {"type": "snapshot", "tail_seq": 3, "run": run}))
    assert (watched.view.tail_seq, watched.texts) == (3, {("qa", None): "so far"})


def test_a_lost_connection_is_known_until_something_is_heard() -> None:
    watched = hearing(simple_story().entries[:2])
    watched.hear(Away("the API does not answer", 0.1))
    assert watched.away == "the API does not answer"
    watched.hear(Frame("ping", {"type": "ping", "tail_seq": 2}))
    assert watched.away is None
