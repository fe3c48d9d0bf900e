"""A snapshot is what somebody knows who read the whole log: compared with such a reader, at every position."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

import events.snapshot
from events._drafts import Drafts
from events.fold import fold_all
from events.log import Entry
from events.snapshot import Known, Readable, snapshot
from events.store import Store, open_store
from tests.histories import Story, lanes_story, random_story, rich_story, stories, tell

Json = dict[str, Any]


class Reader:
    """Everything that can be known from the beginning of a log, found by looking at all of it."""

    def __init__(self, entries: list[Entry]) -> None:
        self.view = fold_all(str(entries[0].run_id), entries)
        self.events: list[Json] = [json.loads(entry.line) for entry in entries]

    def of(self, step: str, *types: str) -> list[Json]:
        return [event for event in self.events if event.get("step") == step and event["type"] in types]

    def result(self, seq: int | None) -> Json:
        return {} if seq is None else {"result": self.events[seq - 1]["data"].get("result")}

    def closed(self, start: Json) -> int | None:
        """Where the attempt that began with `start` ended."""
        for event in self.of(start["step"], "step_retry", "step_complete", "step_error"):
            if event["seq"] > start["seq"] and place(event) == place(start):
                return event["seq"]
        return None

    def open(self, step: str) -> list[Json]:
        return [start for start in self.of(step, "step_start") if self.closed(start) is None]

    def attempt(self, event: Json) -> Json:
        """The `step_start` that something inside a step belongs to: its own lane's and round's, else the step's."""
        starts = [start for start in self.of(event["step"], "step_start") if start["seq"] < event["seq"]]
        own = [start for start in starts if place(start) == place(event)]
        return (own or [start for start in starts if place(start) == (None, None)])[-1]

    def holds(self, partial: Json, since: int) -> bool:
        later = self.of(partial["step"], "partial", "partial_withdrawn")
        if partial["seq"] < since or any(
            e["seq"] > partial["seq"] and e["data"]["path"] == partial["data"]["path"] for e in later
        ):
            return False
        end = self.closed(self.attempt(partial))
        return "input_hash" in partial["data"] or end is None or self.events[end - 1]["type"] == "step_complete"

    def step(self, step: str, since: int) -> Json:
        """The text and the parts of a step that has been going on since `since`."""
        own = [start["seq"] for start in self.open(step)]
        chunks = [e for e in self.of(step, "model_chunk") if self.attempt(e)["seq"] in own]
        chunks.sort(key=lambda e: own.index(self.attempt(e)["seq"]))
        lanes = {e["lane"]: "" for e in chunks if "lane" in e}
        for event in chunks:
            if "lane" in event:
                lanes[event["lane"]] += event["data"]["text"]
        holding = [event for event in self.of(step, "partial") if self.holds(event, since)]
        return {
            "text": "".join(event["data"]["text"] for event in chunks),
            **({"lanes": lanes} if lanes else {}),
            **self.drafts(chunks),
            "partials": {event["data"]["path"]: event["data"].get("value") for event in holding},
            "checkpoints": sorted(e["data"]["path"] for e in holding if "input_hash" in e["data"]),
        }

    def drafts(self, chunks: list[Json]) -> Json:
        """Where somebody speaks in rounds, every round of every lane is a text of its own."""
        if all(event.get("round") is None for event in chunks):
            return {}
        texts: dict[tuple[str | None, int | None], str] = {}
        for event in chunks:
            texts[place(event)] = texts.get(place(event), "") + event["data"]["text"]
        named = [({"lane": lane, "round": round}, text) for (lane, round), text in texts.items()]
        return {
            "drafts": [
                {**{name: value for name, value in names.items() if value is not None}, "text": text}
                for names, text in named
            ]
        }

    def snapshot(self) -> Json:
        run = self.view.model_dump(mode="json", exclude_none=True)
        for step, out in zip(self.view.steps, run["steps"], strict=True):
            out |= self.result(step.result_seq)
            if step.first_seq is not None:
                out |= self.step(step.step, step.first_seq)
        return {**run, "cost_usd": self.view.cost_usd, **self.result(self.view.result_seq)}


def place(event: Json) -> tuple[str | None, int | None]:
    return event.get("lane"), event.get("round")


class Stored:
    """A log that is what it is."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        return self._entries[after : after + limit]


class Counted:
    """A log, and how many entries were read of it."""

    def __init__(self, log: Readable) -> None:
        self._log = log
        self.entries = 0

    async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
        entries = await self._log.read(run_id, after, limit=limit, wait=wait)
        self.entries += len(entries)
        return entries


async def compare(store: Store, story: Story) -> None:
    await tell(store, story)
    for length in range(1, len(story.events) + 1):
        reader = Reader(story.entries[:length])
        assert await snapshot(store.log, reader.view) == reader.snapshot(), f"at {length}: {story.text[length - 1]}"


@pytest.mark.parametrize("number", range(len(stories())))
async def test_a_snapshot_is_the_fold_of_the_whole_log_at_every_position(store: Store, number: int) -> None:
    await compare(store, stories()[number])


async def test_so_it_is_when_it_is_read_in_small_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events.snapshot, "PAGE", 3)
    await compare(store, rich_story())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
async def test_so_it_is_for_any_story(seed: int) -> None:
    async with open_store("memory://") as store:
        await compare(store, random_story(seed, actions=30))


async def compare_again(store: Store, story: Story, positions: list[int]) -> None:
    """With what was known at one position, the next one, whether it lies ahead or behind."""
    await tell(store, story)
    known = Known()
    for length in positions:
        reader = Reader(story.entries[:length])
        assert await snapshot(store.log, reader.view, known) == reader.snapshot(), f"at {length} of {positions}"


@pytest.mark.parametrize("number", range(len(stories())))
async def test_so_it_is_for_somebody_who_looks_again_and_again(store: Store, number: int) -> None:
    story = stories()[number]
    await compare_again(store, story, list(range(1, len(story.events) + 1)))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), positions=st.lists(st.integers(1, 60), min_size=2, max_size=12))
async def test_so_it_is_for_any_story_and_in_any_order(seed: int, positions: list[int]) -> None:
    async with open_store("memory://") as store:
        story = random_story(seed, actions=30)
        await compare_again(store, story, [min(position, len(story.events)) for position in positions])


async def test_who_looks_again_reads_only_what_has_come_since(store: Store) -> None:
    story = Story().queued().started().start("brief").writes("brief", *"abcdef")
    await tell(store, story)
    counted, known = Counted(store.log), Known()
    view = fold_all(str(story.run_id), story.entries)
    await snapshot(counted, view, known)
    assert counted.entries == 7

    counted.entries = 0
    run = await snapshot(counted, view, known)

    assert run["steps"][0]["text"] == "abcdef"
    assert counted.entries == 1, "the last one, to see whether it is still the same log"


async def test_what_is_known_of_a_log_that_was_restored_is_forgotten() -> None:
    def story(*texts: str) -> Story:
        return Story().queued().started().start("brief").writes("brief", *texts)

    before, after = story("a", "b"), story("a", "x", "y")
    known = Known()
    await snapshot(Stored(before.entries), fold_all(str(before.run_id), before.entries), known)

    run = await snapshot(Stored(after.entries), fold_all(str(after.run_id), after.entries), known)

    assert run["steps"][0]["text"] == "axy"


async def test_only_the_runs_that_were_looked_at_last_are_known() -> None:
    known = Known(kept=2)
    for run_id in "abc":
        known.keep(run_id, drafts := Drafts())
        drafts.last = Story().queued().entries[0]

    assert [known.take(run_id).upto for run_id in "abc"] == [0, 1, 1]
    assert known.take("c").upto == 0, "whoever goes on with it has it alone"


async def at(store: Store, story: Story) -> Json:
    """The snapshot at the end of a story."""
    await tell(store, story)
    return await snapshot(store.log, await store.runs.view(story.run_id, "default"))


async def test_a_retry_withdraws_text_and_parts_but_no_checkpoint(store: Store) -> None:
    story = Story().queued().started().start("scoring").writes("scoring", "so", " far")
    story.part("scoring", "/shown", 1).part("scoring", "/kept", 2, hash="h")
    before = (await at(store, story))["steps"][5]
    assert (before["text"], before["partials"]) == ("so far", {"/shown": 1, "/kept": 2})
    assert before["checkpoints"] == ["/kept"]
    story = Story().queued().started().start("scoring").writes("scoring", "so", " far")
    story.part("scoring", "/shown", 1).part("scoring", "/kept", 2, hash="h").retry("scoring")
    waiting = (await at(store, story))["steps"][5]
    assert (waiting["status"], waiting["text"], waiting["partials"]) == ("retrying", "", {"/kept": 2})
    assert waiting["checkpoints"] == ["/kept"]


async def test_a_checkpoint_of_an_earlier_attempt_holds_until_it_is_withdrawn(store: Store) -> None:
    story = Story().queued().started().start("scoring").part("scoring", "/a", 1, hash="h").part("scoring", "/b", 2, "h")
    story.retry("scoring").start("scoring").writes("scoring", "again").withdraws("scoring", "/a")
    step = (await at(store, story))["steps"][5]
    assert (step["text"], step["partials"]) == ("again", {"/b": 2})


async def test_rounds_are_told_apart_so_that_what_comes_next_goes_on_with_its_own(store: Store) -> None:
    story = Story().queued().started().start("validation").writes("validation", "{", round=1).writes("validation", "}")
    story.writes("validation", "[", round=2).writes("validation", '"a"', round=1)
    step = (await at(store, story))["steps"][2]
    assert step["drafts"] == [{"round": 1, "text": '{"a"'}, {"text": "}"}, {"round": 2, "text": "["}]
    assert (step["text"], "lanes" in step) == ('{}["a"', False)


async def test_lanes_are_told_apart(store: Store) -> None:
    story = (
        Story().queued().started().start("scoring").writes("scoring", "1", lane="a").writes("scoring", "2", lane="b")
    )
    step = (await at(store, story.writes("scoring", "3", lane="a")))["steps"][5]
    assert (step["text"], step["lanes"]) == ("123", {"a": "13", "b": "2"})


async def test_a_finished_step_has_its_result_and_no_draft(store: Store) -> None:
    run = await at(store, rich_story())
    framework = run["steps"][1]
    assert framework["result"] == {"vision": "Über"}
    assert not {"text", "partials", "lanes"} & framework.keys()
    assert (run["status"], run["result"]) == ("complete", {"score": 7.5})


async def test_a_result_that_is_null_is_shown_as_null(store: Store) -> None:
    story = Story().queued().started().say("step_start", step="brief", attempt=1)
    story.say("step_complete", {"result": None}, step="brief", attempt=1).say("complete", {"result": None})
    run = await at(store, story)
    assert (run["result"], run["steps"][0]["result"]) == (None, None)


async def test_an_unknown_cost_is_null_and_not_left_out(store: Store) -> None:
    assert (await at(store, lanes_story()))["cost_usd"] is None


async def test_only_what_is_open_is_read_from_the_log(store: Store) -> None:
    story = Story().queued().started().start("brief").writes("brief", *["x"] * 500).completes("brief")
    await tell(store, story.start("framework").writes("framework", "y"))
    reads: list[tuple[int, int]] = []
    log = store.log

    class Counted:
        async def read(self, run_id: UUID, after: int = 0, *, limit: int = 1000, wait: float = 0) -> list[Entry]:
            reads.append((after, limit))
            return await log.read(run_id, after, limit=limit, wait=wait)

    await snapshot(Counted(), await store.runs.view(story.run_id, "default"))
    assert reads == [(504, 2), (503, 1)]


@pytest.mark.parametrize("data", ['{"text":1}', '{"words":["b"]}', "7"])
async def test_a_chunk_of_a_shape_that_is_not_known_is_passed_over(data: str) -> None:
    entries = Story().queued().started().start("brief").writes("brief", "a").entries
    strange = f'{{"ts":1,"step":"brief","attempt":1,"type":"model_chunk","data":{data}}}'
    entries.append(Entry(entries[0].run_id, len(entries) + 1, "model_chunk", strange.encode()))
    rest = Story().queued().started().start("brief").writes("brief", "a").writes("brief", "b").writes("brief", "c")
    entries.append(rest.entries[-1])

    run = await snapshot(Stored(entries), fold_all(str(entries[0].run_id), entries))

    assert run["steps"][0]["text"] == "ac"
