"""`/api/batches`: what is accepted and what is refused, line by line; looking at batches, stopping them."""

import json
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from api.app import create_app
from api.body import MAX_BODY
from events.contract import Counts
from events.store import Store
from flows.catalogue import key_of
from tests.api.batching import brief_of, carried, done, order, waiting
from tests.api.conftest import in_process, problem, settings_with
from tests.api.test_starting import BRIEF, pointers
from tests.api.writing import log_of

LINES = {"Content-Type": "application/x-ndjson"}


async def start(client: AsyncClient, body: Any, **headers: str) -> Response:
    return await client.post("/api/batches", json=body, headers=headers)


async def lines(client: AsyncClient, *documents: Any, query: str = "?name=portfolio", **headers: str) -> Response:
    content = "".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in documents)
    return await client.post(f"/api/batches{query}", content=content.encode(), headers={**LINES, **headers})


async def stored(store: Store, answer: Response) -> Any:
    assert answer.status_code == 202, answer.text
    return await store.runs.input(UUID(answer.json()["batch_id"]), "default")


async def test_a_batch_is_accepted_with_where_to_look_and_where_to_watch(client: AsyncClient, store: Store):
    answer = await start(client, order("a", "b", concurrency=3, max_cost_usd=0.5))

    batch_id = answer.json()["batch_id"]
    url = f"/api/batches/{batch_id}"
    assert answer.status_code == 202
    assert answer.json() == {"batch_id": batch_id, "batch_url": url, "events_url": f"{url}/events", "items": 2}
    assert answer.headers["location"] == url
    assert [entry.type for entry in await log_of(store, UUID(batch_id))] == ["run_queued"]
    assert await stored(store, answer) == {
        "name": "portfolio",
        "pipeline": "vision_framework",
        "concurrency": 3,
        "max_cost_usd": 0.5,
        "items": [{"key": "a", "input": brief_of("a")}, {"key": "b", "input": brief_of("b")}],
    }
    view = await store.runs.view(UUID(batch_id), "default")
    assert (view.pipeline, view.title) == ("batch", "portfolio")


async def test_a_body_of_lines_is_the_same_batch(client: AsyncClient, store: Store):
    items = order("a", "b")["items"]

    answer = await lines(client, *items, query="?name=portfolio&concurrency=3&max_cost_usd=0.5")

    assert await stored(store, answer) == await stored(
        store, await start(client, order("a", "b", concurrency=3, max_cost_usd=0.5))
    )


async def test_a_line_may_be_the_input_alone_and_is_known_by_what_it_holds(client: AsyncClient, store: Store):
    answer = await lines(client, brief_of("a"), "\n  \r\n", {"input": brief_of("b")}, {"key": None, "input": BRIEF})

    assert (await stored(store, answer))["items"] == [
        {"key": key_of(given), "input": given} for given in (brief_of("a"), brief_of("b"), BRIEF)
    ]


async def test_the_last_line_needs_no_end_and_lines_may_end_as_elsewhere(client: AsyncClient, store: Store):
    content = f"{json.dumps(brief_of('a'))}\r\n{json.dumps(brief_of('b'))}"

    answer = await lines(client, content)

    assert [item["input"]["company_name"] for item in (await stored(store, answer))["items"]] == ["a", "b"]


async def test_a_file_may_begin_as_some_editors_begin_it(client: AsyncClient):
    assert (await lines(client, "\ufeff" + json.dumps(BRIEF))).status_code == 202


async def test_an_input_is_stored_in_the_form_of_its_pipeline(client: AsyncClient, store: Store):
    spaced = {**BRIEF, "company_name": "  Acme  ", "on_invalid": "fail"}

    given = (await stored(store, await lines(client, spaced)))["items"][0]

    assert given == {"key": key_of({**BRIEF, "company_name": "Acme"}), "input": {**BRIEF, "company_name": "Acme"}}


async def test_every_mistake_is_told_by_its_item_and_nothing_is_begun(client: AsyncClient, store: Store):
    body = order("a", "b", "c")
    body["items"][1]["input"] |= {"company_name": "", "more": 1}
    del body["items"][2]["input"]["vision_purpose"]
    body["items"].append({"key": "a", "input": BRIEF})

    answer = await start(client, body)

    assert problem(answer) == (422, "invalid-input")
    assert pointers(answer.json()) == {
        "/items/1/input/company_name": "company_name is empty: please answer it.",
        "/items/1/input/more": "There is no such field here.",
        "/items/2/input/vision_purpose": "This field is required.",
        "/items/3/key": "Item 0 has the same key.",
    }
    assert (await store.runs.page("default")).runs == []


async def test_every_mistake_in_lines_is_told_by_its_line(client: AsyncClient):
    answer = await lines(client, BRIEF, "\n", {**BRIEF, "company_name": ""}, {"key": 7, "input": BRIEF}, BRIEF, [1])

    assert problem(answer) == (422, "invalid-input")
    assert pointers(answer.json()) == {
        "/items/1/input/company_name": "Line 3: company_name is empty: please answer it.",
        "/items/2/key": "Line 4: It must be a text.",
        "/items/3/key": "Line 5: Item 0 has the same key.",
        "/items/4/input": "Line 6: It must be an object.",
    }


async def test_lines_that_are_no_json_are_told_before_anything_else(client: AsyncClient):
    answer = await lines(client, BRIEF, "{\n", '{"a": NaN}\n', BRIEF)

    assert problem(answer) == (400, "invalid-json")
    found = pointers(answer.json())
    assert list(found) == ["/items/1", "/items/2"]
    assert [detail.partition(":")[0] for detail in found.values()] == ["Line 2", "Line 3"]
    assert "2 lines cannot be read. Line 2: It is not valid JSON: " in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], {""}),
        ({}, {"/name", "/items"}),
        (order(concurrency=0), {"/concurrency"}),
        (order(concurrency="3"), {"/concurrency"}),
        (order(max_cost_usd=0), {"/max_cost_usd"}),
        (order(name=""), {"/name"}),
        (order(name="a\nb"), {"/name"}),
        (order(name="n" * 101), {"/name"}),
        (order(more=1), {"/more"}),
        (order(pipeline="nothing"), {"/pipeline"}),
        (order(pipeline="batch"), {"/pipeline"}),
        (order(pipeline=7), {"/pipeline"}),
        (order(items=[]), {"/items"}),
        (order(items=[1]), {"/items/0"}),
        (order(items=[{"key": "a"}]), {"/items/0/input"}),
        (order(items=[{"key": "a", "input": 1}]), {"/items/0/input"}),
        (order(items=[{"input": BRIEF}]), {"/items/0/key"}),
        (order(items=[{"key": "k" * 201, "input": BRIEF}]), {"/items/0/key"}),
        (order(items=[{"key": "a\tb", "input": BRIEF}]), {"/items/0/key"}),
    ],
)
async def test_an_order_that_is_none_is_refused(client: AsyncClient, body: Any, wrong: set[str]):
    answer = await start(client, body)

    assert problem(answer) == (422, "invalid-input")
    assert set(pointers(answer.json())) == wrong


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("", {"/name"}),
        ("?name=", {"/name"}),
        ("?name=a&concurrency=many", {"/concurrency"}),
        ("?name=a&max_cost_usd=inf", {"/max_cost_usd"}),
        ("?name=a&max_cost_usd=nan", {"/max_cost_usd"}),
        ("?name=a&pipeline=%00", {"/pipeline"}),
    ],
)
async def test_what_stands_in_the_query_is_checked_as_well(client: AsyncClient, query: str, wrong: set[str]):
    answer = await lines(client, BRIEF, query=query)

    assert problem(answer) == (422, "invalid-input")
    assert set(pointers(answer.json())) == wrong


async def test_of_many_mistakes_the_first_hundred_are_told(client: AsyncClient):
    answer = await lines(client, *({**BRIEF, "company_name": "", "company_id": f"{number}"} for number in range(300)))

    assert problem(answer) == (422, "invalid-input")
    assert list(pointers(answer.json())) == [f"/items/{number}/input/company_name" for number in range(100)]


async def test_ten_thousand_items_are_taken_and_not_one_more(client: AsyncClient):
    few = dict.fromkeys(BRIEF, "x")
    most = [{"key": f"{number}", "input": few} for number in range(10_000)]

    assert (await start(client, order(items=most))).status_code == 202

    answer = await lines(client, *most, few)
    assert pointers(answer.json()) == {"/items": "10,001 lines; there may be 10,000."}
    assert pointers((await start(client, order(items=[*most, most[0]]))).json()) == {
        "/items": "It may have at most 10000 items; it has 10001."
    }
    assert problem(await lines(client, "\n" * 100_001)) == (422, "invalid-input")


async def test_a_body_may_be_long_but_not_for_ever_and_no_item_longer_than_a_run_s(client: AsyncClient):
    long = "x" * (MAX_BODY + 1)

    assert problem(await lines(client, "x" * (16 * 1024 * 1024 + 1))) == (413, "body-too-large")
    answer = await lines(client, BRIEF, {**BRIEF, "more": long})
    assert problem(answer) == (413, "body-too-large")
    assert "Line 2" in answer.json()["detail"]
    answer = await start(client, order(items=[{"key": "a", "input": {"more": long}}]))
    assert (problem(answer), answer.json()["detail"]) == ((413, "body-too-large"), "Item 0 is larger than 256 KB.")
    assert problem(await start(client, order(more=long))) == (413, "body-too-large")


async def test_another_media_type_is_refused_with_those_that_are_taken(client: AsyncClient):
    answer = await client.post("/api/batches", content=b"a,b\n", headers={"Content-Type": "text/csv"})

    assert problem(answer) == (415, "unsupported-media-type")
    assert answer.headers["accept-post"] == "application/json, application/x-ndjson"


async def test_the_same_key_and_body_are_the_same_batch(client: AsyncClient, store: Store):
    key = {"Idempotency-Key": "k"}
    first = await start(client, order("a"), **key)

    assert (await lines(client, *order("a")["items"], **key)).json() == first.json()
    assert problem(await start(client, order("b"), **key)) == (422, "key-reused")
    assert len((await store.runs.page("default")).runs) == 1


async def test_a_batch_counts_as_a_run(store: Store):
    async with in_process(create_app(settings_with(runs_per_minute=1), store)) as client:
        assert (await start(client, order())).headers["ratelimit"].startswith('"runs";r=0;')
        assert problem(await start(client, order())) == (429, "too-many-runs")


@pytest.mark.parametrize("how", ["start", "retry"])
async def test_no_other_way_to_start_a_batch_gets_around_its_items(client: AsyncClient, store: Store, how: str):
    wrong = order(items=[{"key": "a", "input": {**BRIEF, "company_name": ""}}])
    if how == "start":
        answer = await client.post("/api/runs", json={"pipeline": "batch", "input": wrong})
    else:
        body = {"input": wrong, "from_step": "items"}
        answer = await client.post(f"/api/runs/{await done(store)}/retry", json=body)

    assert problem(answer) == (422, "invalid-input")
    assert pointers(answer.json()) == {"/input/items/0/input/company_name": "company_name is empty: please answer it."}


async def test_a_batch_started_as_a_run_is_a_batch(client: AsyncClient, store: Store):
    answer = await client.post("/api/runs", json={"pipeline": "batch", "input": order("a")})

    assert answer.status_code == 202
    assert (await client.get(f"/api/batches/{answer.json()['run_id']}")).json()["counts"]["waiting"] == 1


async def test_a_batch_that_waits_for_a_worker_has_all_its_items_waiting(client: AsyncClient, store: Store):
    batch_id = await waiting(store, "a", "b", concurrency=4)

    seen = (await client.get(f"/api/batches/{batch_id}")).json()

    assert (seen["batch_id"], seen["name"], seen["pipeline"], seen["status"], seen["concurrency"]) == (
        str(batch_id),
        "portfolio",
        "vision_framework",
        "queued",
        4,
    )
    assert (
        seen["counts"]
        == Counts(total=2, waiting=2, running=0, complete=0, skipped=0, failed=0, cancelled=0).model_dump()
    )
    assert (seen["events_url"], seen["results_url"]) == (
        f"/api/batches/{batch_id}/events",
        f"/api/batches/{batch_id}/results",
    )
    assert "cost_usd" not in seen


async def test_a_batch_shows_how_its_items_stand_and_what_they_have_cost(client: AsyncClient, store: Store):
    batch = await carried(store, "a", "b", "c")
    await batch.completes("a", skipped=True)
    await batch.completes("b")
    await batch.counts(3, running=1, complete=2, skipped=1)

    seen = (await client.get(f"/api/batches/{batch.id}")).json()
    listed = (await client.get("/api/batches")).json()["batches"]

    assert seen["counts"] == listed[0]["counts"]
    assert (seen["counts"]["running"], seen["counts"]["complete"], seen["counts"]["skipped"]) == (1, 2, 1)
    assert seen["progress"] == pytest.approx(100 * 2 / 3)
    assert seen["cost_usd"] == 0.01, "what an earlier batch has done cost nothing here"


async def test_batches_are_listed_newest_first_in_pages_and_without_other_runs(client: AsyncClient, store: Store):
    ids = [str(await waiting(store, "a")) for _ in range(3)]
    over = str(await done(store, "a"))

    first = (await client.get("/api/batches?limit=3")).json()
    rest = (await client.get("/api/batches", params={"limit": 3, "after": first["next_after"]})).json()

    assert [each["batch_id"] for each in first["batches"] + rest["batches"]] == [over, *ids[::-1]]
    assert "next_after" not in rest and first["cursor"] > 0
    found = (await client.get("/api/batches?status=complete")).json()["batches"]
    assert [each["batch_id"] for each in found] == [over]
    assert problem(await client.get("/api/batches?after=x")) == (400, "bad-request")
    assert problem(await client.get("/api/batches?status=x")) == (400, "bad-request")


async def test_a_run_that_is_no_batch_is_no_batch(client: AsyncClient, store: Store):
    run_id = (await client.post("/api/runs", json={"pipeline": "vision_framework", "input": BRIEF})).json()["run_id"]

    for path in ("", "/items", "/results", "/events"):
        assert problem(await client.get(f"/api/batches/{run_id}{path}")) == (404, "unknown-batch")
        assert problem(await client.get(f"/api/batches/nothing{path}")) == (404, "unknown-batch")
    assert problem(await client.post(f"/api/batches/{run_id}/cancel")) == (404, "unknown-batch")
    assert not (await store.runs.view(UUID(run_id), "default")).cancel_requested


async def test_a_batch_is_cancelled_paused_and_let_go_on_like_its_run(client: AsyncClient, store: Store):
    batch = await carried(store, "a")

    told = [(await client.post(f"/api/batches/{batch.id}/{wish}")).json() for wish in ("pause", "unpause", "cancel")]

    assert told == [{"run_id": str(batch.id), "status": status} for status in ("paused", "running", "running")]
    assert (await client.get(f"/api/batches/{batch.id}")).json()["cancel_requested"]
    over = await done(store)
    assert problem(await client.post(f"/api/batches/{over}/cancel")) == (409, "run-ended")


async def test_a_batch_is_watched_like_its_run(client: AsyncClient, store: Store):
    batch_id = await done(store, "a")

    of_batch = await client.get(f"/api/batches/{batch_id}/events", headers={"Accept": "application/x-ndjson"})
    of_run = await client.get(f"/api/runs/{batch_id}/events", headers={"Accept": "application/x-ndjson"})

    assert of_batch.content == of_run.content
    tail = (await store.runs.view(batch_id, "default")).tail_seq
    assert (await client.get(f"/api/batches/{batch_id}/events?after={tail}")).status_code == 204
