"""Whatever a model writes is text. Nothing of it runs, nothing is fetched for it, and its links lead to pages only."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.browser import hostile
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site, build
from tests.browser.viewer import STEPS, Viewer
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import error

FOUND = """() => {
    const active = "script iframe object embed frame base meta link style form math template img video audio animate"
    const found = window.pwned === undefined ? [] : ["it ran"]
    for (const element of document.querySelectorAll("body *")) {
        if (active.split(" ").includes(element.localName)) found.push(element.outerHTML)
        for (const { name, value } of element.attributes) {
            if (/^on|^srcdoc$/i.test(name)) found.push(`${name}=${value}`)
            if (/^\\s*(javascript|data|vbscript)\\s*:/i.test(value)) found.push(`${name}=${value}`)
        }
        if (element.localName !== "a" || element.origin === location.origin) continue
        if (!/^(https?|mailto):$/.test(element.protocol)) found.push(element.outerHTML)
        if (!/noopener/.test(element.rel) || !/noreferrer/.test(element.rel)) found.push(element.outerHTML)
    }
    return found
}"""
WATCH = f"""setInterval(() => {{
    window.foundEver = [...(window.foundEver ?? []), ...({FOUND})()]
}}, 20)"""


async def harmless(one: Viewer) -> None:
    assert await one.page.evaluate(FOUND) == []


async def test_hostile_text_is_shown_as_text_everywhere(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    hostile.script(model)
    one = await viewer(site)
    await one.goes_to("/new")
    await one.loads_example()
    await one.page.get_by_label("Company name").fill(hostile.HTML[1])
    await one.page.evaluate(WATCH)
    await one.page.keyboard.press("Control+Enter")
    await expect(one.modal.get_by_role("heading", level=2, name=hostile.HTML[1])).to_be_visible()
    await expect(one.button("Open the result")).to_be_visible()
    for label in STEPS:
        await one.sees_text_of(label)
        await harmless(one)
    await expect(await one.sees_text_of("Create one-pager")).to_contain_text(hostile.HTML[1])
    await one.shot("1-modal")
    await one.button("Open the result").click()
    assert await one.page.evaluate("window.foundEver") == [], "at no moment"

    for name in ("Framework", "One-pager", "Brief", "QA", "Scores", "Timeline", "Events"):
        await one.tab(name).click()
        await expect(one.tab(name)).to_have_attribute("aria-selected", "true")
        await expect(one.panel).not_to_be_empty()
        reasons = one.panel.get_by_role("button", name="Why this score", expanded=False)
        while await reasons.count():
            await reasons.first.click()
        await one.shot(f"2-{name}")
        await harmless(one)
        if name in ("Framework", "One-pager", "Brief", "QA"):
            await expect(one.panel).to_contain_text(hostile.HTML[1])
    await one.page.emulate_media(media="print")
    await one.shot("3-print")
    await harmless(one)
    await one.page.emulate_media(media="screen")
    await one.goes_to("/runs")
    await expect(one.page.get_by_role("link", name=re.compile("img src=x|Vision Framework")).first).to_be_visible()
    await harmless(one)


async def test_what_a_failing_model_says_is_shown_as_text(site: Site, model: ScriptedModelServer, viewer: OpenViewer):
    model.answers("framework", error(400, " ".join(hostile.ATTACKS)))
    one = await viewer(site)
    await one.generates()
    await expect(one.modal.get_by_role("alert")).to_be_visible()
    await harmless(one)
    await one.page.reload()
    await expect(one.page.get_by_role("alert")).to_be_visible()
    await harmless(one)


@pytest.mark.parametrize(
    "attack",
    [
        "document.body.innerHTML += '<img src=/x.png onerror=window.pwned=1>'",
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.pwned = 1' }))",
        "document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/a.png' }))",
        "fetch('http://127.0.0.1:9/').catch(() => {})",
        "document.body.innerHTML += '<p style=color:red>inline</p>'",
    ],
    ids=["handler", "script", "image", "request", "style"],
)
async def test_the_policy_would_stop_what_got_through(demo: Site, viewer: OpenViewer, attack: str):
    """The second line: the page is made to do what the first one prevents."""
    one = await viewer(demo)
    one.excuse(r"violates the (following|document's) Content Security Policy")
    one.excuse(r"status of 404|net::ERR_|request to http://127\.0\.0\.1:9/")
    await one.goes_to("/new")
    await expect(one.button("Load example")).to_be_visible()
    async with one.page.expect_event("console", lambda said: "Content Security Policy" in said.text):
        await one.page.evaluate(f"() => {{ {attack} }}")
    assert await one.page.evaluate("window.pwned") is None


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's app that embeds the modal, built."""
    return build(tmp_path_factory.mktemp("host"), "--config", "tests/host/host.config.ts")


async def embedded(one: Viewer, host: Path, run: str) -> None:
    async def give(route: Route) -> None:
        await route.fulfill(path=host / route.request.url.split("?")[0].partition("/host/")[2])

    await one.page.route("**/host/**", give)
    await one.goes_to(f"/host/index.html?{run}")


async def goes_on(one: Viewer) -> None:
    """The app around the modal is still there and does what it did."""
    await one.modal.get_by_role("button", name="Close").first.click()
    await one.button("Pressed 0 times").click()
    await expect(one.button("Pressed 1 times")).to_be_visible()


async def test_m6_ten_thousand_quotes_in_a_modal_of_somebodys_app_are_text(demo: Site, viewer: OpenViewer, host: Path):
    one = await viewer(demo)
    await embedded(one, host, "deep")
    text = one.text_of("The brief")
    await expect(text).to_contain_text(">" * 5000)
    await expect(text).to_contain_text("the end")
    assert 10 < await text.locator("blockquote").count() < 100
    await one.shot("deep")
    await goes_on(one)


async def test_m6_a_run_that_cannot_be_shown_costs_somebodys_app_nothing(demo: Site, viewer: OpenViewer, host: Path):
    one = await viewer(demo)
    await embedded(one, host, "broken")
    await expect(one.modal.get_by_role("alert")).to_contain_text("This run cannot be shown")
    await one.shot("broken")
    await goes_on(one)
