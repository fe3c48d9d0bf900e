"""Real Chromium, and what a page in it says of itself."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright

from scripts.programs import program as installed

PROBE = (Path(__file__).parent / "_probe.js").read_text(encoding="utf-8")
# Drawn by the processor, as on a machine without a screen: nobody has it slower. No calls home in between.
ARGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = ViewportSize(width=1280, height=800)


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """The Chromium that the tests drive."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=installed("chromium"), args=ARGS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def fresh_page(browser: Browser, kept: dict[str, str] | None = None) -> AsyncGenerator[Page]:
    """A page as somebody has it who was never here: nothing is cached, and only `kept` is in the local storage."""
    context = await browser.new_context(viewport=SIZE, reduced_motion="no-preference")
    try:
        await context.add_init_script(f"Object.assign(localStorage, {json.dumps(kept or {})});{PROBE}")
        page = await context.new_page()
        yield page
    finally:
        await context.close()


async def probe(page: Page) -> dict[str, Any]:
    """What was noted so far."""
    return await page.evaluate("JSON.parse(JSON.stringify(__probe))")


async def until(page: Page, condition: str, given: object = None, seconds: float = 30) -> None:
    """Wait for a JavaScript condition on `given`. Playwright's own waiting evaluates text, which the policy forbids."""
    async with asyncio.timeout(seconds):
        await page.evaluate(
            "(given) => new Promise((resolve) => {"
            f" const look = () => (({condition}) ? resolve() : setTimeout(look, 20)); look(); }})",
            given,
        )


class Heap:
    """How much JavaScript holds, in bytes, after everything was thrown away that can be."""

    def __init__(self, session: CDPSession) -> None:
        # Playwright's own type for it is open.
        self._send = cast(Callable[[str], Awaitable[dict[str, Any]]], session.send)

    @classmethod
    async def of(cls, page: Page) -> "Heap":
        heap = cls(await page.context.new_cdp_session(page))
        await heap._send("HeapProfiler.enable")
        return heap

    async def used(self) -> int:
        for _ in range(3):
            await self._send("HeapProfiler.collectGarbage")
        return int((await self._send("Runtime.getHeapUsage"))["usedSize"])
