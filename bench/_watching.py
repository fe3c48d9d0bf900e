"""From the click to the modal and to the first event; and what a run looks like to somebody who comes back to it."""

import json
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page

from bench._browser import fresh_page, probe, until
from bench._figures import Figure
from bench._site import Site
from steps.vision_framework.examples import EXAMPLES

SOME_TEXT = 6
"""Paragraphs that are there before a page is loaded again."""
LOST = 20
"""Seconds after which a text is taken for lost; that is then what is noted."""


@dataclass
class Watching:
    """Milliseconds from the click, or from the beginning of a page's loading."""

    drawn: Figure = field(default_factory=lambda: Figure("click to the modal drawn", "ms", 100))
    visible: Figure = field(default_factory=lambda: Figure("click to the modal visible", "ms", 100))
    event: Figure = field(default_factory=lambda: Figure("click to the first event painted", "ms", 150))
    reload: Figure = field(default_factory=lambda: Figure("reload to the same text", "ms", 1000))
    tab: Figure = field(default_factory=lambda: Figure("second tab to the same text", "ms", 1000))
    device: Figure = field(default_factory=lambda: Figure("second device to the same text", "ms", 1000))

    @property
    def figures(self) -> list[Figure]:
        return [self.drawn, self.visible, self.event, self.reload, self.tab, self.device]

    async def measure(self, site: Site, browser: Browser) -> None:
        """One run, as one person sees it: started, loaded again in its middle, in another tab, on another device."""
        async with fresh_page(browser) as page:
            await page.goto(f"{site.url}/new")
            await fill(page)
            await self._click(page)
            await until_written(page)
            address = page.url
            await expect_again(page)
            self.reload.values.append(await again(page, None))
            await expect_again(page)
            tab = await page.context.new_page()
            self.tab.values.append(await again(tab, address))
            await tab.close()
            kept = await expect_again(page)
            async with fresh_page(browser, {"bench.expected": kept}) as other:
                self.device.values.append(await again(other, address))
            run_id = address.rsplit("/", 1)[1]
            await page.context.request.post(f"{site.url}/api/runs/{run_id}/cancel")

    async def _click(self, page: Page) -> None:
        await page.evaluate("__probe.armed = true")
        await page.get_by_role("button", name="Generate").click()
        await until(page, "__probe.marks.visible && __probe.marks.event")
        await page.wait_for_timeout(100)  # The browser tells of an input's presentation a moment later.
        noted = await probe(page)
        marks, clicked = noted["marks"], noted["clickedAt"]
        self.drawn.values.append(max(marks["drawn"], marks.get("presented", 0)) - clicked)
        self.visible.values.append(max(marks["visible"], marks.get("presented", 0)) - clicked)
        self.event.values.append(marks["event"] - clicked)


async def fill(page: Page) -> None:
    """The wizard, filled in, and a page that has come to rest, as it has before a person has read a question."""
    values = next(iter(EXAMPLES.values())).model_dump(mode="json")
    draft = json.dumps(json.dumps({"values": values, "page": 0, "at": 1}))
    await page.evaluate(f"localStorage.setItem('stepglass.draft.vision_framework', {draft})")
    await page.reload()
    await page.get_by_role("button", name="Generate").wait_for()
    await page.wait_for_load_state("networkidle")
    await page.evaluate("new Promise(requestIdleCallback)")


async def until_written(page: Page) -> None:
    await until(page, f"__probe.paragraphs().length >= {SOME_TEXT}", seconds=60)


async def expect_again(page: Page) -> str:
    """Keep what the modal shows now, as JSON: of each paragraph its beginning, since an end may yet become a list."""
    return await page.evaluate(
        "(() => { const begun = __probe.paragraphs().map((text) => text.slice(0, Math.ceil(text.length * 0.7)));"
        " const kept = JSON.stringify(begun); localStorage.setItem('bench.expected', kept); return kept; })()"
    )


async def again(page: Page, address: str | None) -> float:
    """Load the page, anew or at `address`; milliseconds until the text is there."""
    await (page.reload() if address is None else page.goto(address))
    try:
        await until(page, "__probe.marks.same", seconds=LOST)
    except TimeoutError:
        return LOST * 1000
    return float(await page.evaluate("__probe.marks.same"))
