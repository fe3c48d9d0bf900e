"""Runs on PostgreSQL: who wants one, who holds it, until when. Every time in here is the database's."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from pydantic import JsonValue

from events import _pg_lists as lists, _pg_wishes as wishes
from events._listener import Listener
from events._pg import Database, Row
from events._pg_accept import accept, standing
from events.contract import Expected
from events.errors import Fenced
from events.limits import Limits, Standing
from events.runs import Accepted, Claim, Header, NewRun, Page, Prefect
from events.view import RunView
from events.wishes import Wish

_NOTHING = "UPDATE stepglass.runs SET status = status WHERE false"
# Nobody can renew while the database is away: a lease that ran out then, or before its holder could be back, is a whole
# lease longer, counted from the server's start. No run is taken from a worker that lives.
_OVER = """(lease_until <= clock_timestamp() AND (
        lease_until > pg_postmaster_start_time() + interval '2 seconds'
        OR clock_timestamp() > pg_postmaster_start_time() + make_interval(secs => $2)))"""
_FREE = """
    SELECT run_id, claimed, (holder IS NOT NULL AND lease_until <= clock_timestamp())::int AS lost
    FROM stepglass.runs WHERE status NOT IN ('complete', 'error', 'cancelled') AND {}
"""
_FIRST = (
    f"(holder IS NULL OR {_OVER}) AND ($4::text[] IS NULL OR pipeline = ANY ($4)) "
    "AND ($6::integer IS NULL OR losses + (holder IS NOT NULL)::integer <> $6) "
    "ORDER BY {} LIMIT $7 FOR UPDATE SKIP LOCKED"
)
# First what rested and is to go on: it began before the others. By the time of the statement, which an index can be
# searched for: none of those that rest for longer is looked at.
_ANY = "SELECT * FROM ({}) woken UNION ALL SELECT * FROM ({}) free LIMIT $7".format(
    _FREE.format("wake_at <= statement_timestamp() AND " + _FIRST.format("wake_at")),
    _FREE.format("wake_at IS NULL AND " + _FIRST.format("run_id")),
)
_THIS = _FREE.format(
    "(wake_at IS NULL OR wake_at <= clock_timestamp()) AND run_id = $4 "
    f"AND $6::integer IS NULL AND $7::integer = 1 AND (holder IS NULL OR holder = $1 OR {_OVER}) FOR UPDATE"
)
_TAKE = """
    WITH found AS MATERIALIZED ({})
    UPDATE stepglass.runs r SET
        epoch = epoch + 1, holder = $1, lease_until = clock_timestamp() + make_interval(secs => $2), profile = $3,
        losses = losses + found.lost, claimed = true, wake_at = NULL, parked_at = NULL,
        deadline_at = deadline_at + coalesce(clock_timestamp() - parked_at, interval '0'),
        prefect = coalesce(prefect, CASE WHEN $5 THEN 'live' END)
    FROM found WHERE r.run_id = found.run_id
    RETURNING r.run_id, pipeline, tenant, input, epoch, tail_seq, losses, found.claimed OR found.lost > 0 AS taken_over,
        extract(epoch FROM deadline_at - clock_timestamp())::float8 AS seconds_left
"""
_RENEW = """
    UPDATE stepglass.runs SET lease_until = clock_timestamp() + make_interval(secs => $3)
    WHERE run_id = $1 AND epoch = $2 AND holder IS NOT NULL
    RETURNING CASE WHEN cancel_requested THEN 'cancel' WHEN status = 'paused' THEN 'pause' END AS wish
"""
_RELEASE = """
    WITH freed AS (
        UPDATE stepglass.runs SET holder = NULL, lease_until = NULL
        WHERE run_id = $1 AND epoch = $2 AND holder IS NOT NULL RETURNING run_id
    ) SELECT pg_notify('stepglass_queued', '') FROM freed
"""
# What somebody said since the claim has set `wake_at`: then the run may be claimed again at once.
_PARK = """
    WITH freed AS (
        UPDATE stepglass.runs SET holder = NULL, lease_until = NULL, parked_at = clock_timestamp(),
            wake_at = CASE WHEN cancel_requested THEN clock_timestamp()
                ELSE coalesce(wake_at, clock_timestamp() + make_interval(secs => $3), 'infinity') END
        WHERE run_id = $1 AND epoch = $2 AND holder IS NOT NULL RETURNING wake_at <= clock_timestamp() AS awake
    ) SELECT CASE WHEN awake THEN pg_notify('stepglass_queued', '') END FROM freed
"""


class PostgresRuns:
    """Each call is one transaction; on a lost connection it is tried again where that is safe."""

    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener

    async def ready(self) -> None:
        """Raises `StoreUnavailable` also for a server that answers but may not write."""
        await self._database.call(lambda connection: connection.execute(_NOTHING), patience=0)

    async def accept(
        self, new: NewRun, *, holder: str | None = None, lease: float = 10.0, limits: Limits | None = None
    ) -> Accepted:
        return await accept(self._database, new, holder, lease, limits)

    async def standing(self, tenant: str) -> Standing:
        return await standing(self._database, tenant)

    async def claim(
        self,
        holder: str,
        *,
        lease: float = 10.0,
        run_id: UUID | None = None,
        profile: str = "",
        pipelines: Sequence[str] | None = None,
        shown: bool = False,
        but_losses: int | None = None,
    ) -> Claim | None:
        query = _TAKE.format(_ANY if run_id is None else _THIS)
        which = pipelines if run_id is None else run_id
        arguments = (holder, lease, profile, which, shown, but_losses if run_id is None else None, 1)
        row = await self._database.call(lambda connection: connection.fetchrow(query, *arguments))
        return None if row is None else _claimed(row)

    async def claim_more(
        self,
        most: int,
        holder: str,
        *,
        lease: float = 10.0,
        profile: str = "",
        pipelines: Sequence[str] | None = None,
        shown: bool = False,
        but_losses: int | None = None,
    ) -> list[Claim]:
        arguments = (holder, lease, profile, pipelines, shown, but_losses, most)
        rows = await self._database.call(lambda connection: connection.fetch(_TAKE.format(_ANY), *arguments))
        return [_claimed(row) for row in rows]

    async def renew(self, run_id: UUID, epoch: int, *, lease: float = 10.0) -> Wish | None:
        row = await self._database.call(lambda connection: connection.fetchrow(_RENEW, run_id, epoch, lease))
        if row is None:
            raise Fenced(f"Epoch {epoch} does not hold run {run_id} any more.")
        return row["wish"]

    async def release(self, run_id: UUID, epoch: int) -> None:
        if await self._database.call(lambda connection: connection.fetchrow(_RELEASE, run_id, epoch)) is None:
            raise Fenced(f"Epoch {epoch} does not hold run {run_id} any more.")

    async def park(self, run_id: UUID, epoch: int, seconds: float | None = None) -> None:
        if await self._database.call(lambda connection: connection.fetchrow(_PARK, run_id, epoch, seconds)) is None:
            raise Fenced(f"Epoch {epoch} does not hold run {run_id} any more.")

    async def request_cancel(self, run_id: UUID, tenant: str, by: str | None = None) -> bool:
        return await self._database.transact(lambda connection: wishes.cancel(connection, run_id, tenant, by))

    async def pause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        await self._database.transact(lambda connection: wishes.pause(connection, run_id, tenant, by))

    async def unpause(self, run_id: UUID, tenant: str, by: str | None = None) -> None:
        await self._database.transact(lambda connection: wishes.unpause(connection, run_id, tenant, by))

    async def answer(self, run_id: UUID, tenant: str, input_id: str, value: JsonValue, by: str | None = None) -> None:
        await self._database.transact(lambda connection: wishes.answer(connection, run_id, tenant, input_id, value, by))

    async def view(self, run_id: UUID, tenant: str) -> RunView:
        return await self._database.read(lambda connection: lists.view(connection, run_id, tenant))

    async def header(self, run_id: UUID, tenant: str) -> Header:
        return await self._database.read(lambda connection: lists.header(connection, run_id, tenant))

    async def input(self, run_id: UUID, tenant: str) -> JsonValue:
        return await self._database.read(lambda connection: lists.input(connection, run_id, tenant))

    async def forks(self, run_id: UUID, tenant: str) -> list[UUID]:
        return await self._database.read(lambda connection: lists.forks(connection, run_id, tenant))

    async def owner(self, run_id: UUID) -> str:
        return await self._database.read(lambda connection: lists.owner(connection, run_id))

    async def find(self, tenant: str, idempotency_key: str) -> UUID | None:
        return await self._database.read(lambda connection: lists.find(connection, tenant, idempotency_key))

    async def page(
        self,
        tenant: str,
        *,
        status: str | None = None,
        pipeline: str | None = None,
        about: UUID | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        below = UUID(after) if after is not None else None
        return await self._database.read(
            lambda connection: lists.page(connection, tenant, status, pipeline, about, below, limit)
        )

    async def history(self, tenant: str, pipeline: str, profile: str) -> dict[str, Expected]:
        return await self._database.read(lambda connection: lists.history(connection, tenant, pipeline, profile))

    async def note_prefect(self, run_id: UUID, prefect: Prefect, flow_run_id: UUID | None = None) -> None:
        await self._database.call(lambda connection: lists.note_prefect(connection, run_id, prefect, flow_run_id))

    async def owed_to_prefect(self, limit: int = 20, *, but: Collection[UUID] = ()) -> list[UUID]:
        return await self._database.read(lambda connection: lists.owed_to_prefect(connection, limit, list(but)))

    async def prefect_told(self, run_id: UUID, flow_run_id: UUID) -> bool:
        return await self._database.call(lambda connection: lists.prefect_told(connection, run_id, flow_run_id))

    def wakeups(self) -> AbstractAsyncContextManager[AsyncIterator[UUID | None]]:
        return self._listener.wakeups()


def _claimed(row: Row) -> Claim:
    return Claim(
        run_id=UUID(str(row["run_id"])),
        pipeline=row["pipeline"],
        tenant=row["tenant"],
        input=json.loads(row["input"]),
        epoch=row["epoch"],
        tail_seq=row["tail_seq"],
        losses=row["losses"],
        taken_over=row["taken_over"],
        seconds_left=row["seconds_left"],
    )
