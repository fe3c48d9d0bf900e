"""What a page's tasks cost the processor, which is the same however much else the machine has to do."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

from playwright.async_api import Browser

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


class Tasks:
    """A trace of the browser between `begin` and `end`."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._complete = asyncio.Event()
        self._send: Callable[..., Awaitable[object]]

    async def begin(self, browser: Browser) -> None:
        session = await browser.new_browser_cdp_session()
        self._send = cast(Callable[..., Awaitable[object]], session.send)
        # Playwright's own types for both are open.
        on = cast(Callable[[str, Callable[[dict[str, Any]], None]], None], session.on)
        on("Tracing.dataCollected", lambda got: self._events.extend(got["value"]))
        on("Tracing.tracingComplete", lambda _: self._complete.set())
        config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
        await self._send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})

    async def end(self) -> list[float]:
        """Milliseconds of processor time of every task on the thread that ran the page's code."""
        await self._send("Tracing.end")
        await self._complete.wait()
        busiest = Counter(event["tid"] for event in self._events if event["name"] == "FunctionCall").most_common(1)
        tasks = [event for event in self._events if event["name"] == "RunTask" and event["tid"] == busiest[0][0]]
        return [event.get("tdur", 0) / 1000 for event in tasks]
