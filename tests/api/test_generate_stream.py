"""`generate-stream` and `refine`: starting and watching in one response, in the older dialect."""

import asyncio
from typing import Any, get_args
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from api.dialect import SMALL_DIALECT, SmallEvent, translate
from events.contract import Event
from events.frames import Ping, StreamOpen
from events.log import Entry
from events.store import Store
from tests.api.conftest import ApiServer, problem
from tests.api.test_starting import BRIEF
from tests.api.writing import Writer, hold, log_of, rest_of, started_with
from tests.histories import Story, cancelled_story, failed_story, lanes_story, rich_story, simple_story, stories
from tests.sse_parser import Frame, SseParser, parse

URL = "/api/vision-framework-v2/generate-stream"
REFINEMENT: dict[str, Any] = {
    "section": "tensions",
    "action": "more_specific",
    "answers": BRIEF,
    "framework": {
        "company_id": BRIEF["company_id"],
        "updated_at": "2026-11-20T12:00:00Z",
        "vision": "Every harbour knows what its cranes will do tomorrow. Nobody waits for a part.",
        "strategy": ["Start with the three largest ports.", "Sell the hours, not the sensors."],
        "operating_principles": ["Say what we saw.", "The crane comes first.", "Ship every week."],
        "near_term_bets": [
            {"bet": "Win the port of Genoa.", "owner": "Ada", "horizon": "Q1", "measure": "A signed contract"},
            {"bet": "Predict the first failure.", "owner": "Bo", "horizon": "H1", "measure": "Two weeks ahead"},
        ],
        "metrics": [
            {"name": "ports", "target": "3", "cadence": "quarterly"},
            {"name": "hours saved", "target": "900", "cadence": "monthly"},
            {"name": "uptime", "target": "99 %", "cadence": "weekly"},
        ],
        "tensions": [],
    },
}
TYPES = {"step_start", "step_complete", "step_error", "progress", "complete", "error"}


def small(story: Story) -> list[Frame]:
    return parse(b"".join(map(SMALL_DIALECT.entry, story.entries)))


def heard(story: Story) -> list[str]:
    return [" ".join(filter(None, (frame.json["type"], frame.json.get("step")))) for frame in small(story)]


@pytest.mark.parametrize("story", stories())
def test_every_story_is_told_in_six_types_and_always_with_a_message(story: Story):
    frames = small(story)

    assert {frame.json["type"] for frame in frames} <= TYPES
    assert all(frame.json["message"] for frame in frames)
    assert all(set(frame.json) <= {"type", "step", "message", "data", "progress", "duration"} for frame in frames)
    assert all(SmallEvent.model_validate(frame.json) for frame in frames)
    assert [frame.event for frame in frames] == ["message"] * len(frames)
    assert frames[-1].id == str(len(story.entries))


def test_a_simple_story_as_it_is_heard():
    assert heard(simple_story()) == ["progress", "progress", "step_start brief", "step_complete brief", "complete"]


def test_a_failed_story_as_it_is_heard():
    assert heard(failed_story()) == [
        "progress",
        "progress",
        "step_start brief",
        "step_start framework",
        "progress framework",
        "step_start framework",
        "step_error framework",
        "step_error brief",
        "progress validation",
        "error",
    ]


def test_a_cancelled_run_ends_in_an_error_that_says_so():
    last = small(cancelled_story())[-1].json

    assert (last["type"], last["message"]) == ("error", "Cancelled: someone pressed cancel")
    assert last["data"]["title"] == "cancelled"


def test_data_is_the_result_itself_and_the_problem_itself():
    told = {(frame.json["type"], frame.json.get("step")): frame.json for frame in small(rich_story())}

    assert told["step_complete", "framework"]["data"] == {"vision": "Über"}
    assert told["complete", None]["data"] == {"score": 7.5}
    assert small(failed_story())[-1].json["data"]["detail"] == "It ended in mid-sentence."
    assert told["step_complete", "framework"]["duration"] > 0
    assert told["step_complete", "framework"]["progress"] == 45


def test_the_writer_s_own_message_is_kept():
    starts = [frame.json for frame in small(rich_story()) if frame.json["type"] == "step_start"]

    assert starts[0]["message"] == "Generate framework"
    assert starts[1]["message"] == "framework has started (attempt 2)"


def test_text_partial_results_and_usage_are_not_in_it():
    assert not {"model_chunk", "partial", "usage"} & {frame.json["type"] for frame in small(rich_story())}
    assert len(small(rich_story())) < len(rich_story().entries)


def test_every_type_of_event_has_words():
    told = {event.type for story in stories() for event in story.events}
    known = {member.model_fields["type"].default for member in get_args(get_args(Event)[0])}

    assert told == known, "the stories tell of every type there is"
    for story in stories():
        for event in story.events:
            assert translate(event)["message"]


def test_what_a_newer_version_says_is_passed_over():
    entry = Entry(UUID(int=1), 7, "telepathy", b'{"type":"telepathy","ts":1}')

    assert SMALL_DIALECT.entry(entry) == b""


def test_control_frames_are_not_in_it_and_a_ping_is_a_comment():
    opening = StreamOpen(mode="live", oldest_seq=1, tail_seq=1)

    assert SMALL_DIALECT.control(opening) == b""
    assert parse(SMALL_DIALECT.control(Ping(tail_seq=3))) == []


async def started(store: Store, key: str) -> Writer:
    """The worker of the run that somebody starts with `key`."""
    return await hold(store, await started_with(store, key))


async def post(client: AsyncClient, key: str | None = "k", last: int | None = None, json: Any = BRIEF) -> Response:
    headers = {"Idempotency-Key": key, "Last-Event-ID": None if last is None else str(last)}
    return await client.post(URL, json=json, headers={name: value for name, value in headers.items() if value})


async def finished(client: AsyncClient, store: Store, story: Story, key: str = "k") -> tuple[UUID, Response]:
    posting = asyncio.create_task(post(client, key))
    writer = await started(store, key)
    await writer.write(rest_of(story))
    return writer.run_id, await posting


async def test_one_request_starts_a_run_and_watches_it_to_its_end(client: AsyncClient, store: Store):
    run_id, response = await finished(client, store, simple_story())

    assert response.status_code == 200
    assert response.headers["x-run-id"] == str(run_id)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.content == b"".join(map(SMALL_DIALECT.entry, await log_of(store, run_id)))
    assert [frame.json["type"] for frame in parse(response.content)][-2:] == ["step_complete", "complete"]


async def test_the_first_event_comes_before_any_worker_does(api_server: ApiServer):
    parser, frames = SseParser(), list[Frame]()
    async with api_server.client() as client, client.stream("POST", URL, json=BRIEF) as response:
        async for data in response.aiter_bytes():
            if frames := parser.feed(data):
                break
    assert frames[0].json == {"type": "progress", "message": "Queued", "progress": 0}
    assert frames[0].id == "1"


async def test_bad_input_is_refused_before_anything_starts(client: AsyncClient, store: Store):
    response = await post(client, json={**BRIEF, "core_principles": "", "more": 1})

    assert problem(response) == (422, "invalid-input")
    assert {error["pointer"] for error in response.json()["errors"]} == {"/core_principles", "/more"}
    assert (await store.runs.page("default")).runs == []


async def test_with_a_last_event_id_it_goes_on_from_every_position_and_starts_nothing(
    client: AsyncClient, store: Store
):
    run_id, whole = await finished(client, store, rich_story())
    entries = await log_of(store, run_id)

    for position in range(len(entries)):
        response = await post(client, last=position)
        assert response.headers["x-run-id"] == str(run_id)
        assert response.content == b"".join(map(SMALL_DIALECT.entry, entries[position:]))
        assert whole.content.endswith(response.content)
    assert len((await store.runs.page("default")).runs) == 1


async def test_a_live_run_is_gone_on_with_too(api_server: ApiServer, store: Store):
    async with api_server.client() as client:
        posting = asyncio.create_task(post(client))
        writer = await started(store, "k")
        events = rest_of(rich_story())
        await writer.write(events[:10])
        resumed = asyncio.create_task(post(client, last=8))
        await writer.write(events[10:])
        entries = await log_of(store, writer.run_id)
        assert (await posting).content == b"".join(map(SMALL_DIALECT.entry, entries))
        assert (await resumed).content == b"".join(map(SMALL_DIALECT.entry, entries[8:]))


async def test_the_body_may_be_left_out_when_going_on(client: AsyncClient, store: Store):
    run_id, _ = await finished(client, store, simple_story())

    response = await client.post(URL, headers={"Idempotency-Key": "k", "Last-Event-ID": "3"})

    assert (response.status_code, response.headers["x-run-id"]) == (200, str(run_id))


async def test_going_on_without_the_key_of_the_start_is_refused(client: AsyncClient, store: Store):
    assert problem(await post(client, key=None, last=3)) == (400, "bad-request")
    assert (await store.runs.page("default")).runs == []


async def test_going_on_with_what_was_never_started_starts_nothing(client: AsyncClient, store: Store):
    assert problem(await post(client, key="other", last=3)) == (404, "unknown-run")
    assert (await store.runs.page("default")).runs == []


async def test_going_on_with_another_body_is_refused(client: AsyncClient, store: Store):
    await finished(client, store, simple_story())

    other = await post(client, last=3, json={**BRIEF, "company_name": "Other"})
    elsewhere = await client.post(
        "/api/vision-framework-v2/refine", headers={"Idempotency-Key": "k", "Last-Event-ID": "3"}
    )

    assert problem(other) == (422, "key-reused")
    assert problem(elsewhere) == (422, "key-reused")


async def test_at_the_last_word_there_is_no_content(client: AsyncClient, store: Store):
    run_id, _ = await finished(client, store, simple_story())

    response = await post(client, last=len(await log_of(store, run_id)))

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["x-run-id"] == str(run_id)


@pytest.mark.parametrize("cursor", ["x", "-1", str(2**53 + 1)])
async def test_a_cursor_that_is_none_is_refused(client: AsyncClient, cursor: str):
    response = await client.post(URL, json=BRIEF, headers={"Idempotency-Key": "k", "Last-Event-ID": cursor})

    assert problem(response) == (400, "bad-request")


async def test_who_is_ahead_of_the_log_sees_it_whole_again(client: AsyncClient, store: Store):
    _, whole = await finished(client, store, simple_story())

    assert (await post(client, last=1000)).content == whole.content


async def test_the_same_key_and_body_watch_the_same_run_from_its_start(client: AsyncClient, store: Store):
    _, first = await finished(client, store, lanes_story())

    second = await post(client)

    assert (second.headers["x-run-id"], second.content) == (first.headers["x-run-id"], first.content)


async def test_refine_takes_one_section_and_is_watched_the_same_way(client: AsyncClient, store: Store):
    posting = asyncio.create_task(
        client.post("/api/vision-framework-v2/refine", json=REFINEMENT, headers={"Idempotency-Key": "r"})
    )
    writer = await started(store, "r")
    await writer.write(
        rest_of(Story().queued("refine").started(pipeline="refine").start("brief").completes("brief").done({"x": 1}))
    )

    frames = parse((await posting).content)

    assert (await store.runs.view(writer.run_id, "default")).pipeline == "refine"
    assert frames[-1].json["data"] == {"x": 1}


async def test_a_refinement_of_no_section_is_refused(client: AsyncClient):
    wrong = {**REFINEMENT, "section": "mission", "instruction": "shorter"}
    response = await client.post("/api/vision-framework-v2/refine", json=wrong)

    assert problem(response) == (422, "invalid-input")
    assert "/section" in {error["pointer"] for error in response.json()["errors"]}
