"""Versions of documents in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from events.errors import Outrun
from events.versions import Version, forgotten, led_around


class MemoryVersions:
    """`check` raises `UnknownRun` for a run that is not there, or not this tenant's."""

    def __init__(self, check: Callable[[UUID, str], object]) -> None:
        self._check = check
        self._all: dict[tuple[UUID, str], list[Version]] = {}

    async def last(self, run_id: UUID, tenant: str) -> Version | None:
        versions = self._of(run_id, tenant)
        return versions[-1] if versions else None

    async def find(self, run_id: UUID, tenant: str, number: int) -> Version | None:
        return next((version for version in self._of(run_id, tenant) if version.number == number), None)

    async def page(self, run_id: UUID, tenant: str, before: int | None = None, limit: int = 50) -> list[Version]:
        newest_first = self._of(run_id, tenant)[::-1]
        below = [version for version in newest_first if before is None or version.number < before]
        return [replace(version, content=None) for version in below[:limit]]

    async def add(self, run_id: UUID, tenant: str, *versions: Version) -> Version:
        self._check(run_id, tenant)
        known = self._all.setdefault((run_id, tenant), [])
        number = known[-1].number if known else 0
        if [version.number for version in versions] != list(range(number + 1, number + 1 + len(versions))):
            raise Outrun(f"The document of run {run_id} is at version {number}; {versions[0].number} is not next.")
        known += [replace(version, at=version.at or datetime.now(UTC)) for version in versions]
        gone = forgotten(known)
        known[:] = [led_around(version, gone) for version in known if version.number not in gone]
        return known[-1]

    def changed_at(self, run_id: UUID, tenant: str) -> datetime | None:
        """When somebody last changed it."""
        versions = self._of(run_id, tenant)
        return versions[-1].at if versions else None

    def forget(self, run_id: UUID, tenant: str) -> None:
        self._all.pop((run_id, tenant), None)

    def _of(self, run_id: UUID, tenant: str) -> list[Version]:
        return self._all.get((run_id, tenant), [])
