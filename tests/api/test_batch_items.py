"""`/api/batches/{batch_id}/items`, `/results` and `/retry`: what became of the items, and doing some of them again."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from api.batch_items import Items
from events.contract import RunQueued
from events.errors import StoreUnavailable
from events.log import Entry
from events.store import Store
from tests.api.batching import brief_of, carried, done
from tests.api.conftest import ApiServer, problem
from tests.api.test_starting import pointers
from tests.api.writing import log_of
from tests.histories import PROBLEM

FAILURE = PROBLEM.model_dump(exclude_none=True)


def lines_of(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


async def items(client: AsyncClient, batch_id: UUID, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/batches/{batch_id}/items", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_items_are_listed_as_they_ended(client: AsyncClient, store: Store):
    batch = await carried(store, "a", "b/c~", "d", "e")
    skipped = await batch.completes("b/c~", skipped=True)
    failed = await batch.fails("a")
    await batch.tells("d", None, "cancelled")

    assert await items(client, batch.id) == {
        "items": [
            {"key": "b/c~", "run_id": str(skipped), "status": "complete", "skipped": True},
            {"key": "a", "run_id": str(failed), "status": "error", "skipped": False, "problem": FAILURE},
            {"key": "d", "status": "cancelled", "skipped": False},
        ]
    }
    only = await items(client, batch.id, status="error")
    assert [each["key"] for each in only["items"]] == ["a"]


async def test_items_come_in_pages_and_what_ends_meanwhile_is_behind_the_last(client: AsyncClient, store: Store):
    keys = [f"k{number}" for number in range(5)]
    batch = await carried(store, *keys)
    for key in keys[:3]:
        await batch.completes(key)

    first = await items(client, batch.id, limit=2)
    for key in keys[3:]:
        await batch.completes(key)
    rest = await items(client, batch.id, limit=10, after=first["next_after"])

    assert [each["key"] for each in first["items"]] == keys[:2]
    assert [each["key"] for each in rest["items"]] == keys[2:]
    assert "next_after" not in rest


async def test_an_item_that_is_told_again_is_what_it_was_told_last(client: AsyncClient, store: Store):
    batch = await carried(store, "a", "b", "c")
    await batch.fails("a")
    await batch.fails("c")
    await batch.completes("b")
    made = await batch.completes("a")
    await batch.says(batch._story.withdraws("items", "/items/c"))  # pyright: ignore[reportPrivateUsage]

    found = (await items(client, batch.id))["items"]

    assert [(each["key"], each["status"]) for each in found] == [("b", "complete"), ("a", "complete")]
    assert found[1]["run_id"] == str(made)
    results = lines_of(await client.get(f"/api/batches/{batch.id}/results"))
    assert [each["key"] for each in results] == ["b", "a"]


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=99999999999999999", "limit=0", "limit=x", "status=running"]
)
async def test_a_page_that_cannot_be_is_refused(client: AsyncClient, store: Store, query: str):
    batch_id = await done(store)

    assert problem(await client.get(f"/api/batches/{batch_id}/items?{query}")) == (400, "bad-request")


async def test_results_are_a_line_for_every_item_that_has_ended(client: AsyncClient, store: Store):
    batch = await carried(store, "a", "b", "c", "d")
    one = await batch.completes("a", {"text": "ünïcode\u2028"})
    other = await batch.fails("b")
    await batch.tells("c", None, "cancelled")

    answer = await client.get(f"/api/batches/{batch.id}/results")

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert f'filename="batch-{batch.id}.jsonl"' in answer.headers["content-disposition"]
    assert lines_of(answer) == [
        {"key": "a", "run_id": str(one), "status": "complete", "skipped": False, "result": {"text": "ünïcode\u2028"}},
        {"key": "b", "run_id": str(other), "status": "error", "skipped": False, "problem": FAILURE},
        {"key": "c", "status": "cancelled", "skipped": False},
    ]


async def test_many_results_are_read_some_at_a_time(client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch):
    keys = [f"k{number}" for number in range(120)]
    batch_id = await done(store, *keys)
    asked: list[int] = []
    known = store.outcomes.last_words

    async def counted(run_ids: Any, tenant: str) -> dict[UUID, Entry]:
        asked.append(len(run_ids))
        return await known(run_ids, tenant)

    monkeypatch.setattr(store.outcomes, "last_words", counted)
    results = lines_of(await client.get(f"/api/batches/{batch_id}/results"))

    assert [each["result"] for each in results] == [{"made": key} for key in keys]
    assert asked == [50, 50, 20]


async def test_a_log_of_many_pages_is_read_to_its_end(store: Store, monkeypatch: pytest.MonkeyPatch):
    batch_id = await done(store, *(f"k{number}" for number in range(7)))
    known = store.outcomes.parts

    async def few(run_id: UUID, tenant: str, after: int = 0, **more: Any) -> list[Entry]:
        return await known(run_id, tenant, after, limit=2)

    monkeypatch.setattr(store.outcomes, "parts", few)
    found = [item.key async for _, item in Items(store.outcomes, batch_id, "default").behind()]

    assert found == [f"k{number}" for number in range(7)]


async def test_a_result_whose_run_was_removed_says_so(client: AsyncClient, store: Store):
    batch = await carried(store, "a")
    await batch.tells("a", uuid4(), "complete", skipped=True)

    (line,) = lines_of(await client.get(f"/api/batches/{batch.id}/results"))

    assert "result" not in line
    assert (line["status"], line["problem"]["title"]) == ("complete", "The run is gone")


async def test_results_that_cannot_all_be_read_are_cut_off(
    api_server: ApiServer, store: Store, monkeypatch: pytest.MonkeyPatch
):
    batch_id = await done(store, *(f"k{number}" for number in range(60)))
    known, times = store.outcomes.last_words, iter(range(10))

    async def once(run_ids: Any, tenant: str) -> dict[UUID, Entry]:
        if next(times):
            raise StoreUnavailable("away")
        return await known(run_ids, tenant)

    monkeypatch.setattr(store.outcomes, "last_words", once)
    read = b""
    async with api_server.client() as client, client.stream("GET", f"/api/batches/{batch_id}/results") as answer:
        with pytest.raises(Exception, match="incomplete|peer closed"):
            async for piece in answer.aiter_bytes():
                read += piece

    assert read.count(b"\n") == 50


async def test_a_retry_is_the_same_order_as_a_new_batch(client: AsyncClient, store: Store):
    batch_id = await done(store, "a", "b", failed="b")

    answer = await client.post(f"/api/batches/{batch_id}/retry")

    assert answer.status_code == 202, answer.text
    again = UUID(answer.json()["batch_id"])
    assert answer.json() == {
        "batch_id": str(again),
        "batch_url": f"/api/batches/{again}",
        "events_url": f"/api/batches/{again}/events",
        "items": 2,
    }
    assert await store.runs.input(again, "default") == await store.runs.input(batch_id, "default")
    (queued,) = [entry.event for entry in await log_of(store, again)]
    assert isinstance(queued, RunQueued)
    assert (queued.data.forked_from, queued.data.from_step, queued.data.title) == (str(batch_id), "items", "portfolio")
    assert (await client.get(f"/api/batches/{again}")).json()["forked_from"] == str(batch_id)
    assert (await client.get(f"/api/batches/{batch_id}")).json()["forks"] == [str(again)]


async def test_a_batch_done_again_as_a_run_goes_through_all_of_its_items(client: AsyncClient, store: Store):
    batch_id = await done(store, "a", "b", failed="b")

    answer = await client.post(f"/api/runs/{batch_id}/retry")

    assert answer.status_code == 202, answer.text
    seen = (await client.get(f"/api/batches/{answer.json()['run_id']}")).json()
    assert (seen["forked_from"], seen["counts"]["waiting"]) == (str(batch_id), 2)


async def test_a_retry_of_some_leaves_the_other_failures_out(client: AsyncClient, store: Store):
    batch = await carried(store, "a", "b", "c", "d")
    await batch.completes("a")
    await batch.fails("b")
    await batch.fails("c")
    await batch.ends()

    answer = await client.post(f"/api/batches/{batch.id}/retry", json={"keys": ["b", "a"]})

    given: Any = await store.runs.input(UUID(answer.json()["batch_id"]), "default")
    assert given["items"] == [{"key": key, "input": brief_of(key)} for key in ("a", "b")]


async def test_a_retry_of_what_is_not_there_is_refused(client: AsyncClient, store: Store):
    batch_id = await done(store, "a")

    answer = await client.post(f"/api/batches/{batch_id}/retry", json={"keys": ["a", "x", "y"]})

    assert problem(answer) == (422, "invalid-input")
    assert pointers(answer.json()) == {f"/keys/{at}": "No item has this key." for at in (1, 2)}
    assert problem(await client.post(f"/api/batches/{batch_id}/retry", json={"keys": []})) == (422, "invalid-input")


async def test_a_batch_that_goes_on_is_not_done_again(client: AsyncClient, store: Store):
    batch = await carried(store, "a")

    answer = await client.post(f"/api/batches/{batch.id}/retry")

    assert problem(answer) == (409, "not-finished")
    assert answer.headers["retry-after"] == "2"


async def test_a_retry_with_a_key_is_one_batch(client: AsyncClient, store: Store):
    batch_id = await done(store, "a", failed="a")
    tries = [await client.post(f"/api/batches/{batch_id}/retry", headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert tries[0].json() == tries[1].json()
