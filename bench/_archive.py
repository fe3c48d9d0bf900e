"""A finished run with a very long log, and a list of very many runs: do they open, and does the page still answer?"""

import json
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from playwright.async_api import Browser, Page

from bench._browser import fresh_page, probe, until
from bench._calm import Calm
from bench._figures import Figure
from bench._flood import flood, markdown
from bench._site import Site
from events.ids import uuid7

EVENTS, RUNS = 50_000, 10_000
AT_ONCE = 2000
MORE = 10
"""Further pages of the list that are asked for."""

WHOLE = "[...document.querySelectorAll('main li')].length > 3"


@dataclass
class Archive:
    """Milliseconds until something is on the page, and the longest task that it took."""

    figures: dict[str, Figure] = field(default_factory=dict[str, Figure])

    async def measure(self, site: Site, browser: Browser, rounds: int, calm: Calm) -> None:
        run_id = await long_run(site)
        await many_runs(site, run_id)
        for _ in range(rounds):
            await calm()
            async with fresh_page(browser) as page:
                await self._log(page, f"{site.url}/runs/{run_id}")
            async with fresh_page(browser) as page:
                await self._list(page, f"{site.url}/runs")

    async def _log(self, page: Page, address: str) -> None:
        name = "a log of 50,000"
        await self._timed(page, f"{name}: its page", 1000, page.goto(address), "document.querySelector('h1')")
        tab = page.get_by_role("tab", name="Events")
        await self._timed(page, f"{name}: its events", 2000, tab.click(), WHOLE)
        choice = page.get_by_role("combobox")
        await self._timed(page, f"{name}: all of them", 500, choice.select_option("all"), said("of 50,"))
        tab = page.get_by_role("tab", name="Timeline")
        drawn = "document.querySelector('main figure svg rect')"
        await self._timed(page, f"{name}: its timeline", 500, tab.click(), drawn)

    async def _list(self, page: Page, address: str) -> None:
        name = "10,000 runs"
        last = "[...document.querySelectorAll('tbody a')].at(-1)?.href"
        await self._timed(page, f"{name}: their page", 1000, page.goto(address), last)
        for _ in range(MORE):
            before = json.dumps(await page.evaluate(last))
            more = page.get_by_role("button", name="Load older runs")
            await self._timed(page, f"{name}: older ones", 500, more.click(), f"{last} !== {before}")

    async def _timed(self, page: Page, name: str, aim: float, act: Awaitable[object], condition: str) -> None:
        began = time.monotonic()
        if page.url != "about:blank":
            await page.evaluate("__probe.longTasks.length = 0")
        await act
        await until(page, condition)
        self._note(name, "ms", aim, (time.monotonic() - began) * 1000)
        tasks = (await probe(page))["longTasks"]
        self._note(f"{name.split(':')[0]}: longest task", "ms", 200, max((took for _, took in tasks), default=0))

    def _note(self, name: str, unit: str, aim: float, value: float) -> None:
        self.figures.setdefault(name, Figure(name, unit, aim)).values.append(value)


def said(text: str) -> str:
    return f"document.querySelector('main').textContent.includes({json.dumps(text)})"


async def long_run(site: Site) -> UUID:
    """A run that is complete, with a log of `EVENTS` events."""
    async with flood(site.store) as run:
        about = {"type": "model_chunk", "step": run.step, "attempt": 1}
        while run.tail < EVENTS:
            texts = [markdown(number) for number in range(len(run.said), len(run.said) + AT_ONCE)]
            await run.say(*({**about, "data": {"text": text}} for text in texts))
            run.said += texts
    return run.run_id


async def many_runs(site: Site, like: UUID) -> None:
    """So many more that look like it, without their logs: a list does not read them."""
    connection = await asyncpg.connect(site.database_url)
    try:
        row = dict(await connection.fetchrow("SELECT * FROM stepglass.runs WHERE run_id = $1", like) or {})
        ids = [uuid7() for _ in range(RUNS)]
        views = {each: row["view"].replace(str(like), str(each)) for each in ids}
        records = [tuple({**row, "run_id": each, "view": views[each]}.values()) for each in ids]
        await connection.copy_records_to_table("runs", schema_name="stepglass", columns=list(row), records=records)
    finally:
        await connection.close()
