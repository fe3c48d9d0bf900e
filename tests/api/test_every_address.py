"""What holds of every address there is, and of each that will be added: who may not use it leaves no trace."""

from typing import Any

import pytest

from api.operations import OPERATIONS
from events.store import Store
from tests.api.callers import ACME, BETA, OF_A_BATCH, OF_A_RUN, Asked, ask
from tests.api.conftest import problem
from tests.api.editing import made
from tests.api.writing import log_of

__all__ = ["ask"]
CHANGING = [each.id for each in OPERATIONS if each.method != "GET"]
ADDRESSES = [each.id for each in OPERATIONS]


async def state_of(ask: Asked, store: Store) -> Any:
    """All that there is to be seen of what is acme's."""
    paths = (f"/api/runs/{ask.run_id}", f"/api/runs/{ask.run_id}/framework/versions", "/api/runs", "/api/batches")
    seen = [(await ask.client.get(path, headers=ACME)).json() for path in paths]
    log = await log_of(store, ask.run_id)
    abandoned = (await ask.client.get("/api/stats", headers=ACME)).json()["abandoned"]
    return seen, [entry.line for entry in log], abandoned


@pytest.mark.parametrize("name", [each.id for each in [*OF_A_RUN, *OF_A_BATCH]])
async def test_who_may_not_leaves_no_trace(ask: Asked, store: Store, name: str):
    token = await ask.token(await made(store, tenant="acme"))
    before = await state_of(ask, store)

    for headers, status in ((BETA, 404), ({}, 401), (token, 401)):
        assert (await ask(name, headers)).status_code == status

    assert await state_of(ask, store) == before


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
@pytest.mark.parametrize("name", CHANGING)
async def test_a_page_of_another_origin_changes_nothing(ask: Asked, store: Store, name: str, origin: str):
    before = await state_of(ask, store)

    assert problem(await ask(name, {**ACME, "Origin": origin})) == (403, "forbidden-origin")

    assert await state_of(ask, store) == before


@pytest.mark.parametrize("name", ADDRESSES)
async def test_under_a_name_that_is_not_ours_there_is_nothing(ask: Asked, name: str):
    assert problem(await ask(name, {**ACME, "Host": "evil.example"})) == (421, "unknown-host")
