"""Who leaves a run for good, and who only seems to: as a real browser tells a page of its end."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.viewer import Viewer
from tests.e2e.stack import until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

TOLD = "/abandoned"


async def away(site: Site) -> int:
    return (await site.get("/api/stats?days=1"))["abandoned"]


@asynccontextmanager
async def watching(site: Site, model: ScriptedModelServer, viewer: OpenViewer) -> AsyncGenerator[Viewer]:
    """Somebody before a run that goes on for as long as the story."""
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(20)))
    one = await viewer(site)
    await one.generates()
    await gate.reached.wait()
    yield one
    gate.open()


async def test_a_reload_and_another_page_of_ours_leave_nothing(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    async with watching(site, model, viewer) as one:
        before, run = await away(site), f"/runs/{one.run_id}"
        assert await told(one, one.page.reload) == (204, True)
        assert await away(site) == before
        assert await told(one, lambda: one.goes_to("/runs")) == (204, True)
        assert await away(site) == before
        await one.goes_to(run)
        await expect(one.modal).to_be_visible()


async def told(one: Viewer, go: Callable[[], Awaitable[object]]) -> tuple[int, bool]:
    """What is answered to the page that comes, and whether it says to be back, when one goes that shows the run."""
    await expect(one.step("Create one-pager")).to_have_attribute("data-status", "in_progress")
    async with one.page.expect_response(lambda answer: "back" in (answer.request.post_data or "")) as taken_back:
        await go()
    answer = await taken_back.value
    return answer.status, json.loads(answer.request.post_data or "{}")["back"]


async def test_who_puts_a_run_in_the_background_has_not_left_it(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    said: list[str] = []
    async with watching(site, model, viewer) as one:
        one.page.on("request", lambda request: said.append(request.url))
        await one.button("Run in the background").click()
        await expect(one.modal).to_have_count(0)
        await one.goes_to("/new")
        await expect(one.button("Load example")).to_be_visible()
    assert not [url for url in said if TOLD in url]


async def test_who_goes_elsewhere_has_left_until_they_are_back(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    async with watching(site, model, viewer) as one:
        before = await away(site)

        async def gone(number: int) -> bool:
            return await away(site) == before + number

        one.excuse("favicon")
        await one.goes_to("/docs")  # Where nothing of the page is, not even its icon.
        await until(lambda: gone(1), "who went elsewhere is counted")
        await one.page.go_back()
        await until(lambda: gone(0), "who is back is not")


async def test_who_closes_the_tab_has_left(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    async with watching(site, model, viewer) as one:
        before = await away(site)
        tab = await one.page.context.new_page()
        await tab.goto(one.page.url)
        await expect(tab.get_by_role("dialog")).to_be_visible()
        await tab.close(run_before_unload=True)

        async def gone() -> bool:
            return await away(site) == before + 1

        await until(gone, "who closed the tab is counted")
