"""From the wizard to the result without a mouse; and where the focus is, all the way."""

from playwright.async_api import Page, expect

from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

HAS_FOCUS = """() => {
    const { activeElement: at } = document
    const name = at.ariaLabel || at.labels?.[0]?.textContent || at.textContent.trim() || at.title
    const { outlineStyle, boxShadow } = getComputedStyle(at)
    const marked = outlineStyle !== "none" || boxShadow !== "none"
    return { name, inside: Boolean(at.closest("dialog")), marked, nowhere: at === document.body }
}"""
LONGEST_WAY = 60
"""More presses of Tab than there are stops on any page."""


async def tabs_to(page: Page, name: str, key: str = "Tab") -> None:
    """Presses Tab until something of this name has the focus. Nothing on the way may hide that it has it."""
    passed: list[str] = []
    for _ in range(LONGEST_WAY):
        await page.keyboard.press(key)
        at = await page.evaluate(HAS_FOCUS)
        assert at["marked"] or at["nowhere"], f"{at['name']} does not show that it has the focus"
        if at["name"].startswith(name):
            return
        passed.append(at["name"])
    raise AssertionError(f"Tab never came to {name!r}, but to {passed}")


async def test_the_whole_way_without_a_mouse(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(90)))
    one = await viewer(site)
    page, keyboard = one.page, one.page.keyboard
    await one.goes_to("/new")
    await expect(one.button("Load example")).to_be_visible()

    await tabs_to(page, "Skip to the content")
    await keyboard.press("Enter")
    await tabs_to(page, "Load example")
    await keyboard.press("Enter")
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await expect(one.button("Load example")).to_be_focused()
    await tabs_to(page, "Company name")
    company = await page.get_by_label("Company name").input_value()
    await keyboard.press("Alt+ArrowRight")
    await expect(page.get_by_label("What, for whom, and why now")).to_be_focused()
    await tabs_to(page, "Generate")
    await keyboard.press("Enter")

    heading = one.modal.get_by_role("heading", level=2, name=company)
    await expect(heading).to_be_focused()
    await gate.reached.wait()
    for key in ("Tab", "Shift+Tab"):
        stops = [await stop(page, key) for _ in range(25)]
        assert all(at["inside"] for at in stops), f"{key} leaves the modal: {stops}"
    await tabs_to(page, "Create one-pager")
    await keyboard.press("Space")
    await numbered.shows(one.text_of("Create one-pager"), 90)
    await tabs_to(page, "Options")
    await keyboard.press("Enter")
    await tabs_to(page, "Open the result when it is complete")
    await keyboard.press("Escape")
    await expect(one.button("Options")).to_be_focused()
    await tabs_to(page, "Cancel run")
    await keyboard.press("Enter")
    await expect(one.button("Keep it running")).to_be_focused()
    await keyboard.press("Enter")

    await keyboard.press("Escape")
    await expect(one.modal).to_have_count(0)
    assert not (await page.evaluate(HAS_FOCUS))["nowhere"], "whoever closes the modal is somewhere on the page"
    await tabs_to(page, company, "Shift+Tab")
    await keyboard.press("Enter")
    await expect(heading).to_be_focused()
    await keyboard.press("Escape")
    await expect(page.get_by_role("button", name="show its progress")).to_be_focused()
    await keyboard.press("Enter")
    gate.open()
    await expect(one.button("Open the result")).to_be_visible()
    await tabs_to(page, "Open the result")
    await keyboard.press("Enter")

    await expect(one.modal).to_have_count(0)
    await tabs_to(page, "Framework")
    for name in ("One-pager", "Brief", "QA", "Scores", "Timeline", "Events"):
        await keyboard.press("ArrowRight")
        await expect(one.tab(name)).to_be_focused()
        await expect(one.tab(name)).to_have_attribute("aria-selected", "true")
    await keyboard.press("Home")
    await tabs_to(page, "Why this score")
    await keyboard.press("Enter")
    await expect(one.panel).to_contain_text("It is short.")


async def stop(page: Page, key: str) -> dict[str, object]:
    await page.keyboard.press(key)
    return await page.evaluate(HAS_FOCUS)


async def test_a_list_of_shortcuts_gives_the_focus_back(demo: Site, viewer: OpenViewer):
    one = await viewer(demo)
    await one.goes_to("/new")
    await tabs_to(one.page, "Next")
    await one.page.keyboard.press("?")
    await expect(one.modal).to_be_visible()
    await one.page.keyboard.press("Escape")
    await expect(one.modal).to_have_count(0)
    await expect(one.button("Next")).to_be_focused()


async def test_tokens_are_never_read_out_and_steps_are(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(40)))
    one = await viewer(site)
    await one.page.add_init_script(LISTEN)
    await one.generates()
    await gate.reached.wait()
    await numbered.shows(await one.sees_text_of("Create one-pager"), 40)
    gate.open()
    await expect(one.button("Open the result")).to_be_visible()
    said = " ".join(await one.page.evaluate("window.said"))
    assert "Create one-pager: Complete" in said
    assert "Your result is ready" in said
    assert "w39" not in said


LISTEN = """window.said = []
new MutationObserver(changes => {
    for (const { target } of changes) {
        const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target
        const live = element?.closest?.("[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]")
        if (live) window.said.push(live.textContent)
    }
}).observe(document, { subtree: true, childList: true, characterData: true })"""
