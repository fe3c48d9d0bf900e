"""`stepglass vacuum` over a database with runs in it."""

from pathlib import Path

import anyio
import asyncpg
import pytest

from cli.vacuum import vacuum
from events.store import Store
from settings import Settings
from tests.events.words import LAST, chunk, held, opened, start


def settings_for(url: str, **more: object) -> Settings:
    return Settings.model_validate({"database_url": url, "keep_runs": None, "compact_after": 60, **more})


async def ran(store: Store, settings: Settings, *, dry_run: bool = False) -> int:
    return await anyio.to_thread.run_sync(lambda: vacuum(settings, dry_run=dry_run))


async def test_it_says_what_it_would_do_then_does_it_and_then_there_is_nothing_left(
    postgres_store: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await held(postgres_store)
    events = [opened(), start(), *(chunk("word ") for _ in range(40)), LAST]
    await postgres_store.log.append(run.run_id, events, epoch=run.epoch)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE stepglass.run_totals SET ended_at = ended_at - interval '2 minutes'")
    await connection.close()
    settings = settings_for(database_url)
    assert await ran(postgres_store, settings, dry_run=True) == 0
    assert await ran(postgres_store, settings) == 0
    assert await ran(postgres_store, settings_for(database_url, keep_runs=30)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "To be packed: 1 run. Too old: 0 runs; runs are kept for ever.",
        "1 run packed: 40 rows of 0.0 MB are 1 of 0.0 MB. 0 runs removed; runs are kept for ever.",
        "0 runs packed. 0 runs removed; runs are kept for 30 days.",
    ]


async def test_while_a_worker_is_at_it_that_is_said(
    postgres_store: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(788370019)")
        assert await ran(postgres_store, settings_for(database_url)) == 1
    finally:
        await connection.close()
    assert "A worker is at it" in capsys.readouterr().err


def test_without_any_database_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.model_validate({"database_url": None, "data_dir": tmp_path})
    assert vacuum(settings, dry_run=True) == 1
    assert "No DATABASE_URL" in capsys.readouterr().err
