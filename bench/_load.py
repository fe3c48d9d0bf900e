"""A page under a flood of text: does it stay responsive, does it lose nothing, does it give the memory back?"""

import asyncio
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page

from bench._browser import Heap, fresh_page, probe, until
from bench._calm import Calm
from bench._figures import Figure
from bench._flood import Flood, flood
from bench._site import Site
from bench._tasks import Tasks

MB = 1024 * 1024
REST = 3000
"""Milliseconds for which an ended run is left alone before its memory is counted once more."""


@dataclass
class Load:
    """`piece` makes the text, of `step`; every figure has a value per run."""

    name: str
    step: str
    piece: Callable[[int], str]
    seconds: float
    figures: dict[str, Figure] = field(default_factory=dict[str, Figure])

    def __post_init__(self) -> None:
        self._figure("longest task", "ms", 100)
        self._figure("longest task, processor time", "ms", 50)
        self._figure("processor time of all tasks, of a second", "ms", 500)
        self._figure("frames a second", "fps", None, at_least=True)
        self._figure("longest time between two frames", "ms", None)
        self._figure("last word of it seen after", "ms", 1000)
        self._figure("characters lost", "", 0)
        self._figure("chunks a second", "", 1950, at_least=True)
        self._figure("memory after the run's end, later", "MB", 0.5)
        self._figure("memory of a further run, left", "MB", 1)

    def _figure(self, name: str, unit: str, aim: float | None, *, at_least: bool = False) -> None:
        self.figures[name] = Figure(f"{self.name}: {name}", unit, aim, at_least)

    def note(self, name: str, value: float) -> None:
        self.figures[name].values.append(value)

    async def measure(self, site: Site, browser: Browser, runs: int, calm: Calm) -> None:
        """So many floods on one page. The first shows what the code itself takes; what the others leave is a leak."""
        async with fresh_page(browser) as page:
            heap = await Heap.of(page)
            before = 0
            for number in range(runs):
                await calm()
                await self._once(site, browser, page, heap)
                left = await heap.used()
                if number:
                    self.note("memory of a further run, left", (left - before) / MB)
                before = left

    async def _once(self, site: Site, browser: Browser, page: Page, heap: Heap) -> None:
        async with flood(site.store, self.step) as run:
            await show(page, site, run)
            await page.evaluate("__probe.longTasks.length = 0, __probe.recording = true, __probe.look()")
            tasks = Tasks()
            await tasks.begin(browser)
            took = await run.write(self.piece, self.seconds)
            self.note("chunks a second", len(run.said) / took)
            self.note("last word of it seen after", await until_seen(page, run))
            costs = await tasks.end()
            self.note("longest task, processor time", max(costs))
            self.note("processor time of all tasks, of a second", sum(costs) / took)
            await self._judge(page, run)
        await until(page, "!document.querySelector('dialog [data-status=in_progress]')")
        await page.wait_for_timeout(500)
        ended = await heap.used()
        await page.wait_for_timeout(REST)
        self.note("memory after the run's end, later", (await heap.used() - ended) / MB)
        await leave(page)

    async def _judge(self, page: Page, run: Flood) -> None:
        noted = await probe(page)
        await page.evaluate("__probe.recording = false, __probe.frames.length = 0")
        frames = noted["frames"]
        gaps = [after - before for before, after in zip(frames, frames[1:], strict=False)]
        self.note("longest task", max((duration for _, duration in noted["longTasks"]), default=0))
        self.note("frames a second", 1000 / statistics.mean(gaps))
        self.note("longest time between two frames", max(gaps))
        shown = letters(await page.evaluate("document.querySelector('dialog section[tabindex]').textContent"))
        self.note("characters lost", abs(len(shown) - len(letters(run.text))) if shown != letters(run.text) else 0)


async def show(page: Page, site: Site, run: Flood) -> None:
    """The run's page, where its modal opens by itself; without loading anything anew after the first time."""
    address = f"/runs/{run.run_id}"
    if page.url == "about:blank":
        await page.goto(f"{site.url}{address}")
    else:
        await go(page, address)
    await page.wait_for_selector("dialog[open]")
    await page.wait_for_timeout(500)


async def go(page: Page, address: str) -> None:
    await page.evaluate(
        "(address) => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }", address
    )


async def leave(page: Page) -> None:
    """Close the modal and look at something else, for long enough that what lingers has gone."""
    await page.keyboard.press("Escape")
    await go(page, "/new")
    await page.get_by_role("button", name="Generate").wait_for()
    await page.wait_for_timeout(2000)


async def until_seen(page: Page, run: Flood) -> float:
    """Milliseconds until the end of the text is on the page."""
    began = asyncio.get_running_loop().time()
    end = letters(run.text)[-40:]
    text = "document.querySelector('dialog section[tabindex]')?.textContent.slice(-4000)"
    await until(page, f"{text}.replace(/[^a-zA-Z0-9]/g, '').endsWith(given)", end)
    return (asyncio.get_running_loop().time() - began) * 1000


def letters(text: str) -> str:
    """What is left of a text when its marks and spaces, which are drawn in other ways, are taken out."""
    return re.sub(r"[^a-zA-Z0-9]", "", text)
