"""A finished Vision Framework for tests, and somebody who works on its document over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response

from api.app import create_app
from events.store import Store
from steps.vision_framework.scoring import MEASURED
from tests.api.conftest import in_process, settings_with
from tests.api.test_starting import BRIEF
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import Story
from tests.vision import FRAMEWORK, MARKS

SECTIONS = tuple(FRAMEWORK)
DOCUMENT: dict[str, Any] = {
    "framework": {**FRAMEWORK, "company_id": BRIEF["company_id"], "updated_at": "2026-11-20T12:00:00Z"},
    "scores": {
        name: {**MARKS, **({"measurability": 8} if name in MEASURED else {}), "overall": 8.25, "badge": "excellent"}
        for name in SECTIONS
    },
}
DOCUMENT["scores"] |= {name: {**DOCUMENT["scores"][name], "overall": 8.2} for name in MEASURED}
RESULT: dict[str, Any] = {"one_pager": "# A", **DOCUMENT}
WISH = {"section": "vision", "action": "more_specific"}
NEW_VISION = "Every harbour knows what its cranes will do. Nobody waits for a part."
OTHER_VISION = "Every port plans its cranes a week ahead. Nobody loads by night."
NEW_CARD = {**MARKS, "specificity": 10, "overall": 8.75, "badge": "excellent"}


def finished(result: Any = RESULT) -> Story:
    return Story().queued().started().done(result)


async def made(store: Store, result: Any = RESULT, **more: Any) -> UUID:
    """A run that ended with a framework."""
    return await told(store, finished(result), **{"input": BRIEF, **more})


async def refinement(store: Store, about: UUID, tenant: str = "default") -> UUID:
    """A finished refinement of the vision that a run made."""
    given = {**WISH, "instruction": None, "framework": DOCUMENT["framework"], "answers": BRIEF, "score": None}
    run_id = await accept(store, tenant=tenant, pipeline="refine", input=given, about=about)
    await see_through(store, run_id, tenant=tenant)
    return run_id


async def see_through(
    store: Store, run_id: UUID, after: Any = NEW_VISION, card: Any = NEW_CARD, tenant: str = "default"
) -> None:
    """What a worker makes of a refinement that waits for one."""
    given: Any = await store.runs.input(run_id, tenant)
    section = given["section"]
    result = {
        **{name: given[name] for name in ("section", "action", "instruction")},
        "before": given["framework"][section],
        "after": after,
        "repairs": 0,
        "framework": {**given["framework"], section: after},
        "score_before": given["score"] or MARKS,
        "score_after": card,
    }
    story = Story().queued("refine").started([], "refine").done(result)
    await (await hold(store, run_id)).write(rest_of(story))


@dataclass(frozen=True, slots=True)
class Editor:
    """Works on the document of a run. Every method gives the answer, whatever it is."""

    client: AsyncClient
    store: Store
    run_id: UUID

    async def ask(self, method: str, path: str = "", **more: Any) -> Response:
        return await self.client.request(method, f"/api/runs/{self.run_id}/framework{path}", **more)

    async def now(self) -> dict[str, Any]:
        response = await self.ask("GET")
        assert response.status_code == 200, response.text
        return response.json()

    async def edit(self, seen: int | str | None = None, by: str | None = None, **sections: Any) -> Response:
        return await self.ask("PATCH", json=sections, headers=headers_of(seen, by))

    async def undo(self, seen: int | str | None = None, by: str | None = None) -> Response:
        return await self.ask("POST", "/undo", headers=headers_of(seen, by))

    async def redo(self, seen: int | str | None = None, by: str | None = None) -> Response:
        return await self.ask("POST", "/redo", headers=headers_of(seen, by))

    async def versions(self, **query: Any) -> list[dict[str, Any]]:
        return (await self.ask("GET", "/versions", params=query)).json()["versions"]

    async def kinds(self) -> list[str]:
        """The history, the oldest first."""
        return [version["kind"] for version in await self.versions()][::-1]

    async def refine(self, key: str | None = None, **wish: Any) -> Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.client.post(f"/api/runs/{self.run_id}/refine", json=wish, headers=headers)

    async def refined(self, section: str = "vision", after: Any = NEW_VISION, card: Any = NEW_CARD) -> UUID:
        """A refinement of the document as it is now, seen through by a worker."""
        response = await self.refine(section=section, action="more_specific")
        run_id = UUID(response.json()["run_id"])
        await see_through(self.store, run_id, after, card)
        return run_id

    async def apply(self, refine_run_id: object, seen: int | None = None, by: str | None = None) -> Response:
        body = {"refine_run_id": str(refine_run_id)}
        return await self.ask("POST", "/apply", json=body, headers=headers_of(seen, by))


def headers_of(seen: int | str | None, by: str | None) -> dict[bytes, bytes]:
    given = {
        b"If-Match": None if seen is None else f'"{seen}"' if isinstance(seen, int) else seen,
        b"Stepglass-Author": by,
    }
    return {name: value.encode() for name, value in given.items() if value is not None}


@asynccontextmanager
async def editing(store: Store, run_id: UUID | None = None) -> AsyncGenerator[Editor]:
    async with in_process(create_app(settings_with(), store)) as client:
        yield Editor(client, store, run_id or await made(store))
