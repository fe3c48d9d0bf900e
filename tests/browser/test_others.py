"""What others do meanwhile: who looks at a run, or at all of them, sees it without going anywhere."""

import json
import re

import httpx2
from playwright.async_api import expect

from events.store import open_store
from steps.vision_framework.examples import EXAMPLES
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.viewer import Viewer

NEW_VISION = "Every port plans its cranes a week ahead. Nobody loads by night."


async def finished(site: Site) -> tuple[str, str]:
    """A run that is complete, and its company."""
    brief = next(iter(EXAMPLES.values())).model_dump(mode="json")
    async with httpx2.AsyncClient(base_url=site.url, timeout=90) as client:
        body = {"pipeline": "vision_framework", "input": brief}
        run = (await client.post("/api/runs", json=body, headers={"Prefer": "wait=60"})).json()
    assert run["status"] == "complete", json.dumps(run)[:500]
    return run["run_id"], brief["company_name"]


async def edits_the_vision(one: Viewer, words: str) -> None:
    await one.button("Edit Vision").click()
    field = one.panel.get_by_role("form", name="Edit Vision").get_by_role("textbox")
    await field.fill(words)
    await one.page.keyboard.press("Control+Enter")
    await one.button("Leave it out").click()


async def test_what_is_edited_in_one_tab_is_in_the_other_and_on_another_device_within_seconds(
    demo: Site, viewer: OpenViewer
):
    run, _ = await finished(demo)
    mine = await viewer(demo)
    await mine.goes_to(f"/runs/{run}")
    await expect(mine.button("Edit Vision")).to_be_visible()
    other = await viewer(demo, beside=mine)
    elsewhere = await viewer(demo)
    for one in (other, elsewhere):
        await one.goes_to(f"/runs/{run}")
        await expect(one.button("Edit Vision")).to_be_visible()
    await edits_the_vision(mine, NEW_VISION)
    for one in (mine, other, elsewhere):
        await expect(one.panel).to_contain_text(NEW_VISION)
        await expect(one.page.get_by_text("Version 2", exact=True)).to_be_visible()
    await other.button("Undo").first.click()
    await expect(elsewhere.page.get_by_text("Version 3", exact=True)).to_be_visible()
    await expect(elsewhere.panel).not_to_contain_text(NEW_VISION)


async def test_a_run_that_is_removed_leaves_the_list_and_its_page_says_so(demo: Site, viewer: OpenViewer):
    run, company = await finished(demo)
    lister, reader = await viewer(demo), await viewer(demo)
    # What the browser says of a document that is not there any more.
    reader.excuse(rf"status of 404 .*/api/runs/{run}")
    await lister.goes_to("/runs")
    row = lister.page.get_by_role("row").filter(has=lister.page.locator(f"a[href='/runs/{run}']"))
    await expect(row).to_contain_text("Complete")
    await reader.goes_to(f"/runs/{run}")
    await expect(reader.button("Edit Vision")).to_be_visible()
    async with open_store(demo.stack.database_url) as store:
        swept = await store.retention.sweep(compact_after=3600, keep_days=-1)
    assert swept is not None and swept.forgotten > 0
    await expect(row).to_have_count(0)
    await expect(reader.page.get_by_text("This run was removed from the server.")).to_be_visible()
    await expect(reader.page.get_by_role("heading", level=1, name=company)).to_be_visible()
    await reader.page.reload()
    await expect(reader.page.get_by_text("There is no such run")).to_be_visible()


async def test_who_is_lost_is_told_and_led_on(demo: Site, viewer: OpenViewer):
    one = await viewer(demo)
    one.excuse(r"status of 404 .*/nothing-here")
    answer = await one.page.goto(f"{demo.url}/nothing-here")
    assert answer is not None and answer.status == 404
    await expect(one.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await one.page.get_by_role("link", name="All runs").click()
    await expect(one.page).to_have_url(re.compile("/runs$"))
    icon = await one.page.request.get(f"{demo.url}/favicon.ico")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/x-icon")


async def test_the_figures_are_those_of_the_api(demo: Site, viewer: OpenViewer):
    await finished(demo)
    one = await viewer(demo)
    await one.goes_to("/runs")
    await one.page.get_by_role("link", name="Figures").click()
    table = one.page.get_by_role("region", name="Steps")
    await expect(table).to_contain_text("Score sections")
    figures = await demo.get("/api/stats?days=7")
    total = one.page.locator("dt", has_text=re.compile("^Runs$")).locator("xpath=following-sibling::dd")
    await expect(total).to_have_text(f"{figures['runs']['total']:,}")
    await one.page.get_by_label("Period").select_option("30 days")
    await expect(one.page).to_have_url(re.compile(r"/stats\?days=30$"))
    await one.page.get_by_text("As a table").click()
    days = one.page.get_by_role("region", name="Usage by day").get_by_role("rowheader")
    await expect(days).to_have_count(30)
