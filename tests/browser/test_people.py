"""Every page and state as people meet it: on a screen and on a phone, light and dark, with what axe finds in them."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.viewer import STEPS, Viewer
from tests.e2e.stack import ROOT
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, error

SIZES: dict[str, Any] = {
    "screen": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] })
    const said = id => ({ html, any, all }) => [id, html, ...[...any, ...all].map(({ message }) => message)].join(" ")
    return violations.flatMap(({ id, nodes }) => nodes.map(said(id)))
}"""
# What moves towards its place is looked at when it is there; what moves for ever never is.
SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished))"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Tour:
    """Looks at each state that it comes to, and in the end says what was wrong with which."""

    one: Viewer
    seen: int = 0
    wrong: list[str] = field(default_factory=list[str])

    @property
    def report(self) -> str:
        return "\n".join(self.wrong)

    async def look(self, state: str) -> None:
        page = self.one.page
        await page.evaluate(SETTLED)
        self.seen += 1
        await self.one.shot(f"{self.seen:02}-{state}")
        if not await page.evaluate("'axe' in window"):
            # Not as an element: the page lets no script in.
            await page.evaluate(f"{AXE.read_text()};undefined")
        self.wrong += [f"{state}: {found}" for found in await page.evaluate(RULES)]
        if (pixels := await page.evaluate(TOO_WIDE)) > 0:
            self.wrong.append(f"{state}: {pixels} pixels wider than the window")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_page_and_state_is_for_everybody(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer, size: str, scheme: Literal["light", "dark"]
):
    one = await viewer(site, color_scheme=scheme, reduced_motion="reduce", **SIZES[size])
    tour = Tour(one)
    await wizard(tour)
    await modal(tour, model)
    await result(tour)
    await failure(tour, model)
    await others(tour)
    assert not tour.wrong, tour.report


async def wizard(tour: Tour) -> None:
    one, page = tour.one, tour.one.page
    await one.goes_to("/new")
    await expect(one.button("Load example")).to_be_visible()
    await tour.look("wizard")
    await page.keyboard.press("?")
    await expect(one.modal.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    await tour.look("shortcuts")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Please answer this.").first).to_be_visible()
    await tour.look("wizard-errors")
    await one.button("Load example").click()
    await expect(page.get_by_role("menuitem").first).to_be_visible()
    await tour.look("examples")
    await page.keyboard.press("Escape")
    await one.loads_example()
    await page.keyboard.press("Alt+ArrowRight")
    await expect(page.get_by_text("Question 1 of 8")).to_be_visible()
    await tour.look("question")


async def modal(tour: Tour, model: ScriptedModelServer) -> None:
    one, page = tour.one, tour.one.page
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(90)))
    await page.keyboard.press("Control+Enter")
    await gate.reached.wait()
    await expect(one.step("Score sections")).to_have_attribute("data-status", "complete")
    await tour.look("modal")
    await one.button("Options").click()
    await tour.look("options")
    await page.keyboard.press("Escape")
    await one.button("Cancel run").click()
    await tour.look("cancel")
    await one.button("Keep it running").click()
    await one.button("Run in the background").click()
    await expect(page.get_by_role("tablist")).to_be_visible()
    await tour.look("background")
    await page.get_by_role("button", name="show its progress").click()
    gate.open()
    await expect(one.button("Open the result")).to_be_visible()
    await tour.look("modal-complete")
    for label in STEPS:
        await one.sees_text_of(label)
    await tour.look("modal-step")
    await one.button("Open the result").click()


async def result(tour: Tour) -> None:
    one, page = tour.one, tour.one.page
    for name in ("One-pager", "Brief", "QA", "Scores", "Timeline", "Events", "Framework"):
        await one.tab(name).click()
        await expect(one.tab(name)).to_have_attribute("aria-selected", "true")
        await expect(one.panel).not_to_be_empty()
        await tour.look(f"result-{name}")
    await one.panel.get_by_role("button", name="Why this score").first.click()
    await tour.look("result-reasons")
    await one.button("Export").click()
    await tour.look("result-export")
    await page.keyboard.press("Escape")


async def failure(tour: Tour, model: ScriptedModelServer) -> None:
    one = tour.one
    model.answers("framework", error(400, "The prompt is too long", code="context_length_exceeded"))
    await one.goes_to("/new")
    await expect(one.page.get_by_text("9 of 9 answered")).to_be_visible()
    await one.page.keyboard.press("Control+Enter")
    await expect(one.modal.get_by_role("alert")).to_be_visible()
    await tour.look("modal-failed")
    await one.page.keyboard.press("Escape")
    await expect(one.page.get_by_role("alert")).to_be_visible()
    await tour.look("run-failed")


async def others(tour: Tour) -> None:
    one, page = tour.one, tour.one.page
    await one.goes_to("/runs")
    boxes = page.get_by_role("checkbox")
    await expect(boxes.nth(1)).to_be_visible()
    await tour.look("runs")
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await one.button("Compare").or_(page.get_by_role("link", name="Compare")).first.click()
    await expect(page.get_by_role("heading", name="Compare two runs")).to_be_visible()
    await tour.look("compare")
    one.excuse(r"status of 404 \(Not Found\) .*/api/runs/0{8}-")
    await one.goes_to("/runs/00000000-0000-7000-8000-000000000000")
    await expect(page.get_by_text("There is no such run")).to_be_visible()
    await tour.look("gone")
    await one.goes_to("/stats")
    await expect(page.get_by_role("heading", name="What failed")).to_be_visible()
    await page.get_by_text("As a table").click()
    await tour.look("figures")
    one.excuse(r"status of 404 \(Not Found\) .*/nothing-here")
    await one.goes_to("/nothing-here")
    await expect(page.get_by_text("There is no such page")).to_be_visible()
    await tour.look("lost")


async def test_where_tokens_are_set_the_page_asks_for_one_and_keeps_it_for_the_tab(demo: Site, viewer: OpenViewer):
    guarded = await demo.another_api(STEPGLASS_API_TOKENS="acme:the-token-of-acme")
    one = await viewer(guarded, reduced_motion="reduce")
    one.excuse(r"status of 401")
    tour = Tour(one)
    await one.goes_to("/new")
    token = one.modal.get_by_label("Token", exact=True)
    await expect(token).to_be_focused()
    await tour.look("token")
    await token.fill("wrong")
    await one.page.keyboard.press("Enter")
    await expect(one.modal).to_contain_text("The server does not know that token.")
    await tour.look("token-again")
    await token.fill("the-token-of-acme")
    await one.page.keyboard.press("Enter")
    await expect(one.button("Load example")).to_be_visible()
    await one.page.reload()
    await expect(one.button("Load example")).to_be_visible()
    assert not tour.wrong, tour.report
    other = await viewer(guarded, beside=one)
    other.excuse(r"status of 401")
    await other.goes_to("/runs")
    await expect(other.modal.get_by_label("Token", exact=True)).to_be_visible()
    assert not re.search("the-token-of-acme", str(await one.page.context.storage_state()))


async def test_who_wants_less_motion_gets_none_that_goes_on(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    endless = "document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime === Infinity).length"
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(90)))
    one = await viewer(site)
    await one.generates()
    await numbered.shows(await one.sees_text_of("Create one-pager"), 90)
    assert await one.page.evaluate(endless) > 0, "there is something that turns"
    await one.page.emulate_media(reduced_motion="reduce")
    assert await one.page.evaluate(endless) == 0
    gate.open()
    await expect(one.button("Open the result")).to_be_visible()
