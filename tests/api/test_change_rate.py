"""How many changes a tenant may make a minute: what counts as one, who is refused, and when to come back."""

import re
from typing import Any

import pytest

from api.app import create_app
from api.change_rate import ChangeRate
from api.operations import OPERATIONS
from api.problems import HttpProblem
from events.store import Store
from tests.api.batching import done
from tests.api.conftest import in_process, problem, settings_with
from tests.api.editing import Editor, made, refinement
from tests.api.test_retry import ended, failed
from tests.api.test_tenants import ACME, BETA, TOKENS, Asked
from tests.api.writing import accept
from tests.fundamentals.conftest import Clock

STARTS = {"start_run", "start_batch", "generate_stream", "refine"}
CHANGES = [each.id for each in OPERATIONS if each.method != "GET" and each.id not in STARTS]


async def test_m8_sixty_edits_in_a_row_are_made_and_one_beyond_the_limit_is_refused(store: Store):
    run_id = await made(store)
    async with in_process(create_app(settings_with(changes_per_minute=60), store)) as client:
        editor = Editor(client, store, run_id)
        answers = [await editor.edit(vision=f"Number {n} of many visions. It has two sentences.") for n in range(61)]

        assert [answer.status_code for answer in answers] == [200] * 60 + [429]
        assert (await editor.now())["version"] == 61, "the run's own and sixty edits; reading is not limited"

    *_, last, refused = answers
    assert problem(refused) == (429, "too-many-changes")
    assert refused.json()["detail"] == "60 changes were made within a minute; 60 may be."
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert last.headers["ratelimit-policy"] == refused.headers["ratelimit-policy"] == '"changes";q=60;w=60'
    assert re.fullmatch(r'"changes";r=0;t=\d\d', last.headers["ratelimit"])


@pytest.mark.parametrize("name", CHANGES)
async def test_m8_whatever_changes_something_is_counted_and_refused_alike(store: Store, name: str):
    run_id = await made(store, tenant="acme")
    refined_by = await refinement(store, run_id, tenant="acme")
    batch_id = await done(store, "a", tenant="acme")
    async with in_process(create_app(settings_with(api_tokens=TOKENS, changes_per_minute=1), store)) as client:
        ask = Asked(client, run_id, refined_by, batch_id)
        first, second = await ask(name, ACME), await ask(name, ACME)
        reading = await client.get(f"/api/runs/{run_id}", headers=ACME)
        others = await ask(name, BETA)

    assert first.status_code != 429
    assert problem(second) == (429, "too-many-changes")
    assert reading.status_code == 200
    assert problem(others)[0] == 404, "another tenant has a limit of its own"


async def test_m8_starts_are_no_changes(store: Store):
    run_id = await accept(store)
    async with in_process(create_app(settings_with(changes_per_minute=1), store)) as client:
        await client.post(f"/api/runs/{run_id}/pause")
        for each in OPERATIONS:
            if each.id in STARTS:
                refused: Any = await client.post(each.path, json={"this": "is none"})
                assert problem(refused)[0] == 422


async def test_m8_a_run_that_is_done_again_tells_of_both_limits(store: Store):
    source = await ended(store, failed())
    async with in_process(create_app(settings_with(), store)) as client:
        answer = await client.post(f"/api/runs/{source}/retry")

    assert answer.status_code == 202
    left = r'"runs";r=598;t=\d\d, "live-runs";r=999, "changes";r=599;t=\d\d'
    assert re.fullmatch(left, answer.headers["ratelimit"])
    assert answer.headers["ratelimit-policy"] == '"runs";q=600;w=60, "live-runs";q=1000, "changes";q=600;w=60'


def test_m8_after_a_minute_there_is_room_again_and_refusals_do_not_count():
    clock = Clock()
    rate = ChangeRate(2, clock)
    rate.count("acme")
    clock.now = 20
    rate.count("acme")
    for clock.now, seconds in ((30, 30), (59.5, 1)):
        with pytest.raises(HttpProblem) as refused:
            rate.count("acme")
        assert refused.value.headers["Retry-After"] == str(seconds)
    rate.count("beta")
    clock.now = 60
    assert rate.count("acme")["RateLimit"] == '"changes";r=0;t=20'
