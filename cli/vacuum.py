"""`stepglass vacuum`: pack what has ended, and let go of what is too old, now rather than within the hour."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from cli._errors import CommandFailed
from cli._terminal import complain, say
from events.embedded import EmbeddedError, embedded_postgres
from events.errors import StoreError
from events.retention import Swept
from events.store import open_store
from settings import Settings


def vacuum(settings: Settings, *, dry_run: bool) -> int:
    """Gives the exit code: 1 where the store cannot be had, or a worker is at it."""
    try:
        with store_url(settings) as url:
            swept = asyncio.run(sweep(url, settings, dry_run=dry_run))
    except (StoreError, EmbeddedError, CommandFailed) as error:
        complain(str(error))
        return 1
    say(in_words(swept, settings, dry_run=dry_run))
    return 0


@contextmanager
def store_url(settings: Settings) -> Generator[str, None, None]:
    """The database that was named, or the embedded one, whether it runs or not."""
    if settings.database_url is not None:
        yield settings.store_url
    elif (settings.data_dir / "postgres").exists():
        with embedded_postgres(settings.data_dir) as url:
            yield url
    else:
        raise CommandFailed(f"No DATABASE_URL, and no database in {settings.data_dir}: there is nothing to be packed.")


async def sweep(url: str, settings: Settings, *, dry_run: bool) -> Swept:
    async with open_store(url) as store:
        after, days = settings.compact_after, settings.keep_runs
        swept = await store.retention.sweep(compact_after=after, keep_days=days, pause=0, dry_run=dry_run)
    if swept is None:
        raise CommandFailed("A worker is at it just now: look again in a few minutes.")
    return swept


def in_words(swept: Swept, settings: Settings, *, dry_run: bool) -> str:
    kept = "for ever" if settings.keep_runs is None else f"for {settings.keep_runs:g} days"
    if dry_run:
        return f"To be packed: {runs(swept.compacted)}. Too old: {runs(swept.forgotten)}; runs are kept {kept}."
    rows = f"{swept.rows_before:,} rows of {swept.bytes_before / 1e6:,.1f} MB are {swept.rows_after:,}"
    packed = f"{runs(swept.compacted)} packed" + (
        f": {rows} of {swept.bytes_after / 1e6:,.1f} MB." if swept.compacted else "."
    )
    return f"{packed} {runs(swept.forgotten)} removed; runs are kept {kept}."


def runs(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
