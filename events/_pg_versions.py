"""Versions of documents on PostgreSQL. Of two who add the same number the primary key lets one."""

import json
from dataclasses import replace
from uuid import UUID

import asyncpg

from events._pg import Connection, Database, Row
from events.errors import Outrun, UnknownRun
from events.versions import MOST_VERSIONS, Version, forgotten, led_around

_ACTS = """
    SELECT v.number, v.kind, v.shows, v.back, v.ahead, v.sections, v.by, v.made_at, v.refined_by, {} AS content
    FROM stepglass.runs r JOIN stepglass.versions v USING (run_id)
    JOIN stepglass.versions s ON s.run_id = v.run_id AND s.number = v.shows
    WHERE r.run_id = $1 AND r.tenant = $2
"""
_FACTS, _WHOLE = _ACTS.format("NULL::text"), _ACTS.format("s.content")
_PAGE = _FACTS + " AND ($3::int IS NULL OR v.number < $3) ORDER BY v.number DESC LIMIT $4"
_LAST = _WHOLE + " ORDER BY v.number DESC LIMIT 1"
_FIND = _WHOLE + " AND v.number = $3"
_ADD = """
    INSERT INTO stepglass.versions
        (run_id, number, kind, shows, back, ahead, sections, content, by, made_at, refined_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, clock_timestamp()), $11)
    RETURNING made_at
"""
_ALL = """
    SELECT number, kind, shows, back, ahead, sections, by, made_at, refined_by, NULL AS content
    FROM stepglass.versions WHERE run_id = $1 ORDER BY number
"""
_DROP = "DELETE FROM stepglass.versions WHERE run_id = $1 AND number = ANY ($2)"
_LEAD = "UPDATE stepglass.versions SET back = $3, ahead = $4 WHERE run_id = $1 AND number = $2"
_NEXT = """
    SELECT (SELECT coalesce(max(v.number), 0) + 1 FROM stepglass.versions v WHERE v.run_id = r.run_id)
    FROM stepglass.runs r WHERE run_id = $1 AND tenant = $2
"""


class PostgresVersions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, run_id: UUID, tenant: str) -> Version | None:
        row = await self._database.read(lambda connection: connection.fetchrow(_LAST, run_id, tenant))
        return None if row is None else _version(row)

    async def find(self, run_id: UUID, tenant: str, number: int) -> Version | None:
        row = await self._database.read(lambda connection: connection.fetchrow(_FIND, run_id, tenant, number))
        return None if row is None else _version(row)

    async def page(self, run_id: UUID, tenant: str, before: int | None = None, limit: int = 50) -> list[Version]:
        rows = await self._database.read(lambda connection: connection.fetch(_PAGE, run_id, tenant, before, limit))
        return [_version(row) for row in rows]

    async def add(self, run_id: UUID, tenant: str, *versions: Version) -> Version:
        tries = 0

        async def add_all(connection: Connection) -> Version:
            nonlocal tries
            tries += 1
            following = await connection.fetchval(_NEXT, run_id, tenant)
            if following is None:
                raise UnknownRun(f"There is no run {run_id}.")
            if tries > 1 and (kept := await _kept(connection, run_id, tenant, versions[-1])) is not None:
                return kept
            if following != versions[0].number:
                raise asyncpg.UniqueViolationError
            added = [await _add(connection, run_id, version) for version in versions][-1]
            if added.number > MOST_VERSIONS:
                await _thin(connection, run_id)
            return added

        try:
            return await self._database.transact(add_all)
        except asyncpg.UniqueViolationError as error:
            words = f"Version {versions[0].number} of the document of run {run_id} is not the next one any more."
            raise Outrun(words) from error


async def _kept(connection: Connection, run_id: UUID, tenant: str, version: Version) -> Version | None:
    """The version as it is stored, if it is: asked where the answer of the database may have been lost."""
    row = await connection.fetchrow(_FIND, run_id, tenant, version.number)
    found = None if row is None else _version(row)
    return found if found is not None and replace(found, at=version.at) == version else None


async def _add(connection: Connection, run_id: UUID, version: Version) -> Version:
    content = json.dumps(version.content, ensure_ascii=False) if version.shows == version.number else None
    made_at = await connection.fetchval(
        _ADD,
        *(run_id, version.number, version.kind, version.shows, version.back, version.ahead, version.sections),
        *(content, version.by, version.at, version.refined_by),
    )
    return replace(version, at=made_at)


async def _thin(connection: Connection, run_id: UUID) -> None:
    """Drop what is beyond `MOST_VERSIONS`. The version that was just added keeps others from adding one meanwhile."""
    history = [_version(row) for row in await connection.fetch(_ALL, run_id)]
    gone = forgotten(history)
    if gone:
        around = [(each, led_around(each, gone)) for each in history if each.number not in gone]
        led = [(run_id, now.number, now.back, now.ahead) for before, now in around if now != before]
        await connection.execute(_DROP, run_id, list(gone))
        await connection.executemany(_LEAD, led)


def _version(row: Row) -> Version:
    return Version(
        number=row["number"],
        kind=row["kind"],
        content=None if row["content"] is None else json.loads(row["content"]),
        shows=row["shows"],
        back=row["back"],
        ahead=tuple(row["ahead"]),
        sections=tuple(row["sections"]),
        by=row["by"],
        at=row["made_at"],
        refined_by=None if row["refined_by"] is None else UUID(str(row["refined_by"])),
    )
