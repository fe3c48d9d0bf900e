"""`POST /api/runs/{run_id}/retry`: doing a run again, over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Response

from events.contract import RunQueued, RunQueuedData, StepComplete, StepCompleteData
from events.log import Entry
from events.runs import NewRun
from events.store import Store
from flows.catalogue import CATALOGUE
from tests.api.conftest import problem
from tests.api.test_starting import BRIEF
from tests.api.writing import hold, log_of, rest_of
from tests.histories import Story

PIPELINE = CATALOGUE["vision_framework"]
STEPS = {step.id: step for step in PIPELINE.steps}


def made_of(step: str) -> dict[str, Any]:
    """As if the present version had made it; of an input that no test comes by again."""
    return {"inputs": "of the brief", "output": STEPS[step].basis.output, "prompts": {}}


def failed() -> Story:
    """The one-pager failed, and took the scoring with it."""
    story = Story().queued().started()
    for step in ("brief", "framework", "validation", "qa"):
        story.start(step).spends(step).completes(step)
        story.events[-1] = with_basis(story, step)
    return (
        story.start("one_pager").start("scoring").fails("one_pager").fails("scoring", "cancelled").failed("one_pager")
    )


def complete() -> Story:
    story = Story().queued().started()
    for step in STEPS:
        story.start(step).spends(step).completes(step)
        story.events[-1] = with_basis(story, step)
    return story.done({"one_pager": "# A"})


def with_basis(story: Story, step: str) -> StepComplete:
    done = story.events[-1]
    assert isinstance(done, StepComplete)
    data = StepCompleteData.model_validate({**done.data.model_dump(), "made_of": made_of(step)})
    return done.model_copy(update={"data": data})


async def ended(
    store: Store, story: Story, given: Any = BRIEF, tenant: str = "default", max_cost_usd: float | None = None
) -> UUID:
    first = [RunQueued(data=RunQueuedData(pipeline="vision_framework", max_cost_usd=max_cost_usd))]
    run_id = (await store.runs.accept(NewRun("vision_framework", given, first, tenant))).run_id
    await (await hold(store, run_id)).write(rest_of(story))
    return run_id


async def retry(client: AsyncClient, run_id: UUID, body: Any = None, **headers: str) -> Response:
    more = {} if body is None else {"json": body}
    return await client.post(f"/api/runs/{run_id}/retry", headers=headers, **more)


async def log_behind(store: Store, answer: Response) -> list[Entry]:
    assert answer.status_code == 202, answer.text
    return await log_of(store, UUID(answer.json()["run_id"]))


def told(entries: list[Entry]) -> list[str]:
    return [" ".join([entry.type, getattr(entry.event, "step", "")]).strip() for entry in entries]


async def test_a_failed_run_is_done_again_from_where_it_failed(client: AsyncClient, store: Store):
    run_id = await ended(store, failed())

    answer = await retry(client, run_id)

    again = answer.json()["run_id"]
    assert answer.headers["location"] == f"/api/runs/{again}"
    assert answer.json()["events_url"] == f"/api/runs/{again}/events"
    assert told(await log_behind(store, answer)) == [
        "run_queued",
        "step_complete brief",
        "step_complete framework",
        "step_complete validation",
        "step_complete qa",
    ]
    view = (await client.get(f"/api/runs/{again}")).json()
    assert (view["status"], view["forked_from"], view["title"]) == ("queued", str(run_id), BRIEF["company_name"])
    assert view["steps"][0]["reused"]["run_id"] == str(run_id)
    assert (view["cost_usd"], view["reused_cost_usd"]) == (None, 0.04), "seen, and not counted again"
    assert view["input"] == BRIEF


async def test_the_old_run_leads_to_the_new_ones_and_is_what_it_was(client: AsyncClient, store: Store):
    run_id = await ended(store, failed())
    before = await log_of(store, run_id)

    forks = [(await retry(client, run_id)).json()["run_id"] for _ in range(2)]

    assert (await client.get(f"/api/runs/{run_id}")).json()["forks"] == forks[::-1], "newest first"
    assert (await client.get(f"/api/runs/{forks[0]}")).json()["forks"] == []
    assert await log_of(store, run_id) == before


async def test_from_a_step_on_everything_that_depends_on_it_is_done_anew(client: AsyncClient, store: Store):
    run_id = await ended(store, complete())

    answer = await retry(client, run_id, {"from_step": "validation"})

    assert told(await log_behind(store, answer)) == ["run_queued", "step_complete brief", "step_complete framework"]


async def test_with_another_input_nothing_is_taken_over_that_was_made_of_the_old_one(client: AsyncClient, store: Store):
    run_id = await ended(store, complete())

    answer = await retry(client, run_id, {"input": {**BRIEF, "company_name": "Another"}})

    assert told(await log_behind(store, answer)) == ["run_queued"]
    view = (await client.get(f"/api/runs/{answer.json()['run_id']}")).json()
    assert (view["title"], view["input"]["company_name"]) == ("Another", "Another")


async def test_the_same_input_once_more_is_no_other_input(client: AsyncClient, store: Store):
    run_id = await ended(store, failed())

    answer = await retry(client, run_id, {"input": BRIEF})

    assert len(await log_behind(store, answer)) == 5


async def test_of_a_complete_run_it_must_be_said_from_where(client: AsyncClient, store: Store):
    run_id = await ended(store, complete())

    refused = await retry(client, run_id, {})

    assert problem(refused) == (422, "invalid-input")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/from_step"
    assert "brief, framework, validation" in error["detail"]


async def test_a_step_that_there_is_not_is_named_with_those_that_there_are(client: AsyncClient, store: Store):
    run_id = await ended(store, failed())

    refused = await retry(client, run_id, {"from_step": "dessert"})

    assert problem(refused) == (422, "invalid-input")
    assert "'dessert'" in refused.json()["errors"][0]["detail"]


async def test_a_run_that_goes_on_cannot_be_done_again_yet(client: AsyncClient, store: Store):
    run_id = await ended(store, Story().queued().started())

    refused = await retry(client, run_id)

    assert problem(refused) == (409, "not-finished")
    assert refused.headers["retry-after"] == "2"


async def test_the_same_key_is_the_same_run_and_with_another_wish_it_is_refused(client: AsyncClient, store: Store):
    run_id, other = await ended(store, failed()), await ended(store, failed())
    key = {"Idempotency-Key": "k"}

    first = await retry(client, run_id, {}, **key)

    assert (await retry(client, run_id, {"from_step": "one_pager"}, **key)).json() == first.json(), "which it was"
    assert problem(await retry(client, run_id, {"from_step": "qa"}, **key)) == (422, "key-reused")
    assert problem(await retry(client, other, {}, **key)) == (422, "key-reused")
    body = {"pipeline": "vision_framework", "input": BRIEF}
    assert problem(await client.post("/api/runs", json=body, headers=key)) == (422, "key-reused")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from": "qa"}, "/from"),
        ({"from_step": 3}, "/from_step"),
        ({"input": {**BRIEF, "company_name": ""}}, "/input/company_name"),
        ([], ""),
    ],
)
async def test_a_wish_that_is_none_says_where(client: AsyncClient, store: Store, body: Any, pointer: str):
    run_id = await ended(store, failed())

    refused = await retry(client, run_id, body)

    assert problem(refused) == (422, "invalid-input")
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_an_input_that_this_version_does_not_take_any_more_is_named_as_the_cause(
    client: AsyncClient, store: Store
):
    run_id = await ended(store, failed(), {"answers": "as they were asked for once"})

    refused = await retry(client, run_id)

    assert problem(refused) == (422, "invalid-input")
    assert "/input/company_name" in [error["pointer"] for error in refused.json()["errors"]]
    assert (await retry(client, run_id, {"input": BRIEF})).status_code == 202, "with another one it can be done"


async def test_a_run_that_is_about_another_one_stays_about_it(client: AsyncClient, store: Store):
    about = uuid4()
    first = [RunQueued(data=RunQueuedData(pipeline="vision_framework"))]
    run_id = (await store.runs.accept(NewRun("vision_framework", BRIEF, first, about=about))).run_id
    await (await hold(store, run_id)).write(rest_of(failed()))

    again = (await retry(client, run_id)).json()["run_id"]

    assert (await store.runs.header(UUID(again), "default")).about == about
