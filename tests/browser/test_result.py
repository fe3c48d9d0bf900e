"""From an empty wizard to the result, with the demo model."""

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.viewer import SECTIONS, STEPS

WATCH = """() => {
    window.seen = new Set()
    new MutationObserver(() => {
        for (const row of document.querySelectorAll("dialog li[data-status]"))
            window.seen.add(`${row.querySelector("[class*=label]").textContent} ${row.dataset.status}`)
        for (const part of document.querySelectorAll("dialog [aria-label='Sections that hold'] li"))
            window.seen.add(part.textContent)
    }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-status"] })
}"""
"""Notes the states of steps and the sections as they are shown: a run is too quick to look at each in time."""


async def test_from_the_wizard_to_the_result(demo: Site, viewer: OpenViewer):
    one = await viewer(demo, patient=False)
    page = one.page
    await one.goes_to("/")
    await expect(page.get_by_role("heading", name="New Vision Framework")).to_be_visible()
    company = await one.loads_example()
    await expect(page.get_by_text("9 of 9 answered")).to_be_visible()
    await expect(page.get_by_text("Saved just now")).to_be_visible()
    await one.shot("1-wizard")

    await page.evaluate(WATCH)
    await page.keyboard.press("Control+Enter")
    await expect(one.modal).to_be_visible()
    await expect(one.modal.get_by_role("heading", level=2, name=company)).to_be_visible()
    for number, label in enumerate(STEPS):
        await expect(one.steps.nth(number)).to_contain_text(label)
    await expect(one.modal.get_by_text("Demo model")).to_be_visible()
    await one.shot("2-modal")
    for label in STEPS:
        await expect(one.step(label)).to_have_attribute("data-status", "complete")
    await expect(one.modal.get_by_role("heading", name="Your result is ready")).to_be_visible()
    await one.shot("3-complete")
    seen: list[str] = await page.evaluate("[...window.seen]")
    for label in ("Generate framework", "Create one-pager"):
        states = [state for state in seen if state.startswith(label)]
        assert states == [f"{label} {status}" for status in ("pending", "in_progress", "complete")]
    # The last ones may hold in the moment in which another step is shown.
    assert len(set(SECTIONS) & set(seen)) >= 3, "sections appear as they hold"

    await expect(one.modal).to_be_hidden()
    await expect(page).to_have_url(re.compile("/runs/"))
    await expect(page.get_by_role("heading", level=1, name=company)).to_be_visible()
    result = (await demo.get(f"/api/runs/{one.run_id}"))["result"]
    for name in SECTIONS:
        await expect(one.panel.get_by_role("heading", name=name, exact=True)).to_be_visible()
    await expect(one.panel).to_contain_text(result["framework"]["vision"])
