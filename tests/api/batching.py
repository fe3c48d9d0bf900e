"""A batch and the runs of its items as a worker leaves them, for tests of those who look at them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from events.contract import PlannedStep
from events.runs import DEFAULT_TENANT
from events.store import Store
from tests.api.test_starting import BRIEF
from tests.api.writing import Writer, accept, hold, rest_of, told
from tests.histories import PROBLEM, Story

PLAN = [PlannedStep(step="items", label="Run the items")]


def brief_of(company: str) -> dict[str, Any]:
    return {**BRIEF, "company_name": company}


def order(*keys: str, **more: Any) -> dict[str, Any]:
    """A batch of an item for each key, as `POST /api/batches` takes it."""
    return {"name": "portfolio", "items": [{"key": key, "input": brief_of(key)} for key in keys or ("a",)], **more}


def begun() -> Story:
    return Story().queued("batch").started(PLAN, "batch").start("items")


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"pipeline": "vision_framework", "concurrency": 10, "max_cost_usd": None, **given}


async def waiting(store: Store, *keys: str, tenant: str = DEFAULT_TENANT, **more: Any) -> UUID:
    """A batch that no worker has looked at."""
    given = with_defaults(order(*keys, **more))
    return await accept(store, tenant=tenant, pipeline="batch", input=given, title=given["name"])


class Batch:
    """A batch that a worker carries: `tells` says how an item ended, `ends` that all have."""

    def __init__(self, store: Store, writer: Writer, tenant: str) -> None:
        self._store = store
        self._writer = writer
        self._tenant = tenant
        self._story = begun()
        self._said = 1

    @property
    def id(self) -> UUID:
        return self._writer.run_id

    async def says(self, story: Story) -> None:
        for event in story.events[self._said :]:
            await self._writer.write_one(event)
        self._said = len(story.events)

    async def begins(self) -> None:
        await self.says(self._story)

    async def begins_run(self, title: str) -> UUID:
        """A run of an item that goes on."""
        run_id = await accept(self._store, tenant=self._tenant, title=title, about=self.id)
        story = Story().queued().started().start("brief")
        await (await hold(self._store, run_id)).write(rest_of(story))
        return run_id

    async def completes(self, key: str, result: Any = None, *, skipped: bool = False) -> UUID:
        """With a run of its own, about this batch unless an earlier one had done it."""
        story = Story().queued().started().start("qa").spends("qa").completes("qa").done(result or {"made": key})
        more: dict[str, Any] = {} if skipped else {"about": self.id}
        run_id = await told(self._store, story, tenant=self._tenant, title=key, **more)
        await self.tells(key, run_id, "complete", skipped=skipped)
        return run_id

    async def fails(self, key: str) -> UUID:
        story = Story().queued().started().start("qa").fails("qa").failed("qa")
        run_id = await told(self._store, story, tenant=self._tenant, title=key, about=self.id)
        await self.tells(key, run_id, "error", problem=PROBLEM.model_dump(exclude_none=True))
        return run_id

    async def tells(self, key: str, run_id: UUID | None, status: str, *, skipped: bool = False, **more: Any) -> None:
        value = {"key": key, "run_id": run_id and str(run_id), "status": status, "skipped": skipped, **more}
        path = "/items/" + key.replace("~", "~0").replace("/", "~1")
        await self.says(self._story.part("items", path, value, "of the input" if status == "complete" else None))

    async def counts(self, total: int, words: str = "", **counts: int) -> None:
        known = dict.fromkeys(("waiting", "running", "complete", "skipped", "failed", "cancelled"), 0)
        data = {"basis": "declared", "counts": {"total": total, **known, **counts}}
        share = 100 * sum(counts.get(name, 0) for name in ("complete", "failed", "cancelled")) / total
        message = words or f"{total - counts.get('waiting', 0) - counts.get('running', 0)} of {total} done"
        more: dict[str, Any] = {"step": "items", "attempt": 1, "progress": share, "message": message}
        await self.says(self._story.say("progress", data, **more))

    async def ends(self) -> None:
        await self.report([])

    async def report(self, failed: list[Any]) -> None:
        await self.says(self._story.completes("items", {"failed": failed}).done({"failed": failed}))


async def carried(store: Store, *keys: str, tenant: str = DEFAULT_TENANT, **more: Any) -> Batch:
    """A batch of which a worker has begun the items."""
    batch = Batch(store, await hold(store, await waiting(store, *keys, tenant=tenant, **more)), tenant)
    await batch.begins()
    return batch


async def done(store: Store, *keys: str, failed: str = "", tenant: str = DEFAULT_TENANT) -> UUID:
    """A batch that has ended; all but one of its items well."""
    batch = await carried(store, *keys, tenant=tenant)
    for key in keys or ("a",):
        await (batch.fails(key) if key == failed else batch.completes(key))
    await batch.ends()
    return batch.id
