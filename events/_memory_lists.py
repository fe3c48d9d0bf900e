"""Looking runs up in memory, in pages and by what they are to one another, and how long their steps took."""

from collections.abc import Collection
from itertools import islice
from uuid import UUID

from events._percentile import percentile
from events._record import Durations, Record
from events.contract import Expected
from events.runs import Page

Records = dict[UUID, Record]


def forks(records: Records, run_id: UUID, tenant: str) -> list[UUID]:
    found = (r for r in reversed(records.values()) if (r.new.forked_from, r.new.tenant) == (run_id, tenant))
    return [record.run_id for record in islice(found, 100)]


def page(
    records: Records,
    tenant: str,
    status: str | None,
    pipeline: str | None,
    about: UUID | None,
    below: UUID | None,
    limit: int,
) -> Page:
    found = [
        record
        for record in reversed(records.values())
        if record.new.tenant == tenant
        and (below is None or record.run_id < below)
        and status in (None, record.view.status)
        and pipeline in (None, record.new.pipeline)
        and about in (None, record.new.about)
    ]
    more = str(found[limit - 1].run_id) if len(found) > limit else None
    return Page([record.view for record in found[:limit]], more)


def history(past: Durations, tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
    return {
        step: Expected(p50=percentile(took, 0.5), p90=percentile(took, 0.9), n=len(took))
        for (*of, step), took in past.items()
        if of == [tenant, pipeline, profile]
    }


def owed_to_prefect(records: Records, limit: int, but: Collection[UUID]) -> list[UUID]:
    return list(islice((r.run_id for r in records.values() if r.owed and r.run_id not in but), limit))
