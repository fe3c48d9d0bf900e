"""Accepting a run on PostgreSQL: one call of `stepglass.accept`, which also counts what the tenant has used."""

import json
from uuid import UUID

from events._pg import Database, Row
from events.errors import KeyReused, OverLimit
from events.fold import fold, opening
from events.ids import uuid7
from events.limits import Limits, Standing
from events.log import Entry, encode
from events.runs import Accepted, NewRun

_ACCEPT = "SELECT * FROM stepglass.accept({})".format(", ".join(f"${number}" for number in range(1, 19)))
_STANDING = "SELECT * FROM stepglass.standing($1, NULL, true)"


async def accept(database: Database, new: NewRun, holder: str | None, lease: float, limits: Limits | None) -> Accepted:
    """See `events.runs.Runs.accept`."""
    run_id = uuid7()
    bodies = [encode(event) for event in new.first]
    view = opening(str(run_id))
    for seq, (event, body) in enumerate(zip(new.first, bodies, strict=True), 1):
        view = fold(view, Entry(run_id, seq, event.type, body))
    most = limits or Limits()
    arguments = (
        *(run_id, new.tenant, new.pipeline, json.dumps(new.input), new.idempotency_key),
        *(new.body_hash, new.deadline, holder, lease, view.model_dump_json(exclude_defaults=True)),
        *([event.type for event in new.first], [body.decode() for body in bodies], new.about, new.forked_from),
        *(limits is not None, most.runs_per_minute, most.live_runs, most.spend_per_day),
    )
    row = await database.call(lambda connection: connection.fetchrow(_ACCEPT, *arguments))
    assert row is not None
    standing = None if limits is None else _standing(row)
    if row["run_id"] is None:
        assert standing is not None and (reached := most.reached(standing)) is not None
        raise OverLimit(reached, standing)
    if not row["same_body"]:
        raise KeyReused(f"The key '{new.idempotency_key}' started run {row['run_id']}, with another body.")
    if standing is not None and row["created"]:
        standing = standing.with_one_more()
    return Accepted(UUID(str(row["run_id"])), row["created"], standing)


async def standing(database: Database, tenant: str) -> Standing:
    """See `events.runs.Runs.standing`."""
    row = await database.read(lambda connection: connection.fetchrow(_STANDING, tenant))
    assert row is not None
    return _standing(row)


def _standing(row: Row) -> Standing:
    return Standing(
        minute=row["minute"],
        minute_left=row["minute_left"],
        live=row["live"],
        spent=row["spent"],
        day_left=row["day_left"],
    )
