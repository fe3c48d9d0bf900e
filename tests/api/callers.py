"""Every operation as it can be asked, who asks it, and the status that each of them gets."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from api._operation import Operation
from api.app import create_app
from api.operations import OPERATIONS
from events.store import Store
from tests.api.batching import done, order
from tests.api.conftest import in_process, settings_with
from tests.api.editing import NEW_VISION, WISH, made, refinement
from tests.api.test_generate_stream import REFINEMENT
from tests.api.test_starting import BRIEF, START

TOKENS = "acme:the-token-of-acme,beta:the-token-of-beta"
ACME = {"Authorization": "Bearer the-token-of-acme"}
BETA = {"Authorization": "Bearer the-token-of-beta"}
BODIES: dict[str, Any] = {
    "start_run": START,
    "generate_stream": BRIEF,
    "refine": REFINEMENT,
    "edit_framework": {"vision": NEW_VISION},
    "refine_section": WISH,
    "answer_input": {"value": 1},
    "start_batch": order("a"),
}
# No page is built in these tests, and nobody wants figures.
OPEN = {
    **dict.fromkeys(("health", "ready", "openapi_json", "docs", "style", "problem"), 200),
    **dict.fromkeys(("start", "page_new", "page_runs", "page_run", "page_batches", "page_batch", "page_stats"), 307),
    **dict.fromkeys(("asset", "icon", "show_metrics"), 404),
}
# What the owner gets. The run and the batch have ended, and nothing was done to the run's document yet.
OWNED = {
    **dict.fromkeys(("list_pipelines", "list_runs", "watch_runs", "list_batches", "show_stats"), 200),
    **dict.fromkeys(("show_run", "watch_run", "make_token", "show_result", "show_one_pager"), 200),
    **dict.fromkeys(("show_framework", "edit_framework", "apply_refinement", "list_versions", "show_version"), 200),
    **dict.fromkeys(("show_batch", "list_items", "show_results", "watch_batch"), 200),
    **dict.fromkeys(("generate_stream", "refine"), 200),
    **dict.fromkeys(("start_run", "start_batch", "refine_section", "retry_run", "retry_batch"), 202),
    "leave_run": 204,
    **dict.fromkeys(("cancel_run", "pause_run", "unpause_run", "answer_input", "undo", "redo"), 409),
    **dict.fromkeys(("cancel_batch", "pause_batch", "unpause_batch"), 409),
}
# Names in an address that stand for something of a tenant's, and names that do not.
OF_A_TENANT = ("run_id", "batch_id")
BELOW = ("version", "input_id")


@dataclass(frozen=True, slots=True)
class Expected:
    """The statuses of one operation on something of acme's, by who asks."""

    owner: int
    other_tenant: int
    token_of_the_run: int
    token_of_another_run: int
    nobody: int


def expected(operation: Operation) -> Expected:
    """Follows from what its address names. Raises `KeyError` for an operation that is in neither table."""
    if operation.id in OPEN:
        return Expected(*[OPEN[operation.id]] * 5)
    owner = OWNED[operation.id]
    ofs = [name for name in OF_A_TENANT if f"{{{name}}}" in operation.path]
    reads_the_run = ofs == ["run_id"] and operation.method == "GET"
    return Expected(owner, 404 if ofs else owner, owner if reads_the_run else 401, 401, 401)


OF_A_RUN = [each for each in OPERATIONS if "{run_id}" in each.path]
OF_A_BATCH = [each for each in OPERATIONS if "{batch_id}" in each.path]


@dataclass(frozen=True, slots=True)
class Asked:
    """An address with a run, or a batch, of acme's in it."""

    client: AsyncClient
    run_id: UUID
    refined_by: UUID
    batch_id: UUID

    async def __call__(self, name: str, headers: dict[str, str]) -> Response:
        # A run that never ends is not watched to its end here: the key names one that has ended.
        return await self.client.request(**self.request(name), headers=headers)

    async def status(self, client: AsyncClient, name: str, headers: dict[str, str]) -> int:
        """Over a real connection, of which no more is read than the headers: a stream may have no end."""
        async with client.stream(**self.request(name), headers=headers) as response:
            return response.status_code

    def request(self, name: str) -> dict[str, Any]:
        operation = next(each for each in OPERATIONS if each.id == name)
        ids = {"run_id": self.run_id, "id": self.run_id, "batch_id": self.batch_id}
        path = operation.path.format(**ids, kind="invalid-input", file="index-a.js", version=1, input_id="input-1")
        bodies: dict[str, Any] = {**BODIES, "apply_refinement": {"refine_run_id": str(self.refined_by)}}
        return {"method": operation.method, "url": path, **({"json": bodies[name]} if name in bodies else {})}

    async def token(self, run_id: UUID) -> dict[str, str]:
        """What reads that run of acme's alone."""
        token = (await self.client.post(f"/api/runs/{run_id}/token", headers=ACME)).json()["token"]
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def ask(store: Store) -> AsyncGenerator[Asked]:
    run_id = await made(store, tenant="acme")
    refined_by = await refinement(store, run_id, tenant="acme")
    batch_id = await done(store, "a", tenant="acme")
    async with in_process(create_app(settings_with(api_tokens=TOKENS), store)) as client:
        yield Asked(client, run_id, refined_by, batch_id)
